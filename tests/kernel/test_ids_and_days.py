"""Identifiers sort by time and read back; business dates are cut in Shanghai."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feiqian.kernel.calendar import business_date, days, end_of, local, start_of
from feiqian.kernel.clock import ManualClock
from feiqian.kernel.errors import InvalidRequest, NotFound
from feiqian.kernel.ids import derived_id, derived_id_at, first_id_at, new_id, parse_id, show_id

NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)


class TestAnIdentifier:
    def test_is_shown_as_the_specification_of_typeid_has_it(self) -> None:
        value = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
        assert show_id("prefix", value) == "prefix_01h455vb4pex5vsknk084sn02q"
        assert parse_id("prefix", "prefix_01h455vb4pex5vsknk084sn02q") == value

    @given(st.uuids())
    def test_reads_back(self, value: UUID) -> None:
        assert parse_id("payment", show_id("payment", value)) == value

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "payment",
            "refund_01h455vb4pex5vsknk084sn02q",
            "payment_01h455vb4pex5vsknk084sn02",
            "payment_81h455vb4pex5vsknk084sn02q",
            "payment_01h455vb4pex5vsknk084sn0lq",
            "payment_01H455VB4PEX5VSKNK084SN02Q",
        ],
    )
    def test_of_another_kind_is_refused(self, text: str) -> None:
        with pytest.raises(InvalidRequest):
            parse_id("payment", text)

    def test_sorts_by_its_moment_and_bounds_a_period(self) -> None:
        moments = [NOW + timedelta(milliseconds=step) for step in range(50)]
        ids = [new_id(moment) for moment in moments]
        assert ids == sorted(ids)
        assert all(
            first_id_at(m) <= id < first_id_at(m + timedelta(milliseconds=1))
            for m, id in zip(moments, ids, strict=True)
        )
        assert {id.version for id in ids} == {7}

    def test_of_a_moment_and_a_name_sorts_by_the_moment_and_is_always_the_same(self) -> None:
        later = NOW + timedelta(milliseconds=1)
        assert derived_id_at(NOW, "a") == derived_id_at(NOW, "a")
        assert first_id_at(NOW) < derived_id_at(NOW, "z") < first_id_at(later) < derived_id_at(later, "a")
        assert derived_id_at(NOW, "a") != derived_id_at(NOW, "b")
        assert derived_id_at(NOW, "a").version == 7

    def test_derived_from_the_same_names_is_the_same(self) -> None:
        assert derived_id("a", "b") == derived_id("a", "b")
        assert len({derived_id("a", "b"), derived_id("ab"), derived_id("b", "a")}) == 3


class TestABusinessDate:
    @pytest.mark.parametrize(
        ("moment", "day"),
        [
            (datetime(2026, 3, 1, 15, 59, 59, tzinfo=UTC), date(2026, 3, 1)),
            (datetime(2026, 3, 1, 16, 0, 0, tzinfo=UTC), date(2026, 3, 2)),
        ],
    )
    def test_changes_at_midnight_in_shanghai(self, moment: datetime, day: date) -> None:
        assert business_date(moment) == day

    @given(st.dates(date(2000, 1, 1), date(2100, 1, 1)))
    def test_is_half_open(self, day: date) -> None:
        assert business_date(start_of(day)) == day
        assert business_date(end_of(day)) == day + timedelta(days=1)
        assert start_of(day) <= local(day, 10, 5) < end_of(day)

    def test_periods_include_both_ends(self) -> None:
        assert list(days(date(2026, 2, 27), date(2026, 3, 1))) == [
            date(2026, 2, 27),
            date(2026, 2, 28),
            date(2026, 3, 1),
        ]
        assert list(days(date(2026, 3, 2), date(2026, 3, 1))) == []


class TestAManualClock:
    def test_never_goes_back(self) -> None:
        clock = ManualClock(NOW)
        clock.advance_to(NOW - timedelta(days=1))
        assert clock.now() == NOW
        clock.advance_to(NOW + timedelta(seconds=1))
        assert clock.now() == NOW + timedelta(seconds=1)


class TestARefusal:
    def test_says_what_to_do_in_both_languages(self) -> None:
        refusal = NotFound(what="payment", name="payment_1")
        assert refusal.sentence("en-US") == "No payment payment_1 is known. Check the identifier."
        assert "payment_1" in refusal.sentence("zh-CN")
        assert str(refusal).startswith("not_found: ")
