"""A bank that does everything its own way, as the guide on adding a bank describes it: versions, paths, headers, words."""

import base64
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import lxml.etree
from aiohttp import web
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA512

ACCOUNT = "DE89370400440532013000"
PREFIX = "9000"
CUSTOMER = "LK-77"
NOW = datetime(2026, 3, 2, 4, tzinfo=UTC)
"""Noon in Shanghai; the bank stands there."""


@dataclass
class Lakeside:
    """Its books, keys and one account."""

    key: RSAPrivateKey
    customer_key: RSAPublicKey
    transfers: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    """Number -> state, amount, reason."""
    messages: dict[str, list[str]] = field(default_factory=dict)
    entries: list[tuple[str, str, str, str]] = field(default_factory=list)
    """Direction, amount, number, details."""
    documents: list[lxml.etree._Element] = field(default_factory=list)
    """The messages that came."""

    def come_in(self, account_no: str, amount: str) -> bytes:
        """Money comes in; the notice about it."""
        details = (
            "<RltdPties><Dbtr><Nm>Acme GmbH</Nm></Dbtr><DbtrAcct><Id><IBAN>DE02120300000000202051</IBAN></Id></DbtrAcct>"
            f"<CdtrAcct><Id><Othr><Id>{account_no}</Id></Othr></Id></CdtrAcct></RltdPties>"
            "<RltdAgts><DbtrAgt><FinInstnId><BIC>BYLADEM1001</BIC></FinInstnId></DbtrAgt></RltdAgts>"
        )
        self.entries.append(("CRDT", amount, "", details))
        body = (
            f"<GrpHdr><MsgId>N{len(self.entries)}</MsgId></GrpHdr><Ntfctn><Acct><Id><IBAN>{ACCOUNT}</IBAN></Id></Acct>"
            f"{self._entry(len(self.entries) - 1)}</Ntfctn>"
        )
        return self._document("camt.054.001.02", "BkToCstmrDbtCdtNtfctn", body)

    def signed(self, body: bytes) -> dict[str, str]:
        """The headers of what the bank says."""
        moment = str(int(NOW.timestamp()))
        signature = self.key.sign(body + f"|{moment}".encode(), PKCS1v15(), SHA512())
        return {"Lake-Time": moment, "Lake-Sign": base64.b64encode(signature).decode()}

    def believes(self, request: web.Request, body: bytes) -> bool:
        """Whether the customer signed it."""
        moment = request.headers.get("Lake-Time", "")
        message = f"{CUSTOMER}|{moment}|{request.method} {request.raw_path}|".encode() + body
        try:
            signature = base64.b64decode(request.headers.get("Lake-Sign", ""))
            self.customer_key.verify(signature, message, PKCS1v15(), SHA512())
        except InvalidSignature:
            return False
        return request.headers.get("Lake-Customer") == CUSTOMER

    def answer(self, method: str, path: list[str], body: bytes) -> tuple[int, bytes]:
        """What it says to a call."""
        if method == "POST":
            return 200, self._initiate(body)
        match path:
            case ["payments", number]:
                return self._status([number]) if number in self.transfers else self.refusal(404, "L-NONE")
            case ["messages", number]:
                return (
                    self._status(self.messages[number])
                    if number in self.messages
                    else self.refusal(404, "L-NONE")
                )
            case ["accounts", number, "today"]:
                return 200, self._account(
                    "camt.052.001.02", ("BkToCstmrAcctRpt", "Rpt"), number, ("OPBD", "ITBD")
                )
            case ["accounts", number, "days", "2026-03-02"]:
                return 200, self._account(
                    "camt.053.001.02", ("BkToCstmrStmt", "Stmt"), number, ("PRCD", "CLBD")
                )
        return self.refusal(404, "L-EARLY")

    def refusal(self, status: int, code: str) -> tuple[int, bytes]:
        return status, json.dumps({"error": {"id": code, "text": "no"}}).encode()

    def _initiate(self, body: bytes) -> bytes:
        root = lxml.etree.fromstring(body)
        self.documents.append(root)
        assert root.tag == "{urn:iso:std:iso:20022:tech:xsd:pain.001.001.03}Document"
        assert root.findtext(".//{*}ReqdExctnDt") == "2026-03-02"
        message_no = root.findtext(".//{*}MsgId") or ""
        numbers: list[str] = []
        for one in root.iterfind(".//{*}CdtTrfTxInf"):
            number = one.findtext(".//{*}EndToEndId") or ""
            numbers.append(number)
            if number in self.transfers:
                return self._report([number], state="RJCT", reason="L-AGAIN")
            amount = one.findtext(".//{*}InstdAmt") or ""
            good = (one.findtext("{*}CdtrAcct/{*}Id/{*}IBAN") or "").startswith("DE")
            self.transfers[number] = ("DONE", amount, "") if good else ("RJCT", amount, "L-IBAN")
            if good:
                details = f"<Refs><MsgId>{message_no}</MsgId><EndToEndId>{number}</EndToEndId></Refs>"
                self.entries.append(("DBIT", amount, number, details))
        self.messages[message_no] = numbers
        return self._report(numbers)

    def _status(self, numbers: list[str]) -> tuple[int, bytes]:
        return 200, self._report(numbers)

    def _report(self, numbers: list[str], *, state: str = "", reason: str = "") -> bytes:
        parts = ""
        for number in numbers:
            said, amount, why = self.transfers[number]
            code = reason or why
            because = f"<StsRsnInf><Rsn><Prtry>{code}</Prtry></Rsn></StsRsnInf>" if code else ""
            parts += (
                f"<TxInfAndSts><OrgnlEndToEndId>{number}</OrgnlEndToEndId><TxSts>{state or said}</TxSts>{because}"
                f'<OrgnlTxRef><Amt><InstdAmt Ccy="EUR">{amount}</InstdAmt></Amt></OrgnlTxRef></TxInfAndSts>'
            )
        body = f"<GrpHdr/><OrgnlGrpInfAndSts/><OrgnlPmtInfAndSts>{parts}</OrgnlPmtInfAndSts>"
        return self._document("pain.002.001.03", "CstmrPmtStsRpt", body)

    def _account(self, version: str, names: tuple[str, str], number: str, kinds: tuple[str, str]) -> bytes:
        own = number == ACCOUNT
        chosen = [index for index, entry in enumerate(self.entries) if own or f">{number}<" in entry[3]]
        moved = sum(
            round(float(self.entries[index][1]) * 100) * (1 if self.entries[index][0] == "CRDT" else -1)
            for index in chosen
        )
        opening = 100_000 if own else 0
        balances = "".join(
            f"<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp>"
            f'<Amt Ccy="EUR">{amount / 100:.2f}</Amt><CdtDbtInd>CRDT</CdtDbtInd></Bal>'
            for kind, amount in zip(kinds, (opening, opening + moved), strict=True)
        )
        entries = "".join(self._entry(index) for index in chosen)
        place = "IBAN" if own else "Othr"
        shown = number if own else f"<Id>{number}</Id>"
        account = f"<Acct><Id><{place}>{shown}</{place}></Id></Acct>"
        body = f"<GrpHdr/><{names[1]}>{account}{balances}{entries}</{names[1]}>"
        return self._document(version, names[0], body)

    def _entry(self, index: int) -> str:
        direction, amount, _, details = self.entries[index]
        return (
            f'<Ntry><Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>{direction}</CdtDbtInd><BookgDt><Dt>2026-03-02</Dt></BookgDt>'
            f"<AcctSvcrRef>LK{index}</AcctSvcrRef><NtryDtls><TxDtls>{details}</TxDtls></NtryDtls></Ntry>"
        )

    def _document(self, version: str, name: str, body: str) -> bytes:
        namespace = f"urn:iso:std:iso:20022:tech:xsd:{version}"
        return f'<Document xmlns="{namespace}"><{name}>{body}</{name}></Document>'.encode()


@asynccontextmanager
async def serving(bank: Lakeside) -> AsyncGenerator[str, None]:
    """Its address while it serves."""

    async def handle(request: web.Request) -> web.Response:
        body = await request.read()
        path = request.path.split("/")
        if path[1] != "h2h" or not bank.believes(request, body):
            status, said = bank.refusal(401, "L-WHO")
        else:
            status, said = bank.answer(request.method, path[2:], body)
        return web.Response(status=status, body=said, headers=bank.signed(said))

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
