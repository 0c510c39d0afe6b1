"""Profiles: a second bank by the guide's text alone, and every mistake in one refused with its place."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from tests.channels.bank import lakeside
from tests.channels.bank.lakeside import ACCOUNT, CUSTOMER, NOW, PREFIX, Lakeside

from feiqian.channels import (
    Bank,
    BankConfig,
    BillKind,
    ChannelFailed,
    ChannelKind,
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
    PrepayRequest,
    RefundRequest,
    TransferBatch,
    TransferKey,
    TransferMoney,
    TransferRequest,
    describe,
)
from feiqian.channels.bank.profile_reading import read_profile
from feiqian.channels.bank.templates import VALUES
from feiqian.infra.http import HttpClient
from feiqian.kernel.errors import InvalidRequest

GUIDE = (Path(__file__).parents[3] / "docs" / "guides" / "add-a-bank.md").read_text("utf-8")
PAYEE = Payee(
    kind=PayeeKind.COMPANY_BANK,
    account_no="DE02100100100006820101",
    name="Bäcker & Söhne",
    bank_code="PBNKDEFF",
)


def guide_profile() -> str:
    """The profile that the guide shows."""
    found = re.search(r"```toml\n(.+?)```", GUIDE, re.DOTALL)
    assert found is not None
    return found[1]


def certificate(key: RSAPrivateKey) -> str:
    """Of a bank, signed by itself."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Lakeside Bank")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(7).not_valid_before(datetime(2025, 1, 1, tzinfo=UTC))
    signed = builder.not_valid_after(datetime(2030, 1, 1, tzinfo=UTC)).sign(key, SHA256())
    return signed.public_bytes(Encoding.PEM).decode()


@pytest.fixture(scope="module")
def keys() -> tuple[RSAPrivateKey, RSAPrivateKey]:
    """The bank's and ours."""
    return generate_private_key(65537, 2048), generate_private_key(65537, 2048)


@pytest.fixture
def server(keys: tuple[RSAPrivateKey, RSAPrivateKey]) -> Lakeside:
    return Lakeside(key=keys[0], customer_key=keys[1].public_key())


@pytest.fixture
async def bank(server: Lakeside, keys: tuple[RSAPrivateKey, RSAPrivateKey]) -> AsyncIterator[Bank]:
    """Opened as the console does it: from the texts of a form."""
    pem = keys[1].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    kind = describe(ChannelKind.BANK)
    async with lakeside.serving(server) as url, HttpClient() as http:
        config = kind.config_from_texts(
            {
                "profile": guide_profile(),
                "account_no": ACCOUNT,
                "account_name": "Feiqian GmbH",
                "customer_no": CUSTOMER,
                "base_url": url,
                "private_key": pem,
                "bank_certificates": certificate(keys[0]),
                "sub_account_prefix": PREFIX,
            }
        )
        opened = kind.open(kind.decode(kind.encode(config)), http)
        assert isinstance(opened, Bank)
        yield opened


def transfer(number: str, amount: int = 12_345, payee: Payee = PAYEE) -> TransferRequest:
    return TransferRequest(
        out_transfer_no=number, payee=payee, amount=amount, currency="EUR", memo="Mehl", requested_at=NOW
    )


class TestABankThatIsOnlyAText:
    async def test_is_connected_and_tested(self, bank: Bank) -> None:
        await bank.probe(now=NOW)
        assert bank.terms.transfers[PayeeKind.COMPANY_BANK].amount_min == 100
        assert bank.terms.methods[PaymentMethod.BANK_TRANSFER].currencies == ("EUR",)

    async def test_transfers_once(self, bank: Bank, server: Lakeside) -> None:
        made = await bank.transfer(transfer("T1"), now=NOW)
        assert (made.state, made.amount, made.currency) == (ChannelTransferState.SUCCEEDED, 12_345, "EUR")
        assert await bank.transfer(transfer("T1"), now=NOW) == made
        assert len(server.entries) == 1
        assert server.documents[0].findtext(".//{*}Cdtr/{*}Nm") == "Bäcker & Söhne"
        asked = await bank.query_transfer(TransferKey(out_transfer_no="T1", requested_at=NOW), now=NOW)
        assert asked == made

    async def test_refuses_in_the_houses_words(self, bank: Bank, server: Lakeside) -> None:
        abroad = msgspec.structs.replace(PAYEE, account_no="FR7630006000011234567890189")
        with pytest.raises(ChannelFailed) as refused:
            await bank.transfer(transfer("T2", payee=abroad), now=NOW)
        assert (refused.value.code, refused.value.channel_code) == ("channel_account_refused", "L-IBAN")
        asked = await bank.query_transfer(TransferKey(out_transfer_no="T0", requested_at=NOW), now=NOW)
        assert asked.state is ChannelTransferState.UNKNOWN_TO_CHANNEL
        assert server.entries == []

    @pytest.mark.parametrize(
        "changes",
        [
            {"out_transfer_no": "small"},
            {"amount": 99},
            {"currency": "CNY"},
            {"payee": msgspec.structs.replace(PAYEE, name="李雷")},
            {"payee": msgspec.structs.replace(PAYEE, kind=PayeeKind.PERSON_BANK)},
        ],
    )
    async def test_is_not_asked_for_what_its_profile_does_not_allow(
        self, bank: Bank, server: Lakeside, changes: dict[str, object]
    ) -> None:
        with pytest.raises(InvalidRequest):
            await bank.transfer(msgspec.structs.replace(transfer("T3"), **changes), now=NOW)
        assert server.documents == []

    async def test_is_not_asked_outside_its_hours(self, bank: Bank, server: Lakeside) -> None:
        with pytest.raises(ChannelFailed) as refused:
            await bank.transfer(transfer("T3"), now=NOW + timedelta(hours=11, minutes=45))
        assert (refused.value.code, refused.value.retryable) == ("channel_closed", True)
        assert server.documents == []

    async def test_takes_batches(self, bank: Bank) -> None:
        batch = TransferBatch(
            batch_no="B1", requested_at=NOW, transfers=(transfer("T4"), transfer("T5", 100))
        )
        await bank.transfer_batch(batch, now=NOW)
        ends = await bank.query_batch("B1", requested_at=NOW, now=NOW)
        assert ends is not None
        assert {name: one.amount for name, one in ends.items()} == {"T4": 12_345, "T5": 100}

    async def test_takes_money_gives_it_back_and_states_its_day(self, bank: Bank, server: Lakeside) -> None:
        request = PrepayRequest(
            out_trade_no="P1",
            method=PaymentMethod.BANK_TRANSFER,
            description="Mehl",
            amount=5_000,
            currency="EUR",
            placed_at=NOW,
            expires_at=NOW + timedelta(days=5),
            notify_url="https://example.com/callbacks/lakeside",
        )
        step = (await bank.prepay(request, now=NOW)).next_step
        assert isinstance(step, TransferMoney)
        assert len(step.account_no) == len(PREFIX) + 12
        body = server.come_in(step.account_no, "50.00")
        notice = bank.read_notice(headers=server.signed(body), body=body, now=NOW)
        (credit,) = notice.credits
        assert (credit.account_no, credit.amount, credit.payer_name) == (step.account_no, 5_000, "Acme GmbH")
        key = OrderKey(out_trade_no="P1", method=PaymentMethod.BANK_TRANSFER, placed_at=NOW)
        paid = await bank.query(key, now=NOW)
        assert (paid.state, paid.amount) == (ChannelPaymentState.PAID, 5_000)
        back = RefundRequest(
            order=key, out_refund_no="R1", amount=2_000, total=5_000, currency="EUR", requested_at=NOW
        )
        assert (await bank.refund(back, now=NOW)).state is ChannelRefundState.SUCCEEDED
        statement = await bank.download_statement(date(2026, 3, 2), now=NOW)
        assert (statement.opening, statement.closing) == (100_000, 103_000)
        bill = await bank.download_bill(date(2026, 3, 2), now=NOW)
        assert [(line.kind, line.amount, line.out_no) for line in bill.lines] == [
            (BillKind.PAYMENT, 5_000, step.account_no),
            (BillKind.REFUND, 2_000, "R1"),
        ]

    async def test_is_believed_only_with_its_own_key(
        self, bank: Bank, server: Lakeside, keys: tuple[RSAPrivateKey, RSAPrivateKey]
    ) -> None:
        server.key = keys[1]
        with pytest.raises(ChannelUnknown) as unknown:
            await bank.transfer(transfer("T6"), now=NOW)
        assert unknown.value.code == "channel_untrusted"
        body = server.come_in("900000", "1.00")
        with pytest.raises(NoticeRefused) as refused:
            bank.read_notice(headers=server.signed(body), body=body, now=NOW)
        assert refused.value.reason is NoticeFault.SIGNATURE_WRONG


class TestTheGuide:
    def test_names_every_value(self) -> None:
        assert [name for name in VALUES if f"`{name}`" not in GUIDE] == []


class TestAProfile:
    @pytest.mark.parametrize(
        ("found", "put", "said"),
        [
            ('name = "lakeside-1"', 'name = "Lakeside"', "name"),
            ('include = ["iso20022-1"]', 'include = ["nowhere-1"]', "nowhere-1"),
            ('include = ["iso20022-1"]', 'include = ["../../etc/passwd"]', "is no name"),
            ("digits = 12", "digits = 12\ncolour = 1", "colour"),
            ("digits = 12", 'digits = "many"', "sub_accounts.digits"),
            ("{amount}", "{amounts}", "amounts"),
            ("{customer}|", "{__class__}|", "__class__"),
            ('our_code = "channel_account_refused"', 'our_code = "channel_sad"', "channel_sad"),
            ('transfer = "iso20022"', 'transfer = "socket"', "[socket]"),
            ('statement = "iso20022"', 'statement = "soap"', "[soap]"),
            ('report = "/h2h/accounts/{account}/today"', "", "[iso20022]"),
            ("'[0-9A-Z]{1,16}'", "'['", "pattern"),
            ('algorithm = "rsa-sha512"', 'algorithm = "none"', "algorithm"),
            ("[bank]", "[bank", "Expected"),
        ],
    )
    def test_with_a_mistake_is_refused_with_its_place(self, found: str, put: str, said: str) -> None:
        text = guide_profile()
        assert found in text
        with pytest.raises(InvalidRequest) as refused:
            read_profile(text.replace(found, put))
        assert said in str(refused.value)

    @pytest.mark.parametrize("text", ["nowhere-1", "../profile", "", "x" * 300_000])
    def test_that_is_none_is_refused(self, text: str) -> None:
        with pytest.raises(InvalidRequest):
            read_profile(text)

    @pytest.mark.parametrize(
        "name", ["sandbox-iso20022-1", "sandbox-soap-1", "sandbox-socket-1", "sandbox-socket-2"]
    )
    def test_that_comes_with_the_house_is_whole(self, name: str) -> None:
        assert read_profile(name).name == name


class TestASetting:
    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"account_no": ""}, "bank account_no"),
            ({"account_name": ""}, "bank account_name"),
            ({"customer_no": ""}, "bank customer_no"),
            ({"base_url": "https://bank.example/api"}, "bank base_url"),
            ({"private_key": "no key"}, "bank private_key"),
            ({"bank_certificates": "no certificate"}, "bank bank_certificates"),
            ({"authority_certificate": "no certificate"}, "bank authority_certificate"),
            ({"sub_account_prefix": "x"}, "bank sub_account_prefix"),
            ({"profile": "sandbox-socket-1", "socket_address": "nowhere"}, "bank socket_address"),
            ({"profile": "sandbox-socket-1", "socket_address": "h:1", "terminal_no": ""}, "bank terminal_no"),
            ({"profile": "sandbox-soap-1"}, "bank soap_password"),
        ],
    )
    def test_that_is_wrong_is_named(
        self, keys: tuple[RSAPrivateKey, RSAPrivateKey], changes: dict[str, str], field: str
    ) -> None:
        good = BankConfig(
            profile="sandbox-iso20022-1",
            account_no="1100123409000012345",
            account_name="飞钱",
            customer_no="1",
            base_url="https://bank.example",
            private_key=keys[1].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
            bank_certificates=certificate(keys[0]),
            sub_account_prefix="62284801",
        )
        good.check()
        with pytest.raises(InvalidRequest) as refused:
            msgspec.structs.replace(good, **changes).check()
        assert refused.value.facts["field"] == field
