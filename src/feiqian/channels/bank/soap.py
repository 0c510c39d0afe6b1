"""A bank's web service. zeep builds and reads messages after the WSDL; what goes over the wire is ours.

Source of the security header: OASIS WSS UsernameToken profile 1.0 with a digest, and a Timestamp.
"""

import asyncio
import secrets
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import lxml.etree
import zeep
import zeep.exceptions
import zeep.helpers
import zeep.transports
from zeep.wsse import utils
from zeep.wsse.username import UsernameToken

from feiqian.channels.bank.config import BankConfig
from feiqian.channels.bank.errors import (
    NUMBER_USED,
    UNANSWERED,
    UNREADABLE,
    UNSUPPORTED,
    ErrorTable,
    error_of,
)
from feiqian.channels.bank.forms import Soap, SoapOperation
from feiqian.channels.bank.https import BankHttp
from feiqian.channels.bank.nodes import Node, ValueNode, XmlNode, parse_xml
from feiqian.channels.bank.outgoing import Outgoing, Writer, read_status
from feiqian.channels.bank.profile import Profile
from feiqian.channels.bank.statements import (
    Account,
    BankStatement,
    StatementEntry,
    read_account,
    statement_of,
)
from feiqian.channels.bank.templates import Values, fill
from feiqian.channels.errors import BillDamaged, BillFault, BillMissing, ChannelError
from feiqian.channels.model import ChannelTransfer, ChannelTransferState
from feiqian.kernel.calendar import business_date

ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
_UNBUILDABLE = (zeep.exceptions.Error, ValueError, TypeError, ArithmeticError)
"""What zeep raises for a message that does not fit its description."""


class _Described(zeep.transports.Transport):
    """Gives zeep the one description that was fetched, and nothing else."""

    def __init__(self, address: str, content: bytes) -> None:
        super().__init__()
        self._address = address
        self._content = content
        self.session.close()

    def load(self, url: str) -> bytes:
        """Raises: ValueError for anything but the description itself."""
        if url != self._address:
            raise ValueError(f"the description needs another file: {url}")
        return self._content


class SoapFront:
    """Transfers, statements and what came in, by a web service."""

    def __init__(
        self,
        *,
        config: BankConfig,
        profile: Profile,
        form: Soap,
        http: BankHttp,
        writer: Writer,
        errors: ErrorTable,
    ) -> None:
        self._config = config
        self._profile = profile
        self._form = form
        self._http = http
        self._writer = writer
        self._errors = errors
        self._client: zeep.Client | None = None

    async def transfer(self, order: Outgoing, *, now: datetime) -> ChannelTransfer:
        """Asks for a transfer. Heard before under its number, it is asked about instead."""
        request = order.request
        values = self._writer.values(order, now=now)
        try:
            found = self._status(
                await self._call(self._form.transfer, values, now=now), request.out_transfer_no
            )
        except ChannelError as error:
            if error.channel_code not in self._form.duplicate:
                raise
            found = await self.query(request.out_transfer_no, requested_at=request.requested_at, now=now)
        if found.amount is not None and found.amount != request.amount:
            raise error_of(NUMBER_USED, message=f"{found.amount} under {request.out_transfer_no}")
        if found.state is ChannelTransferState.FAILED:
            raise self._errors.error(found.error_code or "", found.error_message or "")
        return found

    async def query(self, number: str, *, requested_at: datetime, now: datetime) -> ChannelTransfer:  # noqa: ARG002 (the number is enough)
        """Where a transfer stands. The service knows it by its number alone."""
        try:
            return self._status(
                await self._call(self._form.query, {**self._writer.own, "number": number}, now=now), number
            )
        except ChannelError as error:
            if error.channel_code in self._form.unknown:
                return ChannelTransfer(out_transfer_no=number, state=ChannelTransferState.UNKNOWN_TO_CHANNEL)
            raise

    async def statement(self, account_no: str, day: date, *, now: datetime) -> BankStatement:
        """The statement of a day. Raises: BillMissing, BillDamaged."""
        if day >= business_date(now):
            raise BillMissing(day=day, channel_code="")
        try:
            account = await self._period(account_no, day, day, now=now)
        except ChannelError as error:
            if error.channel_code in self._form.not_ready:
                raise BillMissing(day=day, channel_code=error.channel_code) from error
            raise
        except ValueError as error:
            raise BillDamaged(day=day, fault=BillFault.LINE_UNREADABLE, detail=str(error)) from error
        return statement_of(account, account_no=account_no, day=day)

    async def received(
        self,
        account_no: str,
        *,
        first: date,
        last: date,
        swept: bool,  # noqa: ARG002 (a period is one call, whatever the balances say)
        now: datetime,
    ) -> list[StatementEntry]:
        """The entries of an account from ``first`` to ``last``, both included, as far as they have happened."""
        last = min(last, business_date(now))
        try:
            account = await self._period(account_no, first, last, now=now)
        except ValueError as error:
            raise error_of(UNREADABLE, message=str(error)) from error
        if account.account_no != account_no:
            raise error_of(UNREADABLE, message=f"it is about {account.account_no}")
        if account.opening is None or account.closing is None:
            raise error_of(UNREADABLE, message="it has no balances")
        if account.opening + sum(entry.amount for entry in account.entries) != account.closing:
            raise error_of(UNREADABLE, message="it does not add up")
        return list(account.entries)

    async def _period(self, account_no: str, first: date, last: date, *, now: datetime) -> Account:
        parts, entries = self._form.statement_parts, self._form.entries
        assert parts is not None, "the profile was checked"
        assert entries is not None, "the profile was checked"
        values = {
            **self._writer.own,
            "account": account_no,
            "from_day": first.isoformat(),
            "day": last.isoformat(),
        }
        said = await self._call(self._form.statement, values, now=now, large=True)
        return read_account(said, parts, entries, currency=self._profile.currency, asked_no=account_no)

    def _status(self, said: Node, number: str) -> ChannelTransfer:
        parts = self._form.status_parts
        assert parts is not None, "the profile was checked"
        return read_status(said, parts, self._form.states, number=number, currency=self._profile.currency)

    async def _call(
        self, form: SoapOperation | None, values: Values, *, now: datetime, large: bool = False
    ) -> ValueNode:
        assert form is not None, "the profile was checked"
        client = await self._opened()
        operation = _operation(client, form.operation)
        content = {name: text for name, template in form.parameters if (text := fill(template, values))}
        client.wsse = self._token(now)
        try:
            envelope = client.create_message(client.service, form.operation, **_typed(operation, content))
        except _UNBUILDABLE as error:
            raise error_of(UNSUPPORTED, message=str(error)) from error
        answer = await self._http.send(
            "POST",
            self._form.address,
            headers={"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{operation.soapaction}"'},
            body=lxml.etree.tostring(envelope, xml_declaration=True, encoding="UTF-8"),
            large=large,
        )
        if large:
            return await asyncio.to_thread(self._read, operation, answer.body, answer.status)
        return self._read(operation, answer.body, answer.status)

    def _read(self, operation: Any, body: bytes, status: int) -> ValueNode:
        try:
            root = parse_xml(body)
            bodies = root.all("Body") if root.element.tag == f"{{{ENVELOPE}}}Envelope" else []
            if len(bodies) != 1:
                raise ValueError("it is no envelope")
        except ValueError as error:
            if status >= 500:
                raise error_of(UNANSWERED, message=f"HTTP {status}: {error}") from error
            raise error_of(UNREADABLE, message=f"HTTP {status}: {error}") from error
        for fault in bodies[0].element.iterchildren(f"{{{ENVELOPE}}}Fault"):
            raise self._fault(fault)
        try:
            said = zeep.helpers.serialize_object(operation.process_reply(root.element))
        except _UNBUILDABLE as error:
            raise error_of(UNREADABLE, message=str(error)) from error
        return ValueNode(said)

    def _fault(self, fault: lxml.etree._Element) -> ChannelError:
        detail = fault.find("detail")
        node = XmlNode(detail) if detail is not None else None
        code = node.text(self._form.refusal_code) if node else ""
        message = node.text(self._form.refusal_message) if node else ""
        return self._errors.error(
            code or (fault.findtext("faultcode") or "").rpartition(":")[2],
            message or fault.findtext("faultstring") or "",
        )

    async def _opened(self) -> zeep.Client:
        """The service as its description says, which is fetched once."""
        if self._client is None:
            answer = await self._http.send("GET", self._form.wsdl, headers={}, body=b"")
            address = self._config.base_url.rstrip("/") + self._form.wsdl
            settings = zeep.Settings(forbid_dtd=True, forbid_entities=True, forbid_external=True)  # pyright: ignore[reportCallIssue]
            try:
                if answer.status != 200:
                    raise ValueError(f"HTTP {answer.status}")
                parse_xml(answer.body)
                self._client = zeep.Client(
                    address, transport=_Described(address, answer.body), settings=settings
                )
            except _UNBUILDABLE as error:
                raise error_of(UNSUPPORTED, message=f"the description {self._form.wsdl}: {error}") from error
        return self._client

    def _token(self, now: datetime) -> UsernameToken:
        created = now.astimezone(UTC)
        stamp: Any = utils.WSU.Timestamp()
        stamp.append(utils.WSU.Created(utils.get_timestamp(created)))
        stamp.append(
            utils.WSU.Expires(utils.get_timestamp(created + timedelta(seconds=self._form.token_lifetime_s)))
        )
        return UsernameToken(
            self._config.soap_username,
            self._config.soap_password,
            use_digest=True,
            nonce=secrets.token_hex(16),
            created=created,
            timestamp_token=stamp,
        )


def _operation(client: zeep.Client, name: str) -> Any:
    """The operation of the first port of the first service."""
    try:
        service = next(iter(client.wsdl.services.values()))
        return next(iter(service.ports.values())).binding.get(name)
    except (ValueError, KeyError, StopIteration) as error:
        raise error_of(UNSUPPORTED, message=f"the description has no operation {name}") from error


def _typed(operation: Any, content: Mapping[str, str]) -> dict[str, Any]:
    """Texts as the types of the description: amounts, days and moments."""
    known = {name: element.type for name, element in operation.input.body.type.elements}
    readers = {"decimal": Decimal, "date": date.fromisoformat, "dateTime": datetime.fromisoformat}
    return {name: readers.get(_base(known.get(name)), str)(text) for name, text in content.items()}


def _base(kind: Any) -> str:
    """The name of the built-in type that a simple type restricts."""
    for each in type(kind).__mro__ if kind is not None else ():
        name = getattr(each, "_default_qname", None)
        if name is not None and name.namespace == "http://www.w3.org/2001/XMLSchema":
            return name.localname
    return ""
