"""The channel against the simulated bank's socket: sessions, time-outs that are taken back or asked about, many at once."""

import asyncio
from collections.abc import Iterator

import msgspec
import pytest
from tests.channels.bank.bench import NOON, NOW, SOMEONE, Bench, key_of, transfer
from tests.channels.bank.conftest import Opened
from tests.simulators.bank.line import Line
from tests.simulators.bank.platform import Bank as Process
from tests.vectors.bank import MACS, MacExample

from feiqian.channels import ChannelFailed, ChannelTransfer, ChannelTransferState, ChannelUnknown
from feiqian.channels.bank.macs import mac
from feiqian.kernel.errors import InvalidRequest

BCD, ASCII = "sandbox-socket-1", "sandbox-socket-2"


@pytest.fixture(scope="module")
def ascii_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    process = Process(tmp_path_factory.mktemp("bank"), "--clock", NOON, "--socket-profile", "ascii")
    yield process
    assert process.stop() == 0


@pytest.fixture(params=[BCD, ASCII])
def profile(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def bench(profile: str, request: pytest.FixtureRequest) -> Bench:
    process: Process = request.getfixturevalue("bcd_process" if profile == BCD else "ascii_process")
    process.at(NOON)
    process.sandbox("behaviour", {"answer": "normal", "payment": "normal", "socket": "normal"})
    return Bench(process)


class TestAMac:
    @pytest.mark.parametrize("example", MACS, ids=lambda example: example.algorithm)
    def test_is_what_its_standard_says(self, example: MacExample) -> None:
        key = bytes.fromhex(example.key)
        assert mac(example.algorithm, key, example.message).hex().upper() == example.mac


class TestATransfer:
    async def test_is_made_once_and_can_be_asked_about(
        self, bench: Bench, opened: Opened, profile: str, number: str
    ) -> None:
        bank, before = opened(bench, profile), bench.balance
        made = await bank.transfer(transfer(number, 12_345), now=NOW)
        assert (made.state, made.amount) == (ChannelTransferState.SUCCEEDED, 12_345)
        again = await bank.transfer(transfer(number, 12_345), now=NOW)
        assert again == made
        asked = await bank.query_transfer(key_of(number), now=NOW)
        assert (asked.state, asked.channel_no) == (ChannelTransferState.SUCCEEDED, made.channel_no)
        assert bench.balance == before - 12_345
        terminal = bench.process.credentials["terminal"]
        shown = bench.process.sandbox(f"orders/{terminal}20260302{number[-6:]}")["transfers"][0]
        assert (shown["creditor_name"], shown["creditor_account"], shown["memo"]) == (
            "李雷",
            "6217000010000000001",
            f"货款 [{number}]",
        )

    async def test_with_another_amount_under_its_number_is_refused(
        self, bench: Bench, opened: Opened, profile: str, number: str
    ) -> None:
        bank = opened(bench, profile)
        await bank.transfer(transfer(number), now=NOW)
        before = bench.balance
        with pytest.raises(ChannelFailed) as refused:
            await bank.transfer(transfer(number, 9_999), now=NOW)
        assert (refused.value.code, refused.value.query_first) == ("channel_number_used", True)
        assert bench.balance == before

    async def test_asked_for_twice_at_once_is_made_once_and_not_taken_back(
        self, bench: Bench, opened: Opened, profile: str, number: str
    ) -> None:
        bank, before = opened(bench, profile), bench.balance
        ends = await asyncio.gather(
            *(bank.transfer(transfer(number), now=NOW) for _ in range(3)), return_exceptions=True
        )
        assert [type(end) for end in ends] == [ChannelTransfer, ChannelUnknown, ChannelUnknown]
        assert bench.balance == before - 10_000

    async def test_repeated_into_silence_says_truly_what_became_of_it(
        self, bench: Bench, opened: Opened, profile: str, number: str
    ) -> None:
        bank = opened(bench, profile)
        await bank.transfer(transfer(number), now=NOW)
        before = bench.balance
        bench.behave(socket="silent")
        try:
            again = await bank.transfer(transfer(number), now=NOW)
        except ChannelFailed as refused:
            again = refused
        asked = await bank.query_transfer(key_of(number), now=NOW)
        if isinstance(again, ChannelFailed):
            # The silence came before the bank could say that it had heard it: then it is taken back, and says so.
            assert (again.code, profile) == ("channel_taken_back", BCD)
            assert asked.state is ChannelTransferState.FAILED
            assert bench.balance == before + 10_000
        else:
            assert again.state is asked.state is ChannelTransferState.SUCCEEDED
            assert bench.balance == before

    async def test_is_refused_in_the_houses_words(
        self, bench: Bench, opened: Opened, profile: str, number: str
    ) -> None:
        bank, before = opened(bench, profile), bench.balance
        payee = msgspec.structs.replace(SOMEONE, account_no="6222021100000000033", bank_code="313100000013")
        with pytest.raises(ChannelFailed) as refused:
            await bank.transfer(transfer(number, payee=payee), now=NOW)
        assert (refused.value.code, refused.value.channel_code) == ("channel_account_refused", "62")
        asked = await bank.query_transfer(key_of(number), now=NOW)
        assert (asked.state, asked.error_code) == (ChannelTransferState.FAILED, "62")
        assert bench.balance == before

    async def test_that_was_never_asked_for_is_unknown_to_the_bank(
        self, bench: Bench, opened: Opened, profile: str, number: str
    ) -> None:
        asked = await opened(bench, profile).query_transfer(key_of(number), now=NOW)
        assert asked.state is ChannelTransferState.UNKNOWN_TO_CHANNEL

    async def test_under_way_is_asked_about(
        self, bench: Bench, opened: Opened, profile: str, number: str
    ) -> None:
        bank = opened(bench, profile)
        bench.behave(payment="processing")
        assert (await bank.transfer(transfer(number), now=NOW)).state is ChannelTransferState.PROCESSING
        assert (await bank.query_transfer(key_of(number), now=NOW)).state is ChannelTransferState.PROCESSING

    @pytest.mark.parametrize("tail", ["abc", "00000", "000000", "900001", "12345６"])
    async def test_whose_number_ends_in_no_trace_number_is_not_sent(
        self, bench: Bench, opened: Opened, profile: str, tail: str
    ) -> None:
        before = bench.process.sandbox("state")["transfers"]
        with pytest.raises(InvalidRequest):
            await opened(bench, profile).transfer(transfer(f"T-{tail}"), now=NOW)
        assert bench.process.sandbox("state")["transfers"] == before

    async def test_longer_than_its_fields_is_not_sent(
        self, bench: Bench, opened: Opened, profile: str, number: str
    ) -> None:
        payee = msgspec.structs.replace(SOMEONE, bank_code="1" * 15)
        with pytest.raises(ChannelFailed):
            await opened(bench, profile).transfer(transfer(number, payee=payee), now=NOW)


class TestWithoutAnAnswer:
    """Reversed under the first profile, asked about under the second."""

    @pytest.mark.parametrize("mode", ["silent", "dropped_after", "garbage", "code_68", "bad_mac"])
    async def test_a_transfer_that_was_made_is_taken_back_or_found(
        self, bench: Bench, opened: Opened, profile: str, number: str, mode: str
    ) -> None:
        bank, before = opened(bench, profile), bench.balance
        await bank.probe(now=NOW)
        bench.behave(socket=mode)
        if profile == BCD:
            with pytest.raises(ChannelFailed) as refused:
                await bank.transfer(transfer(number), now=NOW)
            assert (refused.value.code, refused.value.switch) == ("channel_taken_back", True)
            assert bench.balance == before
            assert (await bank.query_transfer(key_of(number), now=NOW)).state is ChannelTransferState.FAILED
        else:
            made = await bank.transfer(transfer(number), now=NOW)
            assert made.state is ChannelTransferState.SUCCEEDED
            assert bench.balance == before - 10_000

    async def test_a_transfer_that_never_arrived_is_kept_from_being_made_or_stays_unknown(
        self, bench: Bench, opened: Opened, profile: str, number: str
    ) -> None:
        bank, before = opened(bench, profile), bench.balance
        await bank.probe(now=NOW)
        bench.behave(socket="dropped")
        with pytest.raises(ChannelFailed if profile == BCD else ChannelUnknown):
            await bank.transfer(transfer(number), now=NOW)
        assert bench.balance == before
        if profile == BCD:
            with pytest.raises(ChannelFailed):
                await bank.transfer(transfer(number), now=NOW)
            assert bench.balance == before

    @pytest.mark.parametrize("case", [("code_05", "channel_trade_refused"), ("code_91", "channel_closed")])
    async def test_a_refusal_before_anything_is_done_is_certain(
        self, bench: Bench, opened: Opened, profile: str, number: str, case: tuple[str, str]
    ) -> None:
        bank, before = opened(bench, profile), bench.balance
        mode, code = case
        await bank.probe(now=NOW)
        bench.behave(socket=mode)
        with pytest.raises(ChannelFailed) as refused:
            await bank.transfer(transfer(number), now=NOW)
        assert refused.value.code == code
        assert bench.balance == before

    async def test_a_reversal_that_is_not_answered_either_leaves_it_unknown(
        self, bench: Bench, opened: Opened, profile: str, number: str
    ) -> None:
        bank = opened(bench, profile)
        await bank.probe(now=NOW)
        bench.process.sandbox("behaviour", {"socket": "silent", "only_next": 20})
        with pytest.raises(ChannelUnknown) as unknown:
            await bank.transfer(transfer(number), now=NOW)
        assert unknown.value.query_first
        bench.process.sandbox("behaviour", {"socket": "normal"})
        asked = await bank.query_transfer(key_of(number), now=NOW)
        # What was reversed unheard says so now; what was not has been made.
        expected = ChannelTransferState.FAILED if profile == BCD else ChannelTransferState.SUCCEEDED
        assert asked.state is expected


class TestALine:
    async def test_carries_many_transfers_at_once(
        self, bench: Bench, opened: Opened, profile: str, number: str
    ) -> None:
        bank, before = opened(bench, profile), bench.balance
        numbers = [f"M{800_000 + index:06d}" for index in range(100)]
        made = await asyncio.gather(*(bank.transfer(transfer(each, 100), now=NOW) for each in numbers))
        assert [one.out_transfer_no for one in made] == numbers
        assert {one.state for one in made} == {ChannelTransferState.SUCCEEDED}
        assert len({one.channel_no for one in made}) == 100
        assert bench.balance == before - 10_000

    async def test_gives_each_answer_to_its_own_question(
        self, bench: Bench, opened: Opened, profile: str, number: str
    ) -> None:
        bank = opened(bench, profile)
        await bank.probe(now=NOW)
        bench.behave(socket="overtaken")
        numbers = [f"{number[:-6]}{int(number[-6:]) + 700_000 + index:06d}" for index in range(2)]
        first, second = await asyncio.gather(
            *(
                bank.transfer(transfer(each, amount), now=NOW)
                for each, amount in zip(numbers, (11, 22), strict=True)
            )
        )
        assert (first.amount, second.amount) == (11, 22)

    async def test_signs_on_again_when_somebody_else_did(
        self, bench: Bench, opened: Opened, profile: str, number: str
    ) -> None:
        bank = opened(bench, profile)
        await bank.probe(now=NOW)
        other = Line(bench.process, "bcd" if profile == BCD else "ascii")
        other.sign_on()
        other.close()
        before = bench.balance
        with pytest.raises(ChannelUnknown) as unknown:
            await bank.query_transfer(key_of(number), now=NOW)
        assert unknown.value.code == "channel_untrusted"
        assert (await bank.transfer(transfer(number), now=NOW)).state is ChannelTransferState.SUCCEEDED
        assert bench.balance == before - 10_000

    async def test_signs_on_again_after_a_sign_off(
        self, bench: Bench, opened: Opened, profile: str, number: str
    ) -> None:
        bank = opened(bench, profile)
        await bank.probe(now=NOW)
        other = Line(bench.process, "bcd" if profile == BCD else "ascii")
        other.manage("002")
        other.close()
        asked = await bank.query_transfer(key_of(number), now=NOW)
        assert asked.state is ChannelTransferState.UNKNOWN_TO_CHANNEL

    async def test_goes_on_after_the_bank_was_away(
        self, opened: Opened, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        process = Process(tmp_path_factory.mktemp("bank"), "--clock", NOON)
        bench = Bench(process)
        port = process.socket_port
        bank = opened(bench, BCD)
        await bank.transfer(transfer("T000001"), now=NOW)
        process.kill()
        with pytest.raises((ChannelFailed, ChannelUnknown)):
            await bank.transfer(transfer("T000002"), now=NOW)
        process.start("--clock", NOON, "--tcp-port", str(port))
        made = await bank.transfer(transfer("T000003"), now=NOW)
        assert made.state is ChannelTransferState.SUCCEEDED
        process.stop()
