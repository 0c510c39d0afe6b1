"""The SOAP front, driven by zeep from the service's own WSDL."""

import secrets
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import requests
from tests.simulators.bank.platform import MAIN, OPENING, Bank
from zeep import Client
from zeep.exceptions import Fault, TransportError
from zeep.transports import Transport
from zeep.wsse import utils
from zeep.wsse.username import UsernameToken

OTHER = "6217000010000000001"
Calls = Callable[..., Any]


@pytest.fixture
def service(bank: Bank) -> Iterator[Calls]:
    """``service("QueryBalance", Account=…)`` with a fresh token of the bank's own time."""
    with requests.Session() as session:
        wsdl = f"{bank.url}/soap/corporate-banking?wsdl"
        client = Client(wsdl, transport=Transport(session=session))

        def call(operation: str, *, security: dict[str, Any] | None = None, **content: Any) -> Any:
            client.wsse = token(bank, **(security or {}))
            return client.service[operation](**content)

        yield call


def token(bank: Bank, **changes: Any) -> UsernameToken:
    """A UsernameToken with digest and Timestamp; ``changes`` of username, password, nonce, age_s, use_digest."""
    created = bank.now().astimezone(UTC) - timedelta(seconds=changes.get("age_s", 0))
    stamp: Any = utils.WSU.Timestamp()
    stamp.append(utils.WSU.Created(utils.get_timestamp(created)))
    stamp.append(utils.WSU.Expires(utils.get_timestamp(created + timedelta(minutes=5))))
    return UsernameToken(
        changes.get("username", bank.credentials["soap_username"]),
        changes.get("password", bank.credentials["soap_password"]),
        use_digest=changes.get("use_digest", True),
        nonce=changes.get("nonce", secrets.token_hex(16)),
        created=created,
        timestamp_token=stamp,
    )


def order(number: str, **changes: Any) -> dict[str, Any]:
    """What Transfer takes."""
    return {
        "RequestId": number,
        "DebitAccount": MAIN,
        "CreditorName": "李雷",
        "CreditorAccount": OTHER,
        "CreditorBank": "105100000017",
        "Amount": Decimal("12.34"),
        "Currency": "CNY",
        "Remark": "货款 & 运费",
    } | changes


class TestATransfer:
    def test_is_made_and_can_be_asked_about(self, service: Calls, bank: Bank, number: str) -> None:
        before = bank.balance()
        made = service("Transfer", **order(number))
        assert (made.RequestId, made.Status, made.Amount, made.ReasonCode) == (
            number,
            "SETTLED",
            Decimal("12.34"),
            None,
        )
        assert made.SettledAt == datetime.fromisoformat("2026-03-02T12:00:00+08:00")
        asked = service("QueryTransfer", RequestId=number)
        assert (asked.BankReference, asked.Status) == (made.BankReference, "SETTLED")
        assert bank.balance() == before - 1234

    def test_is_made_once_under_its_number(self, service: Calls, bank: Bank, number: str) -> None:
        made = service("Transfer", **order(number))
        before = bank.balance()
        assert service("Transfer", **order(number)).BankReference == made.BankReference
        with pytest.raises(Fault) as refused:
            service("Transfer", **order(number, Amount=Decimal("12.35")))
        assert refusal(refused.value) == "DUPLICATE_REQUEST"
        assert bank.balance() == before

    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            ({"CreditorAccount": "12"}, "AC01"),
            ({"CreditorAccount": "6222021100000000025", "CreditorBank": "FQSBCNBJXXX"}, "AC04"),
            ({"Amount": Decimal("10000001")}, "AM04"),
            ({"Amount": Decimal("0")}, "AM12"),
            ({"Currency": "USD"}, "AM03"),
        ],
    )
    def test_is_rejected_with_a_reason(
        self, service: Calls, bank: Bank, number: str, changes: dict[str, Any], reason: str
    ) -> None:
        before = bank.balance()
        made = service("Transfer", **order(number, **changes))
        assert (made.Status, made.ReasonCode) == ("REJECTED", reason)
        assert made.Reason
        assert bank.balance() == before

    def test_is_returned_later(self, service: Calls, bank: Bank, number: str) -> None:
        service("Transfer", **order(number))
        bank.sandbox(f"transfers/{number}", {"status": "returned"})
        asked = service("QueryTransfer", RequestId=number)
        assert (asked.Status, asked.ReasonCode) == ("RETURNED", "AC01")

    def test_that_never_came_is_a_fault(self, service: Calls) -> None:
        with pytest.raises(Fault) as refused:
            service("QueryTransfer", RequestId="nowhere")
        assert refusal(refused.value) == "NOT_FOUND"

    @pytest.mark.parametrize(
        ("mode", "code"), [("error", "SYSTEM_ERROR"), ("rate_limited", "TOO_MANY_REQUESTS")]
    )
    def test_may_be_refused_before_anything_is_done(
        self, service: Calls, bank: Bank, number: str, mode: str, code: str
    ) -> None:
        before = bank.balance()
        bank.sandbox("behaviour", {"answer": mode, "answer_path": "/soap", "only_next": 1})
        with pytest.raises(Fault) as refused:
            service("Transfer", **order(number))
        assert refusal(refused.value) == code
        assert bank.balance() == before

    def test_survives_a_lost_answer(self, service: Calls, bank: Bank, number: str) -> None:
        before = bank.balance()
        bank.sandbox("behaviour", {"answer": "empty", "answer_path": "/soap", "only_next": 1})
        with pytest.raises(TransportError):
            service("Transfer", **order(number))
        assert service("QueryTransfer", RequestId=number).Status == "SETTLED"
        assert bank.balance() == before - 1234


class TestAnAccount:
    def test_tells_its_balance_and_what_of_it_is_free(self, service: Calls, bank: Bank, number: str) -> None:
        bank.sandbox("behaviour", {"payment": "processing", "only_next": 1})
        before = bank.balance()
        assert service("Transfer", **order(number)).Status == "ACCEPTED"
        shown = service("QueryBalance", Account=MAIN)
        assert shown.Balance * 100 == before
        assert shown.Available == shown.Balance - Decimal("12.34")
        bank.sandbox(f"transfers/{number}", {"status": "rejected"})

    def test_tells_its_entries_and_they_add_up(self, service: Calls, bank: Bank, number: str) -> None:
        service("Transfer", **order(number))
        bank.sandbox("pay", {"account": "622848010000000009", "amount": 500, "payer_name": "韩梅梅"})
        shown = service("QueryStatement", Account=MAIN, From=date(2026, 3, 2), To=date(2026, 3, 2))
        assert shown.Opening * 100 == OPENING
        assert shown.Opening + sum(entry.Amount for entry in shown.Entry) == shown.Closing
        paid = next(entry for entry in shown.Entry if entry.RequestId == number)
        assert (paid.Amount, paid.Kind, paid.Remark) == (Decimal("-12.34"), "PAYOUT", "货款 & 运费")
        came = shown.Entry[-1]
        assert (came.Amount, came.VirtualAccount, came.CounterpartyName) == (
            Decimal("5.00"),
            "622848010000000009",
            "韩梅梅",
        )

    @pytest.mark.parametrize(
        ("first", "last"), [(date(2026, 3, 3), date(2026, 3, 2)), (date(2026, 1, 1), date(2026, 3, 2))]
    )
    def test_has_no_statement_of_a_strange_period(self, service: Calls, first: date, last: date) -> None:
        with pytest.raises(Fault) as refused:
            service("QueryStatement", Account=MAIN, From=first, To=last)
        assert refusal(refused.value) == "INVALID_PERIOD"

    def test_of_a_stranger_is_not_shown(self, service: Calls) -> None:
        with pytest.raises(Fault) as refused:
            service("QueryBalance", Account="6222021100000000017")
        assert refusal(refused.value) == "ACCOUNT_NOT_FOUND"


class TestSecurity:
    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"password": "guess"}, "FailedAuthentication"),
            ({"username": "somebody"}, "FailedAuthentication"),
            ({"age_s": 301}, "MessageExpired"),
            ({"age_s": -301}, "MessageExpired"),
            ({"use_digest": False}, "UnsupportedSecurityToken"),
        ],
    )
    def test_lets_nobody_else_in(
        self, service: Calls, bank: Bank, number: str, changes: dict[str, Any], code: str
    ) -> None:
        before = bank.balance()
        with pytest.raises(Fault) as refused:
            service("Transfer", security=changes, **order(number))
        assert str(refused.value.code).endswith(code)
        assert bank.balance() == before

    def test_hears_a_nonce_once(self, service: Calls) -> None:
        service("QueryBalance", security={"nonce": "0123456789abcdef"}, Account=MAIN)
        with pytest.raises(Fault) as refused:
            service("QueryBalance", security={"nonce": "0123456789abcdef"}, Account=MAIN)
        assert str(refused.value.code).endswith("FailedAuthentication")

    def test_is_needed(self, bank: Bank) -> None:
        body = envelope(
            f'<QueryBalance xmlns="urn:feiqian:sandbox:bank:1"><Account>{MAIN}</Account></QueryBalance>'
        )
        assert b"wsse:InvalidSecurity" in self.post(bank, body)

    @pytest.mark.parametrize(
        "body",
        [
            b"no xml",
            b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
            b"<a/>",
            b'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body/></e:Envelope>',
            b'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><Pay/></e:Body></e:Envelope>',
        ],
    )
    def test_answers_what_is_no_call_with_a_fault(self, bank: Bank, body: bytes) -> None:
        answer = self.post(bank, body)
        assert b"Fault" in answer
        assert b"root:" not in answer

    def post(self, bank: Bank, body: bytes) -> bytes:
        answer = bank.send("POST", "/soap/corporate-banking", body, {"Content-Type": "text/xml"})
        assert answer.status == 500
        return answer.body


def envelope(content: str) -> bytes:
    head = '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>'
    return f"{head}{content}</e:Body></e:Envelope>".encode()


def refusal(fault: Fault) -> str:
    """The bank's own code in a fault's detail."""
    assert fault.detail is not None
    return fault.detail.findtext(".//{urn:feiqian:sandbox:bank:1}Code")
