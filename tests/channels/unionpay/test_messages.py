"""Messages and files of UnionPay, held to what others have recorded and published."""

import base64
import hashlib
import io
import zipfile
import zlib
from contextlib import suppress
from datetime import UTC, date, datetime
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from hypothesis import given
from hypothesis import strategies as st
from tests.channels.unionpay import peer
from tests.vectors import unionpay as vectors

from feiqian.channels import BillDamaged, BillFault, NoticeFault
from feiqian.channels.unionpay.batch_file import BatchLine, read_results, write_batch
from feiqian.channels.unionpay.bills import bill_of
from feiqian.channels.unionpay.messages import (
    moment_near,
    pack,
    plain_words,
    read_answer,
    read_form,
    txn_time,
    unpack,
)
from feiqian.channels.unionpay.payouts import batch_number
from feiqian.channels.unionpay.settlement import Settlement, read_settlement
from feiqian.channels.unionpay.signing import Chain, Signer, link_string, read_certificate
from feiqian.kernel.calendar import local

DAY = date(2026, 3, 2)
PLAIN = st.characters(exclude_characters="&{", exclude_categories=["Cs"])
"""What a value may hold that is no structure."""


class TestASignature:
    def test_covers_the_fields_in_order_without_itself(self) -> None:
        assert link_string(vectors.REQUEST) == vectors.REQUEST_LINK_STRING
        assert link_string({**vectors.REQUEST, "signature": "x"}) == vectors.REQUEST_LINK_STRING

    def test_of_the_published_request_is_over_that_text(self) -> None:
        key = load_pem_public_key(vectors.MERCHANT_PUBLIC_KEY.encode())
        assert isinstance(key, RSAPublicKey)
        digest = hashlib.sha256(link_string(vectors.REQUEST).encode()).hexdigest().encode()
        key.verify(base64.b64decode(vectors.REQUEST_SIGNATURE), digest, PKCS1v15(), hashes.SHA256())

    def test_of_ours_covers_no_empty_field_and_names_the_certificate(self) -> None:
        signed = Signer(key=peer.key_named("merchant"), cert_id="68759663125").signed(
            {**vectors.REQUEST, "empty": ""}
        )
        assert {name: value for name, value in signed.items() if name != "signature"} == vectors.REQUEST
        digest = hashlib.sha256(vectors.REQUEST_LINK_STRING.encode()).hexdigest().encode()
        key = peer.key_named("merchant").public_key()
        key.verify(base64.b64decode(signed["signature"]), digest, PKCS1v15(), hashes.SHA256())

    @pytest.mark.parametrize(
        ("message", "name", "moment"),
        [
            (vectors.REFUND_ANSWER, "中国银联股份有限公司", datetime(2024, 1, 5, tzinfo=UTC)),
            (vectors.PAYMENT_NOTICE, "00040000:SIGN", datetime(2017, 3, 24, tzinfo=UTC)),
        ],
    )
    def test_of_a_recorded_message_holds_by_its_chain(
        self, message: bytes, name: str, moment: datetime
    ) -> None:
        root, _ = read_certificate(vectors.ROOT_CERTIFICATE.decode())
        middle, _ = read_certificate(vectors.MIDDLE_CERTIFICATE.decode())
        chain = Chain(root=root, middle=middle, signer_name=name)
        fields = read_answer(message)
        assert chain.fault(fields, now=moment) is None
        assert chain.fault({**fields, "txnAmt": "2"}, now=moment) is NoticeFault.SIGNATURE_WRONG
        other = Chain(root=root, middle=middle, signer_name="中国银行")
        assert other.fault(fields, now=moment) is NoticeFault.SERIAL_UNKNOWN


class TestAnAnswer:
    def test_of_the_published_sample_is_read(self) -> None:
        assert read_answer(vectors.ANSWER_34.encode()) == vectors.ANSWER_34_FIELDS

    def test_keeps_fields_within_braces_together(self) -> None:
        assert read_answer(b"a={x=1&y=2}&b=2&c={z=3}") == {"a": "{x=1&y=2}", "b": "2", "c": "{z=3}"}

    @pytest.mark.parametrize("body", [b"", b"no fields", b"=1", b"a=1&a=2", b"1a=2"])
    def test_that_is_no_list_of_fields_is_refused(self, body: bytes) -> None:
        with pytest.raises(ValueError):
            read_answer(body)

    def test_as_a_form_is_read_as_it_was_recorded(self) -> None:
        assert read_form(vectors.PAYMENT_NOTICE_FORM) == vectors.PAYMENT_NOTICE_FORM_FIELDS


class TestWhateverComes:
    """Nothing that is sent to us raises anything but a refusal."""

    @given(
        st.dictionaries(st.from_regex(r"[a-z][A-Za-z0-9]{0,12}", fullmatch=True), st.text(PLAIN), min_size=1)
    )
    def test_is_read_as_it_was_written(self, fields: dict[str, str]) -> None:
        body = "&".join(f"{name}={value}" for name, value in fields.items()).encode()
        assert read_answer(body) == fields
        assert read_form(urlencode(fields).encode()) == fields

    @given(st.binary(max_size=200) | st.text("a=&{}%+\r\n0", max_size=40).map(str.encode))
    def test_is_a_list_of_fields_or_refused(self, body: bytes) -> None:
        for read in (read_answer, read_form, read_results):
            with suppress(ValueError):
                read(body)

    @given(st.binary(max_size=700), st.integers(0, 700))
    def test_in_a_settlement_file_is_damage(self, noise: bytes, place: int) -> None:
        line = zm_line()
        content = settlement_file(line[:place] + noise + line[place + len(noise) :])
        with suppress(BillDamaged):
            settlement_of(content)


class TestAMoment:
    def test_is_written_in_beijing_time(self) -> None:
        assert txn_time(datetime(2026, 3, 1, 16, 0, 5, tzinfo=UTC)) == "20260302000005"

    @pytest.mark.parametrize(
        ("text", "anchor", "moment"),
        [
            ("0302120000", datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 2, 4, tzinfo=UTC)),
            ("0101000000", datetime(2025, 12, 31, tzinfo=UTC), datetime(2025, 12, 31, 16, tzinfo=UTC)),
            ("1231235959", datetime(2026, 1, 1, tzinfo=UTC), datetime(2025, 12, 31, 15, 59, 59, tzinfo=UTC)),
            ("0229120000", datetime(2028, 3, 1, tzinfo=UTC), datetime(2028, 2, 29, 4, tzinfo=UTC)),
        ],
    )
    def test_without_a_year_is_the_nearest(self, text: str, anchor: datetime, moment: datetime) -> None:
        assert moment_near(text, anchor) == moment

    @pytest.mark.parametrize("text", ["0229120000", "1301000000", "", "03021200"])
    def test_that_is_none_is_refused(self, text: str) -> None:
        with pytest.raises(ValueError):
            moment_near(text, datetime(2026, 3, 2, tzinfo=UTC))


class TestAFile:
    def test_is_packed_as_published(self) -> None:
        assert pack(vectors.FILE) == vectors.FILE_CONTENT
        assert unpack(vectors.FILE_CONTENT, bytes_max=9) == vectors.FILE

    @pytest.mark.parametrize("content", ["%", "AAAA", "", vectors.FILE_CONTENT[:16]])
    def test_that_is_damaged_is_refused(self, content: str) -> None:
        with pytest.raises(ValueError):
            unpack(content, bytes_max=1_000)

    def test_that_unpacks_to_too_much_is_refused(self) -> None:
        with pytest.raises(ValueError, match="more than 1000"):
            unpack(pack(b"0" * 1_001), bytes_max=1_000)


class TestWords:
    def test_lose_what_has_a_meaning_on_the_wire(self) -> None:
        assert plain_words(" a&b={c}|'d'\n", 20) == "a b  c   d"
        assert plain_words("口红" * 50, 10) == "口红" * 5


class TestABatchFile:
    def test_is_written_in_the_form_of_the_published_sample(self) -> None:
        line = BatchLine(
            order_no="0823000300003370",
            amount=100,
            account_type="01",
            account_no="6221558812340000",
            name="互联网",
            memo="样例展示",
        )
        lines = [line] * 10
        head, titles, first, *_ = write_batch(lines).decode().split("\n")
        published = vectors.BATCH_FILE.split("\n")
        assert head == published[0]
        ours = dict(zip(titles.split("|"), first.split("|"), strict=True))
        theirs = dict(zip(published[1].split("|"), published[2].split("|"), strict=True))
        shared = ours.keys() & theirs.keys()
        assert shared >= {"orderId", "currencyCode", "txnAmt", "accType", "accNo", "customerNm", "postscript"}
        assert {name: ours[name] for name in shared} == {name: theirs[name] for name in shared}

    def result(self, *, head: str = "5.0.0|3|2|||1|1||", second: str = "61|无此卡|||b0000001|2") -> bytes:
        titles = "respCode|respMsg|queryId|sysTm|orderId|txnAmt"
        return "\r\n".join([head, titles, "00|成功|q1|0302120000|a0000001|1", second]).encode()

    def test_of_results_says_what_became_of_each(self) -> None:
        lines = read_results(self.result())
        assert [(line.order_no, line.amount, line.code) for line in lines] == [
            ("a0000001", 1, "00"),
            ("b0000001", 2, "61"),
        ]

    @pytest.mark.parametrize(
        "change",
        [
            {"head": "5.0.0|3|3|||1|1||"},
            {"head": "5.0.0|4|2|||1|1||"},
            {"head": "5.0.0|3|2|||3|2||"},
            {"head": "5.0.0|3|2|||3|1||"},
            {"head": "5.0.0|3|2||"},
            {"head": "4.0.0|3|2|||1|1||"},
            {"head": ""},
            {"second": "61|无此卡||b0000001|2"},
            {"second": "61|无此卡|||a0000001|2"},
            {"second": "61|无此卡|||b0000001|two"},
            {"second": ""},
        ],
    )
    def test_of_results_that_does_not_add_up_is_refused(self, change: dict[str, str]) -> None:
        with pytest.raises(ValueError):
            read_results(self.result(**change))


class TestABatchNumber:
    def test_is_ours_where_it_fits(self) -> None:
        assert batch_number("0042") == "0042"

    def test_otherwise_follows_from_ours(self) -> None:
        found = {batch_number(f"batch-{place}") for place in range(200)}
        assert all(len(each) == 4 and each.isdigit() and each != "0000" for each in found)
        assert len(found) > 190
        assert batch_number("0000") == batch_number("0000") != "0000"


def zm_line(**changes: str) -> bytes:
    """A line of ZM, written by the published widths."""
    given = {
        0: "S22", 3: "000001", 4: "0302120000", 6: "000000010000", 9: "052603021200000000010", 11: "order00001",
        15: "D000000000060", 16: "C000000009940", 19: "01", 20: "01", 21: "000201", 27: peer.MER_ID,
        **{int(name.removeprefix("c")): value for name, value in changes.items()},
    }  # fmt: skip
    columns = [
        given.get(index, "").encode("gbk").ljust(width) for index, width in enumerate(vectors.ZM_WIDTHS)
    ]
    return b" ".join(columns) + b"\r\n"


def settlement_file(*lines: bytes, names: tuple[str, str] | None = None) -> str:
    """fileContent of a settlement file with these lines."""
    buffer = io.BytesIO()
    zm, zme = names or tuple(f"INN26030288{kind}_{peer.MER_ID}" for kind in ("ZM", "ZME"))
    with zipfile.ZipFile(buffer, "w") as opened:
        opened.writestr(zm, b"".join(lines))
        opened.writestr(zme, b"")
    return base64.b64encode(zlib.compress(buffer.getvalue())).decode()


def settlement_of(content: str) -> Settlement:
    return read_settlement(content, day=DAY, mer_id=peer.MER_ID)


class TestASettlementFile:
    @pytest.mark.parametrize("name", list(vectors.ZM_OFFSETS))
    def test_has_its_columns_where_others_read_them(self, name: str) -> None:
        values = {"traceNo": "000001", "traceTime": "0302120000", "txnAmt": "000000010000",
                  "queryId": "052603021200000000010", "orderId": "order00001", "settleAmt": "C000000009940"}  # fmt: skip
        start = vectors.ZM_OFFSETS[name]
        assert zm_line()[start:].startswith(values[name].encode())

    def test_is_read(self) -> None:
        (movement,) = settlement_of(settlement_file(zm_line())).movements
        assert (movement.order_no, movement.amount, movement.fee) == ("order00001", 10_000, 60)
        assert movement.occurred_at == datetime(2026, 3, 2, 4, tzinfo=UTC)

    def test_may_be_empty(self) -> None:
        bill = bill_of(settlement_of(settlement_file()))
        assert (bill.lines, bill.summary.line_count) == ((), 0)

    def test_may_hold_words_of_the_merchant_in_gbk(self) -> None:
        assert len(settlement_of(settlement_file(zm_line(c34="备注|A1"))).movements) == 1

    def test_of_the_older_form_without_the_original_order_is_read(self) -> None:
        refund = zm_line(
            c19="04", c20="00", c15="C000000000060", c26="052603021200000000009", c11="refund0001"
        )
        (line,) = bill_of(settlement_of(settlement_file(refund))).lines
        assert (line.out_no, line.out_trade_no, line.transaction_no) == (
            "refund0001",
            "",
            "052603021200000000009",
        )

    @pytest.mark.parametrize("kind", ["31", "33"])
    def test_counts_voids_as_refunds(self, kind: str) -> None:
        bill = bill_of(settlement_of(settlement_file(zm_line(), zm_line(c19=kind, c11="void000001"))))
        assert (bill.summary.payment_amount, bill.summary.refund_amount) == (10_000, 10_000)

    @pytest.mark.parametrize(
        ("text", "belongs"),
        [
            ("0301222959", False),
            ("0301223000", True),
            ("0301230000", True),
            ("0302225959", True),
            ("0302232959", True),
            ("0302233000", False),
            ("0303000000", False),
        ],
    )
    def test_holds_its_own_settlement_day_only(self, text: str, belongs: bool) -> None:
        content = settlement_file(zm_line(c4=text))
        if belongs:
            assert len(settlement_of(content).movements) == 1
        else:
            with pytest.raises(BillDamaged) as damage:
                settlement_of(content)
            assert damage.value.fault is BillFault.OTHER_DAY

    @pytest.mark.parametrize(
        ("lines", "names", "fault"),
        [
            ((zm_line(c27="777290058110097"),), None, BillFault.OTHER_MERCHANT),
            ((zm_line(c19="99"),), None, BillFault.LINE_UNREADABLE),
            ((zm_line(c6="00000001000x"),), None, BillFault.LINE_UNREADABLE),
            ((zm_line(c15="0000000000060"),), None, BillFault.LINE_UNREADABLE),
            ((zm_line(c11=""),), None, BillFault.LINE_UNREADABLE),
            ((zm_line(c4="1302120000"),), None, BillFault.LINE_UNREADABLE),
            ((zm_line()[:-40],), None, BillFault.LINE_UNREADABLE),
            ((zm_line()[:-2] + b"x\r\n",), None, BillFault.LINE_UNREADABLE),
            ((), ("INN26030188ZM_777290058110048", "INN26030188ZME_777290058110048"), BillFault.OTHER_DAY),
            ((), ("INN26030288ZM_777290058110097", "x"), BillFault.OTHER_MERCHANT),
            ((), ("INN26030288ZM_777290058110048", "x"), BillFault.LINE_UNREADABLE),
            ((), ("x", "y"), BillFault.LINE_UNREADABLE),
        ],
    )
    def test_is_used_whole_or_not_at_all(
        self, lines: tuple[bytes, ...], names: tuple[str, str] | None, fault: BillFault
    ) -> None:
        with pytest.raises(BillDamaged) as damage:
            settlement_of(settlement_file(zm_line(), *lines, names=names))
        assert damage.value.fault is fault, damage.value

    @pytest.mark.parametrize("content", ["", "AAAA", vectors.FILE_CONTENT, settlement_file(zm_line())[:-20]])
    def test_that_is_no_zip_is_refused(self, content: str) -> None:
        with pytest.raises(BillDamaged):
            settlement_of(content)

    def test_whose_content_was_cut_inside_the_zip_is_refused(self) -> None:
        packed = zlib.decompress(base64.b64decode(settlement_file(zm_line())))
        spoilt = packed.replace(b"order00001", b"order00002")
        with pytest.raises(BillDamaged):
            settlement_of(base64.b64encode(zlib.compress(spoilt)).decode())

    def test_ends_at_eleven_in_the_evening(self) -> None:
        (movement,) = settlement_of(settlement_file(zm_line(c4="0301230000"))).movements
        assert movement.occurred_at == local(date(2026, 3, 1), 23)
