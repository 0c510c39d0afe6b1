"""Two opening hours together."""

from datetime import time

import pytest

from feiqian.channels import OpenHours
from feiqian.connections.rules import common_hours


def hours(text: str) -> OpenHours | None:
    if not text:
        return None
    since, _, until = text.partition("-")
    return OpenHours(time.fromisoformat(since), time.fromisoformat(until))


class TestCommonHours:
    @pytest.mark.parametrize(
        ("channel", "ours", "both"),
        [
            ("08:00-20:00", "06:00-18:00", "08:00-18:00"),
            ("08:00-20:00", "09:00-10:00", "09:00-10:00"),
            ("08:00-12:00", "13:00-18:00", ""),
            ("08:00-12:00", "12:00-18:00", ""),
            ("22:00-06:00", "20:00-23:30", "22:00-23:30"),
            ("22:00-06:00", "21:00-05:00", "22:00-05:00"),
            ("22:00-06:00", "05:00-23:00", "22:00-23:00"),
            ("20:00-02:00", "01:00-21:30", "20:00-21:30"),
            ("22:00-06:00", "08:00-20:00", ""),
            ("00:30-23:30", "22:00-06:00", "00:30-06:00"),
        ],
    )
    def test_are_open_only_when_both_are(self, channel: str, ours: str, both: str) -> None:
        one, other = hours(channel), hours(ours)
        assert one is not None
        assert other is not None
        found = common_hours(one, other)
        assert found == hours(both)
        for minute in range(0, 1440, 10):
            moment = time(minute // 60, minute % 60)
            if found is not None and found.contains(moment):
                assert one.contains(moment)
                assert other.contains(moment)
