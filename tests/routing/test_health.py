"""How connections did lately, and when they are out."""

from datetime import timedelta

from feiqian.channels import PaymentMethod
from feiqian.routing import Breaker, BreakerState, CallOutcome, Health, HealthBook
from tests.routing.asks import NOW

QR, APP = PaymentMethod.ALIPAY_QR, PaymentMethod.ALIPAY_APP
FAULT, WELL, NO = CallOutcome.FAULT, CallOutcome.SUCCEEDED, CallOutcome.REFUSED


class TestTheWindow:
    def test_counts_by_connection_and_method(self) -> None:
        book = HealthBook()
        for outcome in (WELL, WELL, NO):
            book.note("a", QR, outcome, now=NOW)
        book.note("a", APP, WELL, now=NOW)
        assert book.of(["a", "b"], QR, now=NOW) == {"a": Health(3, 2)}

    def test_forgets_after_five_minutes(self) -> None:
        book = HealthBook()
        book.note("a", QR, WELL, now=NOW)
        book.note("a", QR, NO, now=NOW + timedelta(seconds=200))
        assert book.of(["a"], QR, now=NOW + timedelta(seconds=299)) == {"a": Health(2, 1)}
        assert book.of(["a"], QR, now=NOW + timedelta(seconds=310)) == {"a": Health(1, 0)}


class TestABreaker:
    def test_opens_at_the_fifth_fault_in_a_row(self) -> None:
        book = HealthBook()
        opened = [book.note("a", QR, FAULT, now=NOW) for _ in range(5)]
        assert [each is not None for each in opened] == [False, False, False, False, True]
        assert book.of(["a"], QR, now=NOW)["a"].open

    def test_opens_when_half_of_ten_calls_were_faults(self) -> None:
        book = HealthBook()
        calls = [FAULT, WELL] * 5
        opened = [book.note("a", QR, outcome, now=NOW) for outcome in calls]
        assert not any(opened)
        assert book.note("a", QR, FAULT, now=NOW) is not None

    def test_stays_closed_while_the_channel_answers_with_refusals(self) -> None:
        book = HealthBook()
        assert not any(book.note("a", QR, NO, now=NOW) for _ in range(50))

    def test_is_for_all_methods_of_the_connection(self) -> None:
        book = HealthBook()
        for _ in range(5):
            book.note("a", QR, FAULT, now=NOW)
        assert book.of(["a"], APP, now=NOW) == {"a": Health(open=True)}

    def test_is_probed_when_its_time_is_over_and_closes_if_that_goes_well(self) -> None:
        book = _open()
        assert book.due_for_probe(NOW + timedelta(seconds=29)) == []
        assert book.due_for_probe(NOW + timedelta(seconds=30)) == ["a"]
        assert book.breakers["a"].state is BreakerState.HALF_OPEN
        assert book.of(["a"], QR, now=NOW)["a"].open
        assert book.due_for_probe(NOW + timedelta(seconds=31)) == []
        book.probed("a", well=True, now=NOW + timedelta(seconds=31))
        assert book.of(["a"], QR, now=NOW) == {}

    def test_opens_twice_as_long_each_time_up_to_ten_minutes(self) -> None:
        book, now, lasted = _open(), NOW, []
        for _ in range(7):
            until = book.breakers["a"].until
            assert until is not None
            lasted.append((until - now).total_seconds())
            now = until
            book.due_for_probe(now)
            book.probed("a", well=False, now=now)
        assert lasted == [30, 60, 120, 240, 480, 600, 600]

    def test_is_short_again_after_a_calm_time(self) -> None:
        book = _open()
        book.due_for_probe(NOW + timedelta(seconds=30))
        book.probed("a", well=True, now=NOW + timedelta(seconds=30))
        soon = HealthBook()
        soon.told("a", book.breakers["a"])
        for _ in range(5):
            soon.note("a", QR, FAULT, now=NOW + timedelta(minutes=5))
            book.note("a", QR, FAULT, now=NOW + timedelta(minutes=15))
        assert soon.breakers["a"].openings == 2
        assert book.breakers["a"].openings == 1

    def test_that_another_process_opened_is_open_here(self) -> None:
        book = HealthBook()
        theirs = Breaker(state=BreakerState.OPEN, since=NOW, until=NOW + timedelta(seconds=30), openings=1)
        book.told("a", theirs)
        assert book.of(["a"], QR, now=NOW)["a"].open
        older = Breaker(state=BreakerState.CLOSED, since=NOW - timedelta(seconds=1))
        book.told("a", older)
        assert book.of(["a"], QR, now=NOW)["a"].open


def _open() -> HealthBook:
    book = HealthBook()
    for _ in range(5):
        book.note("a", QR, FAULT, now=NOW)
    return book
