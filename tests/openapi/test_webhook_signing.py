"""Signatures of events: what a platform checks before it believes one."""

from datetime import timedelta

import pytest

from feiqian.openapi.webhooks import NotGenuine, new_secret, sign, verify
from tests.conftest import NOW

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
TIMESTAMP = "1614265330"
BODY = b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
"""The vector that the libraries of Standard Webhooks publish in their tests."""


def headers(*signatures: str, at: float = 0) -> dict[str, str]:
    return {
        "Webhook-Id": ID,
        "webhook-timestamp": str(int(NOW.timestamp() + at)),
        "webhook-signature": " ".join(signatures),
    }


def signed(secret: str, at: float = 0, body: bytes = BODY) -> str:
    return sign(secret, ID, str(int(NOW.timestamp() + at)), body)


class TestASignature:
    def test_is_that_of_the_specification(self) -> None:
        assert sign(SECRET, ID, TIMESTAMP, BODY) == SIGNATURE

    def test_is_found_whatever_stands_beside_it(self) -> None:
        old, new = new_secret(), new_secret()
        both = headers("v1a,aGVsbG8=", signed(new), signed(old))
        assert verify(secret=old, headers=both, body=BODY, now=NOW) == ID
        assert verify(secret=new, headers=both, body=BODY, now=NOW) == ID

    @pytest.mark.parametrize("at", [-300, 0, 300])
    def test_is_good_within_five_minutes(self, at: int) -> None:
        assert verify(secret=SECRET, headers=headers(signed(SECRET, at), at=at), body=BODY, now=NOW) == ID


class TestWhatIsNotGenuine:
    @pytest.mark.parametrize("at", [-301, 301, -86_400])
    def test_is_an_old_delivery_played_again(self, at: int) -> None:
        with pytest.raises(NotGenuine, match="five minutes"):
            verify(secret=SECRET, headers=headers(signed(SECRET, at), at=at), body=BODY, now=NOW)

    def test_is_an_old_delivery_under_a_fresh_time_stamp(self) -> None:
        with pytest.raises(NotGenuine, match="no signature"):
            verify(secret=SECRET, headers=headers(signed(SECRET, -3_600)), body=BODY, now=NOW)

    def test_is_another_body(self) -> None:
        with pytest.raises(NotGenuine, match="no signature"):
            verify(secret=SECRET, headers=headers(signed(SECRET)), body=BODY + b" ", now=NOW)

    def test_is_another_id(self) -> None:
        changed = {**headers(signed(SECRET)), "Webhook-Id": "msg_other"}
        with pytest.raises(NotGenuine, match="no signature"):
            verify(secret=SECRET, headers=changed, body=BODY, now=NOW)

    def test_is_signed_with_another_secret(self) -> None:
        with pytest.raises(NotGenuine, match="no signature"):
            verify(secret=SECRET, headers=headers(signed(new_secret())), body=BODY, now=NOW)

    @pytest.mark.parametrize("name", ["Webhook-Id", "webhook-timestamp", "webhook-signature"])
    def test_lacks_a_header(self, name: str) -> None:
        given = headers(signed(SECRET))
        del given[name]
        with pytest.raises(NotGenuine, match="missing"):
            verify(secret=SECRET, headers=given, body=BODY, now=NOW)

    @pytest.mark.parametrize("timestamp", ["soon", "-5", "1.5", "٣"])
    def test_has_a_time_stamp_that_is_none(self, timestamp: str) -> None:
        given = {**headers(signed(SECRET)), "webhook-timestamp": timestamp}
        with pytest.raises(NotGenuine, match="Unix time"):
            verify(secret=SECRET, headers=given, body=BODY, now=NOW + timedelta())

    def test_has_signatures_that_are_no_text_of_ours(self) -> None:
        for text in ("v1", "v1,", "véritable", ",".join("v" * 1_000)):
            given = headers(text)
            with pytest.raises(NotGenuine, match="no signature"):
                verify(secret=SECRET, headers=given, body=BODY, now=NOW)
