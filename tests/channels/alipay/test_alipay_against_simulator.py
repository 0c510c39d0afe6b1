"""The channel against the simulator, two independent readings of the same documentation, over real HTTP."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import web
from tests.channels.alipay.sandbox import Listener, Sandbox, simulating

from feiqian.channels import (
    Alipay,
    AlreadyPaid,
    AwaitBuyer,
    BillDamaged,
    BillFault,
    BillKind,
    BillMissing,
    ChannelError,
    ChannelFailed,
    ChannelPaymentState,
    ChannelRefundState,
    ChannelTransferState,
    ChannelUnknown,
    NoticeFault,
    NoticeRefused,
    OrderKey,
    Payee,
    PayeeKind,
    PaymentMethod,
    Receiver,
    ReceiverKind,
    Redirect,
    RefundKey,
    SplitKey,
    SplitPart,
    SplitPartState,
    SplitRequest,
    TransferKey,
    TransferRequest,
    alipay_config_from_sandbox,
)
from feiqian.infra.http import HttpClient

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    with simulating(tmp_path_factory.mktemp("alipay")) as started:
        yield started


@pytest.fixture
async def sandbox(simulator: tuple[str, Path]) -> AsyncIterator[Sandbox]:
    address, credentials = simulator
    listener = Listener()
    application = web.Application()
    application.router.add_post("/callbacks/alipay", listener.take)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    listener.notify_url = f"http://127.0.0.1:{runner.addresses[0][1]}/callbacks/alipay"
    try:
        async with HttpClient() as http:
            config = alipay_config_from_sandbox(credentials, address, certificate_mode=True)
            channel = Alipay(config=config, http=http, timeout_s=2)
            opened = Sandbox(address=address, channel=channel, http=http, listener=listener)
            await opened.behave_well()
            await opened.set_clock(opened.now)
            yield opened
            await opened.behave_well()
    finally:
        await runner.cleanup()


class TestAPayment:
    async def test_by_code_is_placed_paid_reported_and_found(self, sandbox: Sandbox) -> None:
        channel, now = sandbox.channel, sandbox.now
        before = await channel.query(sandbox.key("P1"), now=now)
        assert before.state is ChannelPaymentState.UNKNOWN_TO_CHANNEL
        await sandbox.pay("P1")
        (body,) = await sandbox.listener.received(1)
        (told,) = channel.read_notice(headers={}, body=body, now=now).payments
        found = await channel.query(sandbox.key("P1"), now=now)
        assert (found.state, found.amount, found.paid_at) == (ChannelPaymentState.PAID, 10_000, now)
        for field in ("out_trade_no", "state", "transaction_no", "amount", "currency", "paid_at", "payer"):
            assert getattr(told, field) == getattr(found, field), field
        assert (told.mchid, told.appid) == (channel.identity.mchid, channel.identity.appid)

    @pytest.mark.parametrize("method", [PaymentMethod.ALIPAY_PAGE, PaymentMethod.ALIPAY_WAP])
    async def test_by_browser_exists_once_the_buyer_has_come(
        self, sandbox: Sandbox, method: PaymentMethod
    ) -> None:
        number = f"B_{method.value}"
        step = (await sandbox.channel.prepay(sandbox.order(number, method), now=sandbox.now)).next_step
        assert isinstance(step, Redirect)
        before = await sandbox.channel.query(sandbox.key(number, method), now=sandbox.now)
        assert before.state is ChannelPaymentState.UNKNOWN_TO_CHANNEL
        path = step.url.partition("/gateway.do")[2]
        status, _ = await sandbox.request("GET", f"/gateway.do{path}")
        assert status in (200, 302)
        await sandbox.post("/sandbox/pay", {"out_trade_no": number})
        after = await sandbox.channel.query(sandbox.key(number, method), now=sandbox.now)
        assert (after.state, after.amount) == (ChannelPaymentState.PAID, 10_000)

    async def test_cannot_be_closed_any_more(self, sandbox: Sandbox) -> None:
        order = await sandbox.pay("C1")
        with pytest.raises(ChannelFailed) as failed:
            await sandbox.channel.close(order, now=sandbox.now)
        assert failed.value.code == "channel_order_paid"

    async def test_that_the_buyer_has_not_begun_cannot_be_closed(self, sandbox: Sandbox) -> None:
        await sandbox.channel.prepay(sandbox.order("C2"), now=sandbox.now)
        with pytest.raises(ChannelFailed) as failed:
            await sandbox.channel.close(sandbox.key("C2"), now=sandbox.now)
        assert failed.value.code == "channel_order_unknown"

    async def test_begun_and_closed_stays_closed(self, sandbox: Sandbox) -> None:
        method = PaymentMethod.ALIPAY_PAGE
        step = (await sandbox.channel.prepay(sandbox.order("C3", method), now=sandbox.now)).next_step
        assert isinstance(step, Redirect)
        await sandbox.request("GET", "/gateway.do" + step.url.partition("/gateway.do")[2])
        await sandbox.post("/sandbox/scan", {"out_trade_no": "C3"})
        key = sandbox.key("C3", method)
        assert (await sandbox.channel.query(key, now=sandbox.now)).state is ChannelPaymentState.NOT_PAID
        for _ in range(2):
            await sandbox.channel.close(key, now=sandbox.now)
        assert (await sandbox.channel.query(key, now=sandbox.now)).state is ChannelPaymentState.CLOSED

    async def test_of_another_amount_is_refused_under_the_same_number(self, sandbox: Sandbox) -> None:
        await sandbox.pay("C4")
        with pytest.raises(ChannelFailed):
            await sandbox.channel.prepay(sandbox.order("C4", amount=9_999), now=sandbox.now)
        assert (await sandbox.channel.query(sandbox.key("C4"), now=sandbox.now)).amount == 10_000

    async def test_after_its_time_is_not_taken(self, sandbox: Sandbox) -> None:
        await sandbox.channel.prepay(sandbox.order("C5"), now=sandbox.now)
        await sandbox.set_clock(sandbox.now + timedelta(hours=3))
        status, _ = await sandbox.request("POST", "/sandbox/pay", {"out_trade_no": "C5"})
        assert status == 400
        payment = await sandbox.channel.query(sandbox.key("C5"), now=sandbox.now)
        assert payment.state in (ChannelPaymentState.CLOSED, ChannelPaymentState.UNKNOWN_TO_CHANNEL)


class TestABuyersCode:
    METHOD = PaymentMethod.ALIPAY_BARCODE

    async def test_pays_at_once(self, sandbox: Sandbox) -> None:
        prepaid = await sandbox.channel.prepay(sandbox.order("Q1", self.METHOD), now=sandbox.now)
        assert isinstance(prepaid.next_step, AlreadyPaid)
        assert prepaid.next_step.payment.amount == 10_000

    async def test_may_wait_for_the_password(self, sandbox: Sandbox) -> None:
        await sandbox.behave(barcode="waiting")
        prepaid = await sandbox.channel.prepay(sandbox.order("Q2", self.METHOD), now=sandbox.now)
        assert prepaid.next_step == AwaitBuyer()
        key = sandbox.key("Q2", self.METHOD)
        assert (await sandbox.channel.query(key, now=sandbox.now)).state is ChannelPaymentState.NOT_PAID
        await sandbox.post("/sandbox/pay", {"out_trade_no": "Q2"})
        assert (await sandbox.channel.query(key, now=sandbox.now)).state is ChannelPaymentState.PAID

    async def test_that_waits_too_long_is_cancelled(self, sandbox: Sandbox) -> None:
        await sandbox.behave(barcode="waiting")
        await sandbox.channel.prepay(sandbox.order("Q3", self.METHOD), now=sandbox.now)
        await sandbox.channel.close(sandbox.key("Q3", self.METHOD), now=sandbox.now)
        payment = await sandbox.channel.query(sandbox.key("Q3", self.METHOD), now=sandbox.now)
        assert payment.state is ChannelPaymentState.CLOSED

    @pytest.mark.parametrize("behaviour", ["unknown", "system_error_after", "timeout_after_success"])
    async def test_of_unknown_outcome_gives_the_money_back_when_cancelled(
        self, sandbox: Sandbox, behaviour: str
    ) -> None:
        number = f"Q_{behaviour}"
        await sandbox.behave(barcode=behaviour)
        with pytest.raises(ChannelUnknown):
            await sandbox.channel.prepay(sandbox.order(number, self.METHOD), now=sandbox.now)
        await sandbox.behave_well()
        key = sandbox.key(number, self.METHOD)
        await sandbox.channel.close(key, now=sandbox.now)
        payment = await sandbox.channel.query(key, now=sandbox.now)
        assert payment.state in (
            ChannelPaymentState.CLOSED,
            ChannelPaymentState.REFUNDED,
            ChannelPaymentState.UNKNOWN_TO_CHANNEL,
        )

    async def test_refused_is_refused_for_certain(self, sandbox: Sandbox) -> None:
        await sandbox.behave(barcode="refused")
        with pytest.raises(ChannelFailed):
            await sandbox.channel.prepay(sandbox.order("Q5", self.METHOD), now=sandbox.now)


class TestANotification:
    async def test_comes_twice_with_the_same_content(self, sandbox: Sandbox) -> None:
        await sandbox.behave(callback="duplicated")
        await sandbox.pay("N1")
        read = [
            sandbox.channel.read_notice(headers={}, body=body, now=sandbox.now)
            for body in await sandbox.listener.received(2)
        ]
        assert read[0].payments == read[1].payments

    async def test_with_a_wrong_amount_is_passed_on_as_it_is(self, sandbox: Sandbox) -> None:
        await sandbox.behave(callback="wrong_amount")
        await sandbox.pay("N2")
        body = (await sandbox.listener.received(1))[0]
        (payment,) = sandbox.channel.read_notice(headers={}, body=body, now=sandbox.now).payments
        assert payment.amount != 10_000
        assert (await sandbox.channel.query(sandbox.key("N2"), now=sandbox.now)).amount == 10_000

    @pytest.mark.parametrize(
        ("behaviour", "reason"),
        [
            ("wrong_app", NoticeFault.MERCHANT_WRONG),
            ("wrong_seller", NoticeFault.MERCHANT_WRONG),
            ("tampered", NoticeFault.SIGNATURE_WRONG),
        ],
    )
    async def test_that_is_not_right_is_refused(
        self, sandbox: Sandbox, behaviour: str, reason: NoticeFault
    ) -> None:
        await sandbox.behave(callback=behaviour)
        await sandbox.pay(f"N_{behaviour}")
        body = (await sandbox.listener.received(1))[0]
        with pytest.raises(NoticeRefused) as refusal:
            sandbox.channel.read_notice(headers={}, body=body, now=sandbox.now)
        assert refusal.value.reason is reason

    @pytest.mark.parametrize("behaviour", ["lost", "late", "reordered"])
    async def test_is_not_needed(self, sandbox: Sandbox, behaviour: str) -> None:
        await sandbox.behave(callback=behaviour)
        order = await sandbox.pay(f"N_{behaviour}")
        assert (await sandbox.channel.query(order, now=sandbox.now)).state is ChannelPaymentState.PAID


class TestARefund:
    def key(self, order: OrderKey, number: str) -> RefundKey:
        return RefundKey(order=order, out_refund_no=number, requested_at=order.placed_at)

    async def test_is_made_and_found_and_not_made_twice(self, sandbox: Sandbox) -> None:
        order = await sandbox.pay("R1")
        request = sandbox.refund_of(order, "R1a", 3_334)
        made = await sandbox.channel.refund(request, now=sandbox.now)
        assert (made.state, made.amount) == (ChannelRefundState.SUCCEEDED, 3_334)
        again = await sandbox.channel.refund(request, now=sandbox.now)
        assert again.state is ChannelRefundState.PROCESSING
        found = await sandbox.channel.query_refund(self.key(order, "R1a"), now=sandbox.now)
        assert found == made
        rest = await sandbox.channel.refund(sandbox.refund_of(order, "R1b", 6_666), now=sandbox.now)
        assert rest.amount == 6_666
        payment = await sandbox.channel.query(order, now=sandbox.now)
        assert payment.state is ChannelPaymentState.REFUNDED

    async def test_never_exceeds_what_is_left(self, sandbox: Sandbox) -> None:
        order = await sandbox.pay("R2")
        await sandbox.channel.refund(sandbox.refund_of(order, "R2a", 9_999), now=sandbox.now)
        with pytest.raises(ChannelFailed):
            await sandbox.channel.refund(sandbox.refund_of(order, "R2b", 2), now=sandbox.now)
        refund = await sandbox.channel.query_refund(self.key(order, "R2b"), now=sandbox.now)
        assert refund.state is ChannelRefundState.UNKNOWN_TO_CHANNEL

    async def test_with_another_amount_under_its_number_is_refused(self, sandbox: Sandbox) -> None:
        order = await sandbox.pay("R3")
        await sandbox.channel.refund(sandbox.refund_of(order, "R3a", 100), now=sandbox.now)
        with pytest.raises(ChannelFailed) as failed:
            await sandbox.channel.refund(sandbox.refund_of(order, "R3a", 200), now=sandbox.now)
        assert failed.value.code == "channel_number_used"

    @pytest.mark.parametrize("behaviour", ["timeout_after_success", "system_error_after"])
    async def test_of_unknown_outcome_is_found(self, sandbox: Sandbox, behaviour: str) -> None:
        order = await sandbox.pay(f"R_{behaviour}")
        await sandbox.behave(refund=behaviour)
        with pytest.raises(ChannelUnknown):
            await sandbox.channel.refund(sandbox.refund_of(order, "Rx", 100), now=sandbox.now)
        await sandbox.behave_well()
        found = await sandbox.channel.query_refund(self.key(order, "Rx"), now=sandbox.now)
        assert (found.state, found.amount) == (ChannelRefundState.SUCCEEDED, 100)

    async def test_short_of_funds_can_be_repeated(self, sandbox: Sandbox) -> None:
        order = await sandbox.pay("R6")
        await sandbox.behave(refund="short_of_funds")
        with pytest.raises(ChannelFailed) as failed:
            await sandbox.channel.refund(sandbox.refund_of(order, "R6a", 100), now=sandbox.now)
        assert (failed.value.code, failed.value.retryable) == ("channel_balance_insufficient", True)
        await sandbox.behave_well()
        made = await sandbox.channel.refund(sandbox.refund_of(order, "R6a", 100), now=sandbox.now)
        assert made.state is ChannelRefundState.SUCCEEDED

    async def test_under_way_is_not_called_done(self, sandbox: Sandbox) -> None:
        order = await sandbox.pay("R7")
        await sandbox.behave(refund="processing")
        made = await sandbox.channel.refund(sandbox.refund_of(order, "R7a", 100), now=sandbox.now)
        assert made.state is ChannelRefundState.PROCESSING


class TestATransfer:
    def request(self, sandbox: Sandbox, number: str, kind: PayeeKind = PayeeKind.ALIPAY) -> TransferRequest:
        account = "2088722003899169" if kind is PayeeKind.ALIPAY else "6222020000000000"
        return TransferRequest(
            out_transfer_no=number,
            payee=Payee(kind=kind, account_no=account, name="张三"),
            amount=1_234,
            currency="CNY",
            memo="货款",
            requested_at=sandbox.now,
        )

    def key(self, sandbox: Sandbox, number: str) -> TransferKey:
        return TransferKey(out_transfer_no=number, requested_at=sandbox.now)

    @pytest.mark.parametrize("kind", [PayeeKind.ALIPAY, PayeeKind.PERSON_BANK])
    async def test_is_made_and_found(self, sandbox: Sandbox, kind: PayeeKind) -> None:
        number = f"T_{kind.value}"
        made = await sandbox.channel.transfer(self.request(sandbox, number, kind), now=sandbox.now)
        assert made.state in (ChannelTransferState.SUCCEEDED, ChannelTransferState.PROCESSING)
        found = await sandbox.channel.query_transfer(self.key(sandbox, number), now=sandbox.now)
        assert (found.amount, found.channel_no) == (1_234, made.channel_no)

    async def test_never_accepted_is_unknown(self, sandbox: Sandbox) -> None:
        found = await sandbox.channel.query_transfer(self.key(sandbox, "T0"), now=sandbox.now)
        assert found.state is ChannelTransferState.UNKNOWN_TO_CHANNEL

    async def test_changed_under_its_number_is_refused(self, sandbox: Sandbox) -> None:
        await sandbox.channel.transfer(self.request(sandbox, "T2"), now=sandbox.now)
        other = self.request(sandbox, "T2", PayeeKind.PERSON_BANK)
        with pytest.raises(ChannelFailed):
            await sandbox.channel.transfer(other, now=sandbox.now)

    @pytest.mark.parametrize(
        ("behaviour", "code"),
        [("payee_not_exist", "channel_payee_refused"), ("name_differs", "channel_payee_refused")],
    )
    async def test_to_the_wrong_payee_is_refused(self, sandbox: Sandbox, behaviour: str, code: str) -> None:
        await sandbox.behave(transfer=behaviour)
        with pytest.raises(ChannelFailed) as failed:
            await sandbox.channel.transfer(self.request(sandbox, f"T_{behaviour}"), now=sandbox.now)
        assert failed.value.code == code

    @pytest.mark.parametrize(
        ("behaviour", "state"),
        [
            ("processing", ChannelTransferState.PROCESSING),
            ("fails", ChannelTransferState.FAILED),
            ("returned", ChannelTransferState.RETURNED),
        ],
    )
    async def test_ends_as_the_query_says(
        self, sandbox: Sandbox, behaviour: str, state: ChannelTransferState
    ) -> None:
        number = f"T_{behaviour}"
        await sandbox.behave(transfer=behaviour)
        await sandbox.channel.transfer(self.request(sandbox, number, PayeeKind.PERSON_BANK), now=sandbox.now)
        found = await sandbox.channel.query_transfer(self.key(sandbox, number), now=sandbox.now)
        if found.state is not state:
            await sandbox.set_clock(sandbox.now + timedelta(days=1))
            found = await sandbox.channel.query_transfer(self.key(sandbox, number), now=sandbox.now)
        assert found.state is state

    @pytest.mark.parametrize("behaviour", ["timeout_after_success", "system_error_after"])
    async def test_of_unknown_outcome_is_found(self, sandbox: Sandbox, behaviour: str) -> None:
        number = f"T_{behaviour}"
        await sandbox.behave(transfer=behaviour)
        with pytest.raises(ChannelUnknown):
            await sandbox.channel.transfer(self.request(sandbox, number), now=sandbox.now)
        await sandbox.behave_well()
        found = await sandbox.channel.query_transfer(self.key(sandbox, number), now=sandbox.now)
        assert found.state is ChannelTransferState.SUCCEEDED


class TestASplit:
    RECEIVER = "2088722003899169"

    async def paid(self, sandbox: Sandbox, number: str) -> OrderKey:
        receiver = Receiver(
            kind=ReceiverKind.MERCHANT, account_no=self.RECEIVER, name="供应商", relation="SUPPLIER"
        )
        for _ in range(2):
            await sandbox.channel.add_receiver(receiver, now=sandbox.now)
        return await sandbox.pay(number, shared=True)

    def request(self, order: OrderKey, number: str, amount: int = 1_000) -> SplitRequest:
        part = SplitPart(
            kind=ReceiverKind.MERCHANT, account_no=self.RECEIVER, amount=amount, description="供货"
        )
        return SplitRequest(
            order=order, out_split_no=number, parts=(part,), finish=True, requested_at=order.placed_at
        )

    def key(self, order: OrderKey, number: str) -> SplitKey:
        return SplitKey(order=order, out_split_no=number, requested_at=order.placed_at)

    async def test_is_accepted_and_found(self, sandbox: Sandbox) -> None:
        order = await self.paid(sandbox, "S1")
        before = await sandbox.channel.query_split(self.key(order, "S1a"), now=sandbox.now)
        assert not before.known
        assert (await sandbox.channel.split(self.request(order, "S1a"), now=sandbox.now)).known
        found = await sandbox.channel.query_split(self.key(order, "S1a"), now=sandbox.now)
        assert found.finished
        assert [(part.account_no, part.amount, part.state) for part in found.parts] == [
            (self.RECEIVER, 1_000, SplitPartState.SUCCEEDED)
        ]

    async def test_never_exceeds_the_order(self, sandbox: Sandbox) -> None:
        order = await self.paid(sandbox, "S2")
        with pytest.raises(ChannelFailed):
            await sandbox.channel.split(self.request(order, "S2a", 10_001), now=sandbox.now)

    @pytest.mark.parametrize(
        ("behaviour", "finished", "state"),
        [("processing", False, SplitPartState.PENDING), ("part_fails", True, SplitPartState.FAILED)],
    )
    async def test_may_not_end_well(
        self, sandbox: Sandbox, behaviour: str, finished: bool, state: SplitPartState
    ) -> None:
        order = await self.paid(sandbox, f"S_{behaviour}")
        await sandbox.behave(settle=behaviour)
        number = f"S_{behaviour}_a"
        await sandbox.channel.split(self.request(order, number), now=sandbox.now)
        found = await sandbox.channel.query_split(self.key(order, number), now=sandbox.now)
        assert (found.finished, found.parts[0].state) == (finished, state)

    @pytest.mark.parametrize("behaviour", ["timeout_after_success", "system_error_after"])
    async def test_of_unknown_outcome_is_found(self, sandbox: Sandbox, behaviour: str) -> None:
        order = await self.paid(sandbox, f"S_{behaviour}")
        await sandbox.behave(settle=behaviour)
        number = f"S_{behaviour}_a"
        with pytest.raises(ChannelUnknown):
            await sandbox.channel.split(self.request(order, number), now=sandbox.now)
        await sandbox.behave_well()
        assert (await sandbox.channel.query_split(self.key(order, number), now=sandbox.now)).known


class TestTheBill:
    async def test_lists_what_moved(self, sandbox: Sandbox) -> None:
        order = await sandbox.pay("L1")
        await sandbox.pay("L2", 1)
        await sandbox.channel.prepay(sandbox.order("L3"), now=sandbox.now)
        await sandbox.channel.refund(sandbox.refund_of(order, "L1a", 3_334), now=sandbox.now)
        day = await sandbox.next_morning()
        bill = await sandbox.channel.download_bill(day, now=sandbox.now)
        assert {(line.kind, line.out_no, line.amount) for line in bill.lines} == {
            (BillKind.PAYMENT, "L1", 10_000),
            (BillKind.PAYMENT, "L2", 1),
            (BillKind.REFUND, "L1a", 3_334),
        }
        assert (bill.summary.payment_amount, bill.summary.refund_amount) == (10_001, 3_334)
        fees = {line.out_no: line.fee for line in bill.lines}
        assert fees["L1"] > 0 >= fees["L1a"]

    async def test_may_come_by_an_address_that_has_expired(self, sandbox: Sandbox) -> None:
        await sandbox.pay("L4")
        day = await sandbox.next_morning()
        await sandbox.post("/sandbox/behaviour", {"bill": "expired", "only_next": 1})
        assert len((await sandbox.channel.download_bill(day, now=sandbox.now)).lines) == 1

    async def test_whose_addresses_all_expire_is_not_had(self, sandbox: Sandbox) -> None:
        await sandbox.pay("L5")
        day = await sandbox.next_morning()
        await sandbox.behave(bill="expired")
        with pytest.raises(ChannelError):
            await sandbox.channel.download_bill(day, now=sandbox.now)

    @pytest.mark.parametrize("behaviour", ["missing", "not_ready"])
    async def test_may_come_later(self, sandbox: Sandbox, behaviour: str) -> None:
        await sandbox.pay(f"L_{behaviour}")
        day = await sandbox.next_morning()
        await sandbox.behave(bill=behaviour)
        with pytest.raises(BillMissing):
            await sandbox.channel.download_bill(day, now=sandbox.now)
        await sandbox.behave_well()
        assert len((await sandbox.channel.download_bill(day, now=sandbox.now)).lines) == 1

    @pytest.mark.parametrize(
        ("behaviour", "faults"),
        [
            ("bad_zip", {BillFault.HASH_DIFFERS}),
            ("truncated", set(BillFault)),
            ("other_day", {BillFault.OTHER_DAY}),
        ],
    )
    async def test_is_refused_when_damaged(
        self, sandbox: Sandbox, behaviour: str, faults: set[BillFault]
    ) -> None:
        for number in range(3):
            await sandbox.pay(f"L_{behaviour}_{number}")
        day = await sandbox.next_morning()
        await sandbox.behave(bill=behaviour)
        with pytest.raises(BillDamaged) as damaged:
            await sandbox.channel.download_bill(day, now=sandbox.now)
        assert damaged.value.fault in faults, damaged.value

    @pytest.mark.parametrize(("behaviour", "lines"), [("extra_line", 3), ("amount_differs", 2)])
    async def test_may_honestly_disagree_with_us(self, sandbox: Sandbox, behaviour: str, lines: int) -> None:
        for number in range(2):
            await sandbox.pay(f"L_{behaviour}_{number}")
        day = await sandbox.next_morning()
        await sandbox.behave(bill=behaviour)
        bill = await sandbox.channel.download_bill(day, now=sandbox.now)
        assert len(bill.lines) == lines
        assert [line.amount for line in bill.lines] != [10_000, 10_000]


class TestWhatCannotBeTrusted:
    @pytest.mark.parametrize(
        ("switch", "behaviour", "code"),
        [
            ("answer", "lost", "channel_unanswered"),
            ("answer", "garbage", "channel_unreadable"),
            ("answer", "huge", "channel_unanswered"),
            ("answer", "empty", "channel_unreadable"),
            ("answer", "slow", "channel_unanswered"),
            ("answer", "error", "channel_"),
            ("signature", "tampered", "channel_untrusted"),
            ("signature", "missing", "channel_untrusted"),
            ("place", "system_error", "channel_busy"),
            ("place", "system_error_after", "channel_busy"),
            ("place", "timeout_after_success", "channel_unanswered"),
        ],
    )
    async def test_is_unknown(self, sandbox: Sandbox, switch: str, behaviour: str, code: str) -> None:
        await sandbox.behave(**{switch: behaviour})
        with pytest.raises(ChannelUnknown) as unknown:
            await sandbox.channel.prepay(sandbox.order(f"U_{switch}_{behaviour}"), now=sandbox.now)
        assert unknown.value.code.startswith(code)
        assert unknown.value.query_first

    @pytest.mark.parametrize(
        "behaviour", ["error", "system_error", "system_error_after", "timeout_after_success"]
    )
    async def test_about_an_order_is_asked_again(self, sandbox: Sandbox, behaviour: str) -> None:
        await sandbox.behave(barcode="waiting")
        barcode = PaymentMethod.ALIPAY_BARCODE
        number = f"V_{behaviour}"
        await sandbox.channel.prepay(sandbox.order(number, barcode), now=sandbox.now)
        await sandbox.behave(query=behaviour, close=behaviour)
        key = sandbox.key(number, barcode)
        for call in (sandbox.channel.query, sandbox.channel.close):
            with pytest.raises(ChannelError) as raised:
                await call(key, now=sandbox.now)
            assert raised.value.retryable
        await sandbox.behave_well()
        await sandbox.channel.close(key, now=sandbox.now)
        assert (await sandbox.channel.query(key, now=sandbox.now)).state is ChannelPaymentState.CLOSED

    async def test_is_told_from_a_limit_on_calls(self, sandbox: Sandbox) -> None:
        await sandbox.behave(answer="rate_limited")
        with pytest.raises(ChannelFailed) as failed:
            await sandbox.channel.prepay(sandbox.order("U1"), now=sandbox.now)
        assert failed.value.code == "channel_rate_limited"


class TestTheKeys:
    async def test_may_be_bare(self, sandbox: Sandbox, simulator: tuple[str, Path]) -> None:
        async with HttpClient() as http:
            channel = Alipay(config=alipay_config_from_sandbox(simulator[1], simulator[0]), http=http)
            await channel.probe(now=sandbox.now)

    async def test_rotate_while_orders_are_open(self, sandbox: Sandbox) -> None:
        await sandbox.pay("K1")
        await sandbox.post("/sandbox/rotate", {})
        order = await sandbox.pay("K2")
        assert (await sandbox.channel.query(order, now=sandbox.now)).state is ChannelPaymentState.PAID
        for body in await sandbox.listener.received(2):
            assert sandbox.channel.read_notice(headers={}, body=body, now=sandbox.now).payments
