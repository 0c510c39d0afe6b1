"""Payouts to one account, and batches of them by file."""

import base64
import zlib
from collections.abc import Callable

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from tests.simulators.unionpay.inbox import Inbox
from tests.simulators.unionpay.merchant import API, Sandbox
from tests.vectors import unionpay as vectors

from feiqian.simulators.unionpay.batch_file import pack, parse, unpack

NOWHERE = "http://127.0.0.1:9/none"
TITLES = "orderId|currencyCode|txnAmt|accType|accNo|customerNm"


def pay_out(sandbox: Sandbox, number: str, back_url: str = NOWHERE, **changes: str) -> str:
    """The answer's code to a payout of 50 yuan."""
    fields = sandbox.payout(number, 5000, back_url, **changes)
    return sandbox.back({name: value for name, value in fields.items() if value})["respCode"]


def encrypted(sandbox: Sandbox, text: str) -> str:
    """A sensitive value as a merchant sends it."""
    certificate = x509.load_pem_x509_certificate(sandbox.credentials["encrypt_certificate"].encode())
    key = certificate.public_key()
    assert isinstance(key, RSAPublicKey)
    return base64.b64encode(key.encrypt(text.encode(), PKCS1v15())).decode()


class TestAPayout:
    def test_is_accepted_first_and_notified_when_it_has_succeeded(
        self, sandbox: Sandbox, inbox: Inbox, number: str
    ) -> None:
        asked = sandbox.payout(number, 5000, inbox.url)
        answer = sandbox.back(asked)
        assert answer["respCode"] == "00"
        notice = inbox.next()
        assert sandbox.holds(notice)
        expected = {
            "txnType": "12", "bizType": "000401", "respCode": "00", "txnAmt": "5000", "settleAmt": "5000",
            "orderId": number, "queryId": answer["queryId"], "accNo": "6226********0095",
        }  # fmt: skip
        assert {name: notice[name] for name in expected} == expected
        assert sandbox.outcome(number, asked["txnTime"]) == "00"

    def test_may_carry_its_payee_encrypted(self, sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        certificate = x509.load_pem_x509_certificate(sandbox.credentials["encrypt_certificate"].encode())
        inner = encrypted(sandbox, "phoneNo=13552535506&certifId=341126197709218366")
        payee = base64.b64encode(f"{{certifTp=01&encryptedInfo={inner}}}".encode()).decode()
        changes = {
            "encryptCertId": str(certificate.serial_number),
            "accNo": encrypted(sandbox, "6226388000000095"),
            "customerInfo": payee,
        }
        assert pay_out(sandbox, number, inbox.url, **changes) == "00"
        assert inbox.next()["accNo"] == "6226********0095"

    def test_to_a_company_needs_its_account_name(self, sandbox: Sandbox, number: str) -> None:
        company = {"accType": "04", "customerInfo": ""}
        assert pay_out(sandbox, f"{number}a", **company) == "13"
        named = {**company, "reserved": "{comDebitCardAccName=某某公司&businessLicenseRegNo=1101888888}"}
        assert pay_out(sandbox, f"{number}b", **named) == "00"

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"accNo": "62"}, "61"),
            ({"accNo": ""}, "13"),
            ({"customerInfo": ""}, "13"),
            ({"customerInfo": "%%"}, "10"),
            ({"customerInfo": base64.b64encode(b"{certifTp=01}").decode()}, "13"),
            ({"encryptCertId": "1"}, "10"),
            ({"accType": "09"}, "10"),
            ({"bizType": "000201"}, "32"),
        ],
    )
    def test_that_breaks_a_rule_is_refused(
        self, sandbox: Sandbox, number: str, changes: dict[str, str], code: str
    ) -> None:
        assert pay_out(sandbox, number, **changes) == code
        assert sandbox.outcome(number, sandbox.txn_time()) == "respCode 34"

    def test_sent_again_is_a_repeated_transaction(self, sandbox: Sandbox, number: str) -> None:
        assert [pay_out(sandbox, number) for _ in range(2)] == ["00", "12"]

    @pytest.mark.parametrize(
        ("mode", "code", "outcome"),
        [
            ("defective", "00", "A6"),
            ("processing", "00", "05"),
            ("fails_later", "00", "61"),
            ("unknown_01", "01", "00"),
            ("unknown_05", "05", "00"),
            ("unknown_60", "60", "00"),
            ("not_done_03", "03", "respCode 34"),
        ],
    )
    def test_may_go_otherwise(
        self, sandbox: Sandbox, number: str, mode: str, code: str, outcome: str
    ) -> None:
        sandbox.sandbox("behaviour", {"payout": mode, "only_next": 1})
        txn_time = sandbox.txn_time()
        assert pay_out(sandbox, number) == code
        assert sandbox.outcome(number, txn_time) == outcome

    def test_that_failed_cannot_come_back(self, sandbox: Sandbox, number: str) -> None:
        sandbox.sandbox("behaviour", {"payout": "fails_later", "only_next": 1})
        pay_out(sandbox, number)
        assert sandbox.send("POST", f"/sandbox/orders/{number}/return").status == 400


class TestABatchFile:
    def test_is_packed_as_published(self) -> None:
        assert pack(vectors.FILE) == vectors.FILE_CONTENT
        assert unpack(vectors.FILE_CONTENT) == vectors.FILE.decode()

    @pytest.mark.parametrize("encoding", ["utf-8", "gbk"])
    def test_of_the_published_sample_is_read(self, encoding: str) -> None:
        file = parse(unpack(pack(vectors.BATCH_FILE.encode(encoding))))
        assert (len(file.lines), file.total) == (10, 1000)
        assert file.lines[9] == {
            "orderId": "0823000300003379", "currencyCode": "156", "txnAmt": "100", "accType": "01",
            "accNo": "6221558812340000", "customerNm": "互联网", "bizType": "000401", "certifTp": "01",
            "certifId": "341126197709218366", "phoneNo": "13552535506", "postscript": "样例展示",
        }  # fmt: skip


def batch_text(number: str, amounts: list[int]) -> str:
    lines = [
        f"{number}{place:04d}|156|{amount}|01|6221558812340000|张三"
        for place, amount in enumerate(amounts, start=1)
    ]
    return "\n".join([f"5.0.0|{sum(amounts)}|{len(amounts)}||", TITLES, *lines])


class Batches:
    """Sends batches with numbers of its own and reads their results."""

    def __init__(self, sandbox: Sandbox, batch_no: str) -> None:
        self.sandbox, self.batch_no = sandbox, batch_no
        self.txn_time = sandbox.txn_time()

    def send(self, text: str, amounts: list[int], **changes: str) -> str:
        fields = self.sandbox.common("21", "03", "000401") | {
            "batchNo": self.batch_no,
            "totalQty": str(len(amounts)),
            "totalAmt": str(sum(amounts)),
            "fileContent": pack(text.encode()),
        }
        return self.sandbox.call("batchTrans", fields | changes)["respCode"]

    def ask(self) -> dict[str, str]:
        asked = self.sandbox.common("22", "03", "000401") | {
            "batchNo": self.batch_no,
            "txnTime": self.txn_time,
        }
        return self.sandbox.call("batchTrans", asked)

    def result(self) -> tuple[list[str], list[dict[str, str]]]:
        """The header and the lines of the result file."""
        said = self.ask()
        assert said["respCode"] == "00", said
        text = zlib.decompress(base64.b64decode(said["fileContent"])).decode()
        header, titles, *lines = text.split("\r\n")
        names = titles.split("|")
        return header.split("|"), [dict(zip(names, line.split("|"), strict=True)) for line in lines]


@pytest.fixture
def batches(sandbox: Sandbox, number: str) -> Batches:
    """A batch number that no other test uses."""
    return Batches(sandbox, number[-4:])


class TestABatch:
    def test_is_paid_line_by_line_and_its_result_says_so(self, batches: Batches, number: str) -> None:
        assert batches.send(batch_text(number, [100, 250]), [100, 250]) == "00"
        header, lines = batches.result()
        assert header == ["5.0.0", "350", "2", "", "", "350", "2", "", ""]
        assert [(line["orderId"], line["respCode"], line["settleDate"]) for line in lines] == [
            (f"{number}0001", "00", "0302"),
            (f"{number}0002", "00", "0302"),
        ]
        line = lines[1]
        assert list(line)[:8] == [
            "respCode", "respMsg", "queryId", "sysTraNo", "sysTm", "settleDate", "reserved1", "reserved2",
        ]  # fmt: skip
        assert (line["txnAmt"], line["customerNm"], len(line["queryId"])) == ("250", "张三", 21)
        assert batches.sandbox.query(f"{number}0002", batches.txn_time)["queryId"] == line["queryId"]

    def test_may_fail_in_part(self, batches: Batches, number: str) -> None:
        batches.sandbox.sandbox("behaviour", {"batch": "part_fails", "only_next": 1})
        amounts = list(range(101, 111))
        batches.send(batch_text(number, amounts), amounts)
        header, lines = batches.result()
        codes = [line["respCode"] for line in lines]
        assert codes == ["00", "00", "61", "00", "00", "66", "00", "00", "60", "00"]
        paid = [amount for amount, code in zip(amounts, codes, strict=True) if code == "00"]
        assert header[5:7] == [str(sum(paid)), str(len(paid))]
        assert {line["queryId"] for line in lines if line["respCode"] != "00"} == {""}

    def test_may_fail_whole(self, batches: Batches, number: str) -> None:
        batches.sandbox.sandbox("behaviour", {"batch": "all_fail", "only_next": 1})
        batches.send(batch_text(number, [1, 2]), [1, 2])
        header, lines = batches.result()
        assert (header[5:7], [line["respCode"] for line in lines]) == (["0", "0"], ["61", "61"])

    def test_fails_for_a_line_alone_whose_account_or_name_is_bad(self, batches: Batches, number: str) -> None:
        text = batch_text(number, [1, 2, 3]).replace("|1|01|6221558812340000|", "|1|01|A221|")
        text = text.replace("|2|01|6221558812340000|张三", "|2|01|6221558812340000|")
        assert batches.send(text, [1, 2, 3]) == "00"
        assert [line["respCode"] for line in batches.result()[1]] == ["61", "66", "00"]

    def test_does_not_pay_an_order_number_twice(self, sandbox: Sandbox, number: str) -> None:
        text = batch_text(number, [7, 8])
        first, second = Batches(sandbox, f"8{number[-3:]}"), Batches(sandbox, f"9{number[-3:]}")
        assert [one.send(text, [7, 8]) for one in (first, second)] == ["00", "00"]
        assert [line["respCode"] for line in second.result()[1]] == ["12", "12"]

    def test_sent_again_is_a_repeated_transaction(self, batches: Batches, number: str) -> None:
        text = batch_text(number, [5])
        assert [batches.send(text, [5]) for _ in range(2)] == ["00", "12"]

    @pytest.mark.parametrize(
        "spoil",
        [
            lambda text: text.replace("5.0.0|300|", "5.0.0|301|"),
            lambda text: text.replace("|300|2|", "|300|3|"),
            lambda text: text.replace("|张三", "|张三|x", 1),
            lambda text: text.replace("0002|", "0001|"),
            lambda text: text.replace("|100|", "|-100|"),
            lambda text: text.replace("accNo", "account"),
            lambda text: text.split("\n")[0],
        ],
    )
    def test_with_a_bad_file_is_refused_whole(
        self, batches: Batches, number: str, spoil: Callable[[str], str]
    ) -> None:
        assert batches.send(spoil(batch_text(number, [100, 200])), [100, 200]) == "14"
        assert batches.ask()["respCode"] == "34"
        assert batches.sandbox.outcome(f"{number}0001", batches.txn_time) == "respCode 34"

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"totalAmt": "301"}, "14"),
            ({"totalQty": "3"}, "14"),
            ({"fileContent": "no base64"}, "14"),
            ({"batchNo": "0000"}, "10"),
            ({"txnSubType": "02"}, "32"),
        ],
    )
    def test_that_breaks_a_rule_is_refused(
        self, batches: Batches, number: str, changes: dict[str, str], code: str
    ) -> None:
        assert batches.send(batch_text(number, [100, 200]), [100, 200], **changes) == code
        assert batches.ask()["respCode"] == "34"

    @pytest.mark.parametrize(
        ("mode", "code", "before"), [("processing", "05", "05"), ("not_ready", "41", "00")]
    )
    def test_may_keep_its_result_back(
        self, batches: Batches, number: str, mode: str, code: str, before: str
    ) -> None:
        batches.sandbox.sandbox("behaviour", {"batch": mode, "only_next": 1})
        batches.send(batch_text(number, [100]), [100])
        assert batches.ask()["respCode"] == code
        assert batches.sandbox.outcome(f"{number}0001", batches.txn_time) == before
        batches.sandbox.sandbox(f"batches/{batches.batch_no}/settle", {})
        assert [line["respCode"] for line in batches.result()[1]] == ["00"]

    def test_may_lose_a_line_of_its_result(self, batches: Batches, number: str) -> None:
        batches.sandbox.sandbox("behaviour", {"batch": "result_short", "only_next": 1})
        batches.send(batch_text(number, [1, 2, 3]), [1, 2, 3])
        header, lines = batches.result()
        assert (header[6], len(lines)) == ("3", 2)

    def test_may_have_an_unreadable_result(self, batches: Batches, number: str) -> None:
        batches.sandbox.sandbox("behaviour", {"batch": "result_garbled", "only_next": 1})
        batches.send(batch_text(number, [1]), [1])
        with pytest.raises(zlib.error):
            zlib.decompress(base64.b64decode(batches.ask()["fileContent"]))

    def test_takes_a_large_file(self, batches: Batches, number: str) -> None:
        amounts = [1] * 20_000
        lines = [f"{number}x{place:06d}|156|1|01|6221558812340000|张三" for place in range(len(amounts))]
        lines[12_345] = lines[12_345].replace("6221558812340000", "bad")
        text = "\n".join([f"5.0.0|{len(amounts)}|{len(amounts)}||", TITLES, *lines])
        assert batches.send(text, amounts) == "00"
        header, results = batches.result()
        assert header[5:7] == ["19999", "19999"]
        assert [place for place, line in enumerate(results) if line["respCode"] != "00"] == [12_345]


def test_other_addresses_do_not_take_batches(sandbox: Sandbox) -> None:
    fields = sandbox.common("21", "03", "000401") | {"batchNo": "0001"}
    assert sandbox.post(f"{API}/backTransReq.do", fields).fields["respCode"] == "32"
