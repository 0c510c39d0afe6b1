"""The socket front: sessions, payouts, reversals, many messages in flight, and every way a line can break."""

import contextlib
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from tests.simulators.bank.line import Line
from tests.simulators.bank.platform import MAIN, OPENING, SECOND, Bank
from tests.vectors.bank import MACS, MacExample

from feiqian.simulators.bank.socket.mac import mac
from feiqian.simulators.bank.socket.profile import DIRECTORY

_stans = count(100)


@pytest.fixture
def stan() -> str:
    """A trace number that no other test uses."""
    return f"{next(_stans):06d}"


@pytest.fixture(scope="module", params=["bcd", "ascii"])
def profile(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def module_bank(profile: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bank]:
    directory = tmp_path_factory.mktemp("bank")
    bank = Bank(directory, "--clock", "2026-03-02T12:00:00+08:00", "--socket-profile", profile)
    yield bank
    assert bank.stop() == 0


@pytest.fixture
def line(bank: Bank, profile: str) -> Iterator[Line]:
    """Signed on."""
    line = Line(bank, profile)
    line.sign_on()
    yield line
    line.close()


class TestAMac:
    @pytest.mark.parametrize("example", MACS, ids=lambda example: example.algorithm)
    def test_is_what_its_standard_says(self, example: MacExample) -> None:
        key = bytes.fromhex(example.key)
        assert mac(example.algorithm, key, example.message).hex().upper() == example.mac


class TestASession:
    def test_begins_with_a_sign_on_and_ends_with_a_sign_off(self, line: Line, stan: str) -> None:
        assert line.manage("301")["39"] == "00"
        assert line.manage("002")["39"] == "00"
        assert line.ask(line.transfer(stan))["39"] == "97"
        line.sign_on()
        assert line.ask(line.transfer(stan))["39"] == "00"

    def test_takes_a_new_key_at_any_time(self, line: Line, stan: str) -> None:
        answer = line.manage("101")
        old, line.key = line.key, line.unwrapped(bytes.fromhex(answer["62"]))
        line.send(line.transfer(stan), key=old)
        assert line.receive()["39"] == "A0"
        assert line.ask(line.transfer(stan))["39"] == "00"

    def test_outlives_its_connection(self, line: Line, bank: Bank, profile: str, stan: str) -> None:
        line.close()
        other = Line(bank, profile)
        other.key = line.key
        assert other.ask(other.transfer(stan))["39"] == "00"
        other.close()

    def test_is_not_for_strangers(self, line: Line, stan: str) -> None:
        line.send(line.transfer(stan) | {"41": "99999999"})
        assert line.receive(check=False)["39"] == "97"
        assert line.ask(line.transfer(stan) | {"42": "000000000000000"})["39"] == "03"

    def test_does_not_know_other_functions(self, line: Line, stan: str) -> None:
        assert line.manage("777")["39"] == "40"
        assert line.ask(line.transfer(stan) | {"3": "000000"})["39"] == "40"
        assert line.ask(line.transfer(stan) | {"t": "0100"})["39"] == "40"


class TestAPayout:
    def test_is_paid_and_answered_with_what_was_asked(self, line: Line, bank: Bank, stan: str) -> None:
        before = bank.balance()
        answer = line.ask(line.transfer(stan, 12_345))
        assert (answer["t"], answer["39"], answer["11"], answer["4"]) == ("0210", "00", stan, "000000012345")
        assert bank.balance() == before - 12_345
        shown = bank.sandbox(f"orders/{bank.credentials['terminal']}20260302{stan}")
        transfer = shown["transfers"][0]
        assert (transfer["creditor_name"], transfer["memo"]) == ("李雷", "货款")
        assert transfer["reference"].endswith(answer["37"])

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"credit": "12", "bank": "313100000013"}, "14"),
            ({"debit": "1100999999999999999"}, "14"),
            ({"credit": "6222021100000000033", "bank": "313100000013"}, "62"),
            ({"debit": "6222021100000000017"}, "57"),
            ({"amount_fen": 999_999_999_999}, "61"),
            ({"amount_fen": 1_000_000_001}, "51"),
            ({"amount_fen": 0}, "13"),
        ],
    )
    def test_is_refused_with_its_code_and_nothing_moves(
        self, line: Line, bank: Bank, stan: str, changes: dict[str, Any], code: str
    ) -> None:
        before = bank.balance()
        answer = line.ask(line.transfer(stan, **changes))
        assert answer["39"] == code
        assert answer["44"]
        assert bank.balance() == before

    def test_is_made_once_under_its_trace_number(self, line: Line, bank: Bank, stan: str) -> None:
        line.ask(line.transfer(stan))
        before = bank.balance()
        assert line.ask(line.transfer(stan))["39"] == "94"
        assert line.ask(line.transfer(stan, type="0201"))["39"] == "00"
        assert line.ask(line.transfer(stan, 10_001, type="0201"))["39"] == "94"
        assert bank.balance() == before

    def test_by_advice_is_made_once_however_often_it_comes(self, line: Line, bank: Bank, stan: str) -> None:
        before = bank.balance()
        for type_ in ("0220", "0221", "0220"):
            answer = line.ask(line.transfer(stan, type=type_))
            assert (answer["t"], answer["39"]) == ("0230", "00")
        assert bank.balance() == before - 10_000

    def test_that_waits_for_the_morning_is_in_progress(self, line: Line, bank: Bank, stan: str) -> None:
        bank.at("2026-03-02T20:00:00+08:00")
        assert line.ask(line.transfer(stan, 5_000_000))["39"] == "09"
        query = line.about(stan, "900001", t="0200") | {"3": "390000"}
        assert line.ask(query)["39"] == "09"
        bank.at("2026-03-03T09:00:00+08:00")
        assert line.ask(query)["39"] == "00"
        assert line.ask(line.about("999999", "900002", t="0200") | {"3": "390000"})["39"] == "25"

    def test_shows_in_the_statement_of_the_other_front(self, line: Line, bank: Bank, stan: str) -> None:
        answer = line.ask(line.transfer(stan, 77))
        bank.at("2026-03-03T01:00:00+08:00")
        statement = bank.statement("2026-03-02")
        assert any(one.endswith(answer["37"]) for one in statement.texts("Ntry/AcctSvcrRef"))

    def test_with_a_wrong_mac_is_refused(self, line: Line, bank: Bank, stan: str) -> None:
        before = bank.balance()
        line.send(line.transfer(stan), key=bytes(range(16)))
        assert line.receive()["39"] == "A0"
        assert bank.balance() == before


class TestABalance:
    def test_is_told_as_ledger_and_available(self, line: Line, bank: Bank, stan: str, profile: str) -> None:
        place = "48" if profile == "bcd" else "102"
        answer = line.ask({"t": "0200", "3": "310000", "11": stan, "13": "0302", place: SECOND})
        assert answer["39"] == "00"
        assert answer["54"] == "0001156C000000000000" + "0002156C000000000000"
        answer = line.ask({"t": "0200", "3": "310000", "11": stan, "13": "0302", place: MAIN})
        assert int(answer["54"][8:20]) == bank.balance()


class TestAReversal:
    def test_gives_back_what_was_paid_and_only_once(self, line: Line, bank: Bank, stan: str) -> None:
        before = bank.balance()
        line.ask(line.transfer(stan))
        for type_ in ("0400", "0401", "0420"):
            answer = line.ask(line.about(stan, "910000", t=type_))
            assert (answer["t"], answer["39"]) == ("0430" if type_ == "0420" else "0410", "00")
        assert bank.balance() == before
        bank.at("2026-03-03T01:00:00+08:00")
        last = bank.statement("2026-03-02").all("Ntry")[-1]
        assert (last.text("CdtDbtInd"), last.text("SubFmlyCd")) == ("CRDT", "RPCR")

    def test_of_what_never_arrived_keeps_it_from_being_paid(self, line: Line, bank: Bank, stan: str) -> None:
        before = bank.balance()
        assert line.ask(line.about(stan, "910001"))["39"] == "00"
        assert line.ask(line.transfer(stan))["39"] == "05"
        assert line.ask(line.about(stan, "910002"))["39"] == "00"
        assert bank.balance() == before

    def test_releases_what_waits(self, line: Line, bank: Bank, stan: str) -> None:
        bank.sandbox("behaviour", {"payment": "processing", "only_next": 1})
        assert line.ask(line.transfer(stan))["39"] == "09"
        assert line.ask(line.about(stan, "910003"))["39"] == "00"
        main = next(one for one in bank.sandbox("state")["accounts"] if one["number"] == MAIN)
        assert main["reserved"] == 0

    def test_of_another_amount_is_refused(self, line: Line, bank: Bank, stan: str) -> None:
        line.ask(line.transfer(stan))
        before = bank.balance()
        assert line.ask(line.about(stan, "910004") | {"4": "000000009999"})["39"] == "64"
        assert bank.balance() == before

    def test_takes_nothing_from_who_has_spent_it(self, line: Line, bank: Bank, stan: str) -> None:
        line.ask(line.transfer(stan, 500, credit=SECOND, bank="313100000013"))
        spent = bank.balance(SECOND)
        line.ask(line.transfer(f"{next(_stans):06d}", spent, debit=SECOND))
        before = bank.balance()
        assert line.ask(line.about(stan, "910006"))["39"] == "51"
        assert (bank.balance(), bank.balance(SECOND)) == (before, 0)

    def test_that_names_nothing_is_a_wrong_format(self, line: Line) -> None:
        assert line.ask({"t": "0400", "11": "910005", "13": "0302"})["39"] == "30"


class TestADate:
    def test_is_the_nearest_that_four_digits_can_mean(self, line: Line, bank: Bank, stan: str) -> None:
        bank.at("2027-01-01T00:00:05+08:00")
        number = f"{bank.credentials['terminal']}20261231{stan}"
        assert line.ask(line.transfer(stan) | {"13": "1231"})["39"] == "00"
        assert bank.sandbox(f"orders/{number}")["transfers"][0]["status"] == "settled"

    def test_makes_a_trace_number_usable_again_next_year(self, line: Line, bank: Bank, stan: str) -> None:
        assert line.ask(line.transfer(stan))["39"] == "00"
        bank.at("2027-03-02T12:00:00+08:00")
        assert line.ask(line.transfer(stan))["39"] == "00"

    def test_that_is_none_is_a_wrong_format(self, line: Line, bank: Bank, stan: str) -> None:
        before = bank.balance()
        assert line.ask(line.transfer(stan) | {"13": "0230"})["39"] == "30"
        assert bank.balance() == before


class TestALine:
    def test_that_brings_letters_for_digits_is_told_so(self, line: Line, bank: Bank, stan: str) -> None:
        before = bank.balance()
        assert line.ask(line.transfer(stan) | {"4": "0000000000AB"})["39"] == "30"
        assert line.ask(line.transfer(f"{next(_stans):06d}"))["39"] == "00"
        assert bank.balance() == before - 10_000

    def test_may_answer_late(self, line: Line, bank: Bank, stan: str) -> None:
        bank.sandbox("behaviour", {"socket": "late", "slow_s": 0.5, "only_next": 1})
        line.send(line.transfer(stan))
        with pytest.raises(TimeoutError):
            line.receive(0.1)
        assert line.receive()["11"] == stan

    def test_carries_many_messages_at_once(self, line: Line, bank: Bank) -> None:
        before = bank.balance()
        stans = [f"{next(_stans):06d}" for _ in range(100)]
        for one in stans:
            line.send(line.transfer(one, 100))
        answers = [line.receive() for _ in stans]
        assert {answer["11"]: answer["39"] for answer in answers} == dict.fromkeys(stans, "00")
        assert bank.balance() == before - 10_000

    def test_may_answer_out_of_order(self, line: Line, bank: Bank, stan: str) -> None:
        bank.sandbox("behaviour", {"socket": "overtaken", "only_next": 1})
        line.send(line.transfer(stan))
        other = f"{next(_stans):06d}"
        line.send(line.transfer(other))
        assert [line.receive()["11"] for _ in range(2)] == [other, stan]

    @pytest.mark.parametrize("mode", ["silent", "dropped_after", "garbage", "code_68"])
    def test_may_fail_after_the_payout_was_made(self, line: Line, bank: Bank, stan: str, mode: str) -> None:
        before = bank.balance()
        bank.sandbox("behaviour", {"socket": mode, "only_next": 1})
        line.send(line.transfer(stan))
        if mode == "silent":
            with pytest.raises(TimeoutError):
                line.receive(0.3)
        elif mode == "dropped_after":
            assert line.receive_bytes() == b""
        elif mode == "garbage":
            assert len(line.receive_bytes()) == 2
        else:
            assert line.receive()["39"] == "68"
        assert bank.balance() == before - 10_000

    @pytest.mark.parametrize("mode", ["dropped", "code_05", "code_55", "code_91", "code_96"])
    def test_may_fail_before_anything_is_done(self, line: Line, bank: Bank, stan: str, mode: str) -> None:
        before = bank.balance()
        bank.sandbox("behaviour", {"socket": mode, "only_next": 1})
        line.send(line.transfer(stan))
        if mode == "dropped":
            assert line.receive_bytes() == b""
        else:
            assert line.receive()["39"] == mode.removeprefix("code_")
        assert bank.balance() == before

    def test_may_bring_a_mac_that_does_not_hold(self, line: Line, bank: Bank, stan: str) -> None:
        bank.sandbox("behaviour", {"socket": "bad_mac", "only_next": 1})
        line.send(line.transfer(stan))
        with pytest.raises(AssertionError):
            line.receive()

    @pytest.mark.parametrize(
        "content",
        [
            b"\x00\x00",
            b"\xff\xff" + b"x" * 100,
            b"\x00\x05hello",
            b"\x00\x14" + bytes.fromhex("6000030000") + b"\xff" * 15,
            b"GET / HTTP/1.1\r\n\r\n",
        ],
    )
    def test_is_closed_when_garbage_comes_and_others_go_on(
        self, line: Line, bank: Bank, profile: str, stan: str, content: bytes
    ) -> None:
        wild = Line(bank, profile)
        wild.send_bytes(content)
        with contextlib.suppress(ConnectionResetError):
            assert wild.receive_bytes(5) == b""
        wild.close()
        assert line.ask(line.transfer(stan))["39"] == "00"

    def test_that_breaks_in_the_middle_of_a_message_moves_nothing(
        self, line: Line, bank: Bank, profile: str, stan: str
    ) -> None:
        before = bank.balance()
        broken = Line(bank, profile)
        broken.send_bytes(b"\x00\x70\x60\x00\x03")
        broken.close()
        assert bank.balance() == before
        assert line.ask(line.transfer(stan))["39"] == "00"


class TestAProfile:
    def test_is_a_file_that_another_bank_can_have(self, tmp_path: Path, stan: str) -> None:
        given = tmp_path / "other.toml"
        known = (DIRECTORY / "bcd.toml").read_text("utf-8")
        assert "idle_s = 300" in known
        given.write_text(
            known.replace("idle_s = 300", "idle_s = 0.5").replace('"400000"', '"480000"'), "utf-8"
        )
        bank = Bank(tmp_path, "--clock", "2026-03-02T12:00:00+08:00", "--socket-profile", str(given))
        line = Line(bank)
        line.sign_on()
        assert line.ask(line.transfer(stan))["39"] == "40"
        assert line.ask(line.transfer(stan) | {"3": "480000"})["39"] == "00"
        assert line.receive_bytes() == b"", "a line that is silent for too long is closed"
        line.close()
        assert bank.stop() == 0


class TestAKill:
    def test_forgets_neither_the_session_nor_what_was_paid(self, tmp_path: Path, stan: str) -> None:
        bank = Bank(tmp_path, "--clock", "2026-03-02T12:00:00+08:00")
        line = Line(bank)
        line.sign_on()
        assert line.ask(line.transfer(stan))["39"] == "00"
        line.close()
        bank.kill()
        bank.start()
        again = Line(bank)
        again.key = line.key
        assert again.ask(again.transfer(stan, type="0201"))["39"] == "00"
        assert bank.balance() == OPENING - 10_000
        again.close()
        bank.stop()
