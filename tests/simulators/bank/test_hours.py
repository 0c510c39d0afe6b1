"""When a payout is paid, as the profile says."""

from datetime import datetime

import pytest

from feiqian.simulators.bank.profile import read_profile

LARGE = 5_000_000


@pytest.mark.parametrize(
    ("amount", "accepted", "paid"),
    [
        (LARGE - 1, "2026-03-07T03:00", "2026-03-07T03:00"),  # small: Saturday night
        (LARGE, "2026-03-06T08:29", "2026-03-06T08:30"),  # before opening
        (LARGE, "2026-03-06T08:30", "2026-03-06T08:30"),
        (LARGE, "2026-03-06T16:59", "2026-03-06T16:59"),
        (LARGE, "2026-03-06T17:00", "2026-03-09T08:30"),  # Friday's close: Monday
        (LARGE, "2026-03-08T12:00", "2026-03-09T08:30"),  # Sunday
        (LARGE, "2026-09-30T18:00", "2026-10-08T08:30"),  # the week of National Day
    ],
)
def test_large_payouts_keep_to_working_hours(amount: int, accepted: str, paid: str) -> None:
    moment = datetime.fromisoformat(f"{accepted}:00+08:00")
    assert read_profile().hours.pays_at(amount, moment) == datetime.fromisoformat(f"{paid}:00+08:00")


def test_only_numbers_of_the_right_length_are_virtual() -> None:
    virtual = read_profile().virtual
    number = virtual.prefix + "0" * virtual.digits
    assert virtual.contains(number)
    assert not any(
        virtual.contains(other) for other in (number[:-1], number + "0", "7" + number[1:], number[:-1] + "x")
    )
