"""The channel against the simulated bank in ISO 20022: transfers, batches, and every way in which an answer can fail."""

from datetime import timedelta

import msgspec
import pytest
from tests.channels.bank.bench import NOW, SOMEONE, Bench, key_of, transfer
from tests.channels.bank.conftest import Opened
from tests.simulators.bank.platform import CLOSED

from feiqian.channels import (
    BatchTransferringChannel,
    ChannelFailed,
    ChannelTransferState,
    ChannelUnknown,
    Payee,
    PayeeKind,
    TradeChannel,
    TransferBatch,
    TransferringChannel,
)
from feiqian.kernel.errors import InvalidRequest


class TestATransfer:
    async def test_is_made_once_and_can_be_asked_about(
        self, bench: Bench, opened: Opened, number: str
    ) -> None:
        bank, before = opened(bench), bench.balance
        made = await bank.transfer(transfer(number), now=NOW)
        assert (made.state, made.amount, made.finished_at) == (ChannelTransferState.SUCCEEDED, 10_000, NOW)
        asked = await bank.query_transfer(key_of(number), now=NOW)
        assert asked == made
        assert bench.balance == before - 10_000

    async def test_repeated_is_the_same_one(self, bench: Bench, opened: Opened, number: str) -> None:
        bank, before = opened(bench), bench.balance
        made = await bank.transfer(transfer(number), now=NOW)
        assert await bank.transfer(transfer(number), now=NOW) == made
        assert bench.balance == before - 10_000

    async def test_with_another_amount_under_its_number_is_refused(
        self, bench: Bench, opened: Opened, number: str
    ) -> None:
        bank = opened(bench)
        await bank.transfer(transfer(number), now=NOW)
        before = bench.balance
        with pytest.raises(ChannelFailed) as refused:
            await bank.transfer(transfer(number, 9_999), now=NOW)
        assert (refused.value.code, refused.value.query_first) == ("channel_number_used", True)
        assert bench.balance == before

    @pytest.mark.parametrize(
        "case",
        [
            ("12@313100000013", 100, ("channel_account_refused", False)),
            (f"{CLOSED}@313100000013", 100, ("channel_account_refused", False)),
            ("6217000010000000001@105100000017", 1_000_000_100, ("channel_balance_insufficient", True)),
        ],
    )
    async def test_is_refused_in_the_houses_words_and_nothing_moves(
        self,
        bench: Bench,
        opened: Opened,
        number: str,
        case: tuple[str, int, tuple[str, bool]],
    ) -> None:
        bank, before = opened(bench), bench.balance
        place, amount, refusal = case
        account_no, _, bank_code = place.partition("@")
        payee = Payee(kind=PayeeKind.COMPANY_BANK, account_no=account_no, name="李雷", bank_code=bank_code)
        with pytest.raises(ChannelFailed) as refused:
            await bank.transfer(transfer(number, amount, payee=payee), now=NOW)
        assert (refused.value.code, refused.value.switch) == refusal
        assert refused.value.channel_message
        asked = await bank.query_transfer(key_of(number), now=NOW)
        assert (asked.state, asked.error_code) == (ChannelTransferState.FAILED, refused.value.channel_code)
        with pytest.raises(ChannelFailed) as again:
            await bank.transfer(transfer(number, amount, payee=payee), now=NOW)
        assert again.value.code == refused.value.code
        assert bench.balance == before

    async def test_that_was_never_asked_for_is_unknown_to_the_bank(
        self, bench: Bench, opened: Opened, number: str
    ) -> None:
        asked = await opened(bench).query_transfer(key_of(number), now=NOW)
        assert asked.state is ChannelTransferState.UNKNOWN_TO_CHANNEL

    @pytest.mark.parametrize(
        ("end", "state"),
        [("settled", ChannelTransferState.SUCCEEDED), ("rejected", ChannelTransferState.FAILED)],
    )
    async def test_under_way_is_asked_about_until_it_ends(
        self, bench: Bench, opened: Opened, number: str, end: str, state: ChannelTransferState
    ) -> None:
        bank = opened(bench)
        bench.behave(payment="processing")
        made = await bank.transfer(transfer(number), now=NOW)
        assert (made.state, made.finished_at) == (ChannelTransferState.PROCESSING, None)
        bench.process.sandbox(f"transfers/{number}", {"status": end})
        assert (await bank.query_transfer(key_of(number), now=NOW)).state is state

    async def test_that_comes_back_later_is_found_among_the_accounts_entries(
        self, bench: Bench, opened: Opened, number: str
    ) -> None:
        bank = opened(bench)
        bench.behave(payment="returned")
        made = await bank.transfer(transfer(number), now=NOW)
        assert made.state is ChannelTransferState.SUCCEEDED
        bench.process.at("2026-03-04T00:10:00+08:00")
        early = await bank.query_transfer(key_of(number), now=bench.now)
        assert early.state is ChannelTransferState.SUCCEEDED, "the statement that would tell is not there yet"
        bench.process.at("2026-03-05T01:00:00+08:00")
        later = await bank.query_transfer(key_of(number), now=bench.now)
        assert (later.state, later.error_code) == (ChannelTransferState.RETURNED, "AC01")
        assert later.finished_at == NOW + timedelta(days=2)

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"currency": "USD"}, "currency"),
            ({"amount": 0}, "amount"),
            ({"amount": 500_000_000_001}, "amount"),
            ({"out_transfer_no": "a b"}, "out_transfer_no"),
            ({"payee": msgspec.structs.replace(SOMEONE, name="")}, "payee.name"),
            ({"payee": msgspec.structs.replace(SOMEONE, name="李\x00雷")}, "payee.name"),
            ({"payee": msgspec.structs.replace(SOMEONE, account_no="62 17")}, "payee.account_no"),
            ({"payee": msgspec.structs.replace(SOMEONE, kind=PayeeKind.ALIPAY)}, "payee.kind"),
        ],
    )
    async def test_that_the_bank_cannot_take_is_not_sent(
        self, bench: Bench, opened: Opened, number: str, changes: dict[str, object], field: str
    ) -> None:
        before = bench.process.sandbox("state")["transfers"]
        with pytest.raises(InvalidRequest) as refused:
            await opened(bench).transfer(msgspec.structs.replace(transfer(number), **changes), now=NOW)
        assert refused.value.facts["field"] == field
        assert bench.process.sandbox("state")["transfers"] == before

    async def test_carries_names_and_memos_as_they_are(
        self, bench: Bench, opened: Opened, number: str
    ) -> None:
        payee = msgspec.structs.replace(SOMEONE, name="<&>’𠮷 有限公司")
        request = msgspec.structs.replace(transfer(number, payee=payee), memo="a&b <c>\x07\n" + "长" * 200)
        await opened(bench).transfer(request, now=NOW)
        shown = bench.process.sandbox(f"orders/{number}")["transfers"][0]
        assert shown["creditor_name"] == payee.name
        assert shown["memo"] == "a&b <c> " + "长" * 132


class TestAnAnswer:
    @pytest.mark.parametrize("mode", ["lost", "garbage", "empty", "huge"])
    async def test_that_says_nothing_leaves_the_outcome_unknown_until_asked(
        self, bench: Bench, opened: Opened, number: str, mode: str
    ) -> None:
        bank, before = opened(bench), bench.balance
        bench.behave(answer=mode, answer_path="pain.001")
        with pytest.raises(ChannelUnknown) as unknown:
            await bank.transfer(transfer(number), now=NOW)
        assert unknown.value.query_first
        asked = await bank.query_transfer(key_of(number), now=NOW)
        assert asked.state is ChannelTransferState.SUCCEEDED
        assert bench.balance == before - 10_000

    @pytest.mark.parametrize("mode", ["bad", "missing"])
    async def test_without_a_good_signature_is_not_believed(
        self, bench: Bench, opened: Opened, number: str, mode: str
    ) -> None:
        bank = opened(bench)
        bench.behave(answer_signature=mode)
        with pytest.raises(ChannelUnknown) as unknown:
            await bank.transfer(transfer(number), now=NOW)
        assert unknown.value.code == "channel_untrusted"
        assert (await bank.query_transfer(key_of(number), now=NOW)).state is ChannelTransferState.SUCCEEDED

    async def test_of_a_rate_limit_is_a_certain_refusal(
        self, bench: Bench, opened: Opened, number: str
    ) -> None:
        bank, before = opened(bench), bench.balance
        bench.behave(answer="rate_limited", answer_path="pain.001")
        with pytest.raises(ChannelFailed) as refused:
            await bank.transfer(transfer(number), now=NOW)
        assert (refused.value.code, refused.value.retryable) == ("channel_rate_limited", True)
        assert bench.balance == before
        assert (await bank.transfer(transfer(number), now=NOW)).state is ChannelTransferState.SUCCEEDED

    async def test_of_a_fault_of_the_banks_own_is_no_certain_refusal(
        self, bench: Bench, opened: Opened, number: str
    ) -> None:
        bank = opened(bench)
        bench.behave(answer="error", answer_path="pain.001")
        with pytest.raises(ChannelUnknown):
            await bank.transfer(transfer(number), now=NOW)
        asked = await bank.query_transfer(key_of(number), now=NOW)
        assert asked.state is ChannelTransferState.UNKNOWN_TO_CHANNEL

    async def test_is_believed_after_the_bank_changed_its_certificate(
        self, bench: Bench, opened: Opened, number: str
    ) -> None:
        bank = opened(bench)
        bench.process.sandbox("rotate", {})
        assert (await bank.transfer(transfer(number), now=NOW)).state is ChannelTransferState.SUCCEEDED

    async def test_under_a_new_certificate_is_not_believed_without_its_authority(
        self, bench: Bench, opened: Opened, number: str
    ) -> None:
        bank = opened(bench, authority_certificate="")
        bench.process.sandbox("rotate", {})
        with pytest.raises(ChannelUnknown) as unknown:
            await bank.transfer(transfer(number), now=NOW)
        assert unknown.value.channel_code == "serial_unknown"

    async def test_is_not_waited_for_at_a_wrong_address(
        self, bench: Bench, opened: Opened, number: str
    ) -> None:
        bank = opened(bench, base_url="http://127.0.0.1:9")
        with pytest.raises(ChannelFailed) as refused:
            await bank.transfer(transfer(number), now=NOW)
        assert refused.value.code == "channel_unreachable"

    async def test_of_another_time_than_ours_is_not_believed(
        self, bench: Bench, opened: Opened, number: str
    ) -> None:
        before = bench.balance
        with pytest.raises(ChannelUnknown) as unknown:
            await opened(bench).transfer(transfer(number), now=NOW + timedelta(minutes=6))
        assert unknown.value.channel_code == "stale"
        assert bench.balance == before


class TestABatch:
    async def test_is_one_message_whose_parts_end_apart(
        self, bench: Bench, opened: Opened, number: str
    ) -> None:
        bank, before = opened(bench), bench.balance
        refused = msgspec.structs.replace(SOMEONE, account_no="1")
        parts = (
            transfer(f"{number}a"),
            transfer(f"{number}b", payee=refused),
            transfer(f"{number}c", 1),
        )
        batch = TransferBatch(batch_no=number, requested_at=NOW, transfers=parts)
        await bank.transfer_batch(batch, now=NOW)
        await bank.transfer_batch(batch, now=NOW)
        ends = await bank.query_batch(number, requested_at=NOW, now=NOW)
        assert ends is not None
        assert {name: (one.state, one.amount, one.error_code) for name, one in ends.items()} == {
            f"{number}a": (ChannelTransferState.SUCCEEDED, 10_000, None),
            f"{number}b": (ChannelTransferState.FAILED, 10_000, "AC01"),
            f"{number}c": (ChannelTransferState.SUCCEEDED, 1, None),
        }
        assert bench.balance == before - 10_001
        alone = await bank.query_transfer(key_of(f"{number}c"), now=NOW)
        assert alone.state is ChannelTransferState.SUCCEEDED

    async def test_of_a_thousand_is_worked_off(self, bench: Bench, opened: Opened, number: str) -> None:
        bank, before = opened(bench), bench.balance
        parts = tuple(transfer(f"{number}-{index}", 100) for index in range(1000))
        await bank.transfer_batch(TransferBatch(batch_no=number, requested_at=NOW, transfers=parts), now=NOW)
        ends = {}
        states: set[ChannelTransferState] = set()
        for _ in range(100):
            ends = await bank.query_batch(number, requested_at=NOW, now=NOW) or {}
            states = {one.state for one in ends.values()}
            if states == {ChannelTransferState.SUCCEEDED}:
                break
        assert (states, len(ends)) == ({ChannelTransferState.SUCCEEDED}, 1000)
        assert bench.balance == before - 100_000

    async def test_that_was_lost_is_unknown_to_the_bank(
        self, bench: Bench, opened: Opened, number: str
    ) -> None:
        assert await opened(bench).query_batch(number, requested_at=NOW, now=NOW) is None

    async def test_without_an_answer_is_asked_about(self, bench: Bench, opened: Opened, number: str) -> None:
        bank = opened(bench)
        bench.behave(answer="empty", answer_path="pain.001")
        batch = TransferBatch(batch_no=number, requested_at=NOW, transfers=(transfer(f"{number}a"),))
        with pytest.raises(ChannelUnknown):
            await bank.transfer_batch(batch, now=NOW)
        ends = await bank.query_batch(number, requested_at=NOW, now=NOW)
        assert ends is not None
        assert ends[f"{number}a"].state is ChannelTransferState.SUCCEEDED

    async def test_with_a_bad_line_names_it_and_is_not_sent(
        self, bench: Bench, opened: Opened, number: str
    ) -> None:
        before = bench.process.sandbox("state")["transfers"]
        bad = transfer(f"{number}b", payee=msgspec.structs.replace(SOMEONE, name=""))
        batch = TransferBatch(batch_no=number, requested_at=NOW, transfers=(transfer(number), bad))
        with pytest.raises(InvalidRequest) as refused:
            await opened(bench).transfer_batch(batch, now=NOW)
        assert refused.value.facts["field"] == "transfers[1].payee.name"
        assert bench.process.sandbox("state")["transfers"] == before

    async def test_with_a_number_twice_is_not_sent(self, bench: Bench, opened: Opened, number: str) -> None:
        batch = TransferBatch(
            batch_no=number, requested_at=NOW, transfers=(transfer(number), transfer(number))
        )
        with pytest.raises(InvalidRequest):
            await opened(bench).transfer_batch(batch, now=NOW)


class TestTheChannel:
    async def test_has_the_capabilities_of_its_profile(self, bench: Bench, opened: Opened) -> None:
        bank = opened(bench)
        for capability in (TradeChannel, TransferringChannel, BatchTransferringChannel):
            assert isinstance(bank, capability)
        assert bank.terms.transfers[PayeeKind.PERSON_BANK].batch_max == 10_000
        assert bank.identity.mchid == "1100123409000012345"

    @pytest.mark.parametrize("profile", ["sandbox-iso20022-1", "sandbox-soap-1", "sandbox-socket-1"])
    async def test_shows_that_its_keys_work(self, bench: Bench, opened: Opened, profile: str) -> None:
        before = bench.process.sandbox("state")["accounts"]
        await opened(bench, profile).probe(now=NOW)
        assert bench.process.sandbox("state")["accounts"] == before

    @pytest.mark.parametrize(
        ("profile", "changes"),
        [
            ("sandbox-iso20022-1", {"customer_no": "1"}),
            ("sandbox-iso20022-1", {"certificate_serial_no": "00"}),
            ("sandbox-soap-1", {"soap_password": "guess"}),
            ("sandbox-socket-1", {"master_key": "00" * 16}),
            ("sandbox-socket-1", {"terminal_no": "99999999"}),
            ("sandbox-socket-1", {"socket_address": "127.0.0.1:9"}),
        ],
    )
    async def test_shows_which_of_them_does_not(
        self, bench: Bench, opened: Opened, profile: str, changes: dict[str, str]
    ) -> None:
        with pytest.raises(ChannelFailed):
            await opened(bench, profile, **changes).probe(now=NOW)

    def test_does_not_show_its_secrets(self, bench: Bench) -> None:
        config = bench.config("sandbox-iso20022-1")
        shown = repr(config)
        assert not any(
            secret in shown for secret in (config.private_key, config.master_key, config.soap_password)
        )
