"""Messages of ISO 20022 over the bank's front: pain.001 out, pain.002 and camt in."""

import asyncio
from collections.abc import Mapping
from datetime import date, datetime, timedelta

import msgspec

from feiqian.channels.bank.errors import NUMBER_USED, UNANSWERED, UNREADABLE, ErrorTable, error_of
from feiqian.channels.bank.forms import AccountParts, Iso20022, Parts, StatusParts
from feiqian.channels.bank.https import BankHttp
from feiqian.channels.bank.nodes import XmlNode, build_xml, namespace_of, parse_xml
from feiqian.channels.bank.outgoing import Outgoing, Writer, read_status
from feiqian.channels.bank.profile import Profile
from feiqian.channels.bank.statements import (
    Account,
    BankStatement,
    StatementEntry,
    read_account,
    statement_of,
)
from feiqian.channels.bank.templates import fill
from feiqian.channels.errors import BillDamaged, BillFault, BillMissing, ChannelError
from feiqian.channels.model import ChannelTransfer, ChannelTransferState, TransferBatch, TransferRequest
from feiqian.infra.http import HttpAnswer
from feiqian.kernel.calendar import business_date, days
from feiqian.kernel.errors import InvalidRequest
from feiqian.kernel.money import format_major


class Iso20022Front:
    """Transfers, batches, statements and what came in, in ISO 20022."""

    def __init__(
        self, *, profile: Profile, form: Iso20022, http: BankHttp, writer: Writer, errors: ErrorTable
    ) -> None:
        self._profile = profile
        self._form = form
        self._http = http
        self._writer = writer
        self._errors = errors

    async def transfer(self, order: Outgoing, *, now: datetime) -> ChannelTransfer:
        """A message with one transfer. Heard before under its number, it is asked about instead."""
        request = order.request
        values = self._writer.values(order, now=now)
        template = self._form.refund_message_no if order.refund else self._form.message_no
        root = await self._initiate([values], fill(template, values), total=request.amount, now=now)
        reason, detail = self._group_reason(root)
        places = self._transactions(root)
        if places:
            found = self._status(places[0], request.out_transfer_no)
            reason, detail = found.error_code or reason, found.error_message or detail
            if found.state is not ChannelTransferState.FAILED:
                return _same(found, order)
        elif not reason:
            raise error_of(UNREADABLE, message="the answer names neither a transfer nor a reason")
        if reason in self._form.duplicate:
            found = await self.query(request.out_transfer_no, requested_at=request.requested_at, now=now)
            if found.state is ChannelTransferState.UNKNOWN_TO_CHANNEL:
                raise error_of(UNANSWERED, code=reason, message="heard before, and not known")
            _same(found, order)
            if found.state is not ChannelTransferState.FAILED:
                return found
            reason, detail = found.error_code or reason, found.error_message or detail
        raise self._errors.error(reason, detail)

    async def query(self, number: str, *, requested_at: datetime, now: datetime) -> ChannelTransfer:
        """Where a transfer stands; where the profile says so, also whether it came back since."""
        root = await self._ask_status(self._form.status, number, now=now)
        if root is None:
            return ChannelTransfer(out_transfer_no=number, state=ChannelTransferState.UNKNOWN_TO_CHANNEL)
        found = self._one(root, number)
        if found.state is ChannelTransferState.SUCCEEDED and self._form.returns_within_days:
            since = found.finished_at or requested_at
            if back := await self._returned(number, since=since, now=now):
                return msgspec.structs.replace(
                    found,
                    state=ChannelTransferState.RETURNED,
                    finished_at=back.booked_at,
                    error_code=back.reason,
                    error_message=back.memo,
                )
        return found

    async def transfer_batch(self, batch: TransferBatch, *, now: datetime) -> None:
        """A message with many; heard before under its number, it is the same one."""
        items = [self._item(index, each, now=now) for index, each in enumerate(batch.transfers)]
        number = fill(
            self._form.batch_message_no, {"number": self._writer.number(batch.batch_no, "batch_no")}
        )
        total = sum(each.amount for each in batch.transfers)
        root = await self._initiate(items, number, total=total, now=now)
        reason, detail = self._group_reason(root)
        if reason and not self._transactions(root) and reason not in self._form.duplicate:
            raise self._errors.error(reason, detail)

    def _item(self, index: int, request: TransferRequest, *, now: datetime) -> dict[str, str]:
        """The values of one of many. Raises: InvalidRequest naming its place."""
        try:
            return self._writer.values(Outgoing(request=request), now=now)
        except InvalidRequest as error:
            field = f"transfers[{index}].{error.facts['field']}"
            raise InvalidRequest(field=field, reason=error.facts["reason"]) from error

    async def query_batch(self, batch_no: str, *, now: datetime) -> Mapping[str, ChannelTransfer] | None:
        """The transfers of a batch; None when the bank has no such message."""
        number = fill(self._form.batch_message_no, {"number": self._writer.number(batch_no, "batch_no")})
        root = await self._ask_status(self._form.batch_status, number, now=now)
        if root is None:
            return None
        parts = self._parts
        numbers = {node.text(parts.number): node for node in self._transactions(root)}
        return {each: self._status(node, each) for each, node in numbers.items()}

    async def statement(self, account_no: str, day: date, *, now: datetime) -> BankStatement:
        """The statement of a past day. Raises: BillMissing, BillDamaged."""
        values = {**self._writer.own, "account": account_no, "day": day.isoformat()}
        try:
            answer = await self._http.call("GET", self._form.statement, values, now=now, large=True)
        except ChannelError as error:
            if error.channel_code in self._form.not_ready:
                raise BillMissing(day=day, channel_code=error.channel_code) from error
            raise
        try:
            account = await asyncio.to_thread(self._account, answer.body, self._form.statement_parts)
        except ValueError as error:
            raise BillDamaged(day=day, fault=BillFault.LINE_UNREADABLE, detail=str(error)) from error
        return statement_of(account, account_no=account_no, day=day)

    async def received(
        self, account_no: str, *, first: date, last: date, swept: bool, now: datetime
    ) -> list[StatementEntry]:
        """The entries of an account from ``first`` to ``last``, both included, as far as they have happened."""
        report = await self.report(account_no, now=now)
        today = business_date(now)
        entries = list(report.entries) if first <= today <= last else []
        if report.opening == 0 and not swept:
            return entries
        earlier: list[StatementEntry] = []
        for day in days(first, min(last, today - timedelta(days=1))):
            earlier += (await self._day(account_no, day, now=now)).entries
        return [*earlier, *entries]

    async def report(self, account_no: str, *, now: datetime) -> Account:
        """The day so far."""
        values = {**self._writer.own, "account": account_no}
        answer = await self._http.call("GET", self._form.report, values, now=now, large=True)
        try:
            account = await asyncio.to_thread(self._account, answer.body, self._form.report_parts)
        except ValueError as error:
            raise error_of(UNREADABLE, message=str(error)) from error
        if account.account_no != account_no or account.opening is None or account.closing is None:
            raise error_of(
                UNREADABLE, message=f"the report is about {account.account_no}, or has no balances"
            )
        if account.opening + sum(entry.amount for entry in account.entries) != account.closing:
            raise error_of(UNREADABLE, message="the report does not add up")
        return account

    async def _day(self, account_no: str, day: date, *, now: datetime) -> BankStatement:
        """A past day, for a question whose answer would be incomplete without it."""
        try:
            return await self.statement(account_no, day, now=now)
        except BillMissing as error:
            raise self._errors.error(error.channel_code, str(error)) from error
        except BillDamaged as error:
            raise error_of(UNREADABLE, message=str(error)) from error

    async def _returned(self, number: str, *, since: datetime, now: datetime) -> StatementEntry | None:
        """The entry by which a transfer came back, on one of the days after it."""
        account_no = self._writer.own["account"]
        today = business_date(now)
        first = business_date(since)
        entries: list[StatementEntry] = []
        for day in days(first, min(today, first + timedelta(days=self._form.returns_within_days))):
            try:
                found = (
                    self.report(account_no, now=now)
                    if day == today
                    else self.statement(account_no, day, now=now)
                )
                entries += (await found).entries
            except BillMissing:
                # It will be there later; until then nothing is known of a return.
                continue
        return next((entry for entry in entries if entry.kind == "return" and entry.number == number), None)

    async def _initiate(
        self, items: list[dict[str, str]], message_no: str, *, total: int, now: datetime
    ) -> XmlNode:
        currency = self._profile.currency
        group = {
            **self._writer.own,
            **self._writer.times(now),
            "message_no": message_no,
            "count": str(len(items)),
            "total": format_major(total, currency),
        }
        body = build_xml(
            root=self._form.initiation_root,
            namespace=self._form.initiation_namespace,
            message=self._form.message,
            values=group,
            repeated=self._form.transaction,
            repeated_parts=self._form.transaction_parts,
            items=[{**group, **item} for item in items],
        )
        answer = await self._http.call(
            "POST", self._form.initiation, group, body=body, now=now, large=len(items) > 1
        )
        return self._read(answer)

    async def _ask_status(self, address: str, number: str, *, now: datetime) -> XmlNode | None:
        values = {**self._writer.own, "number": number, "message_no": number}
        try:
            answer = await self._http.call("GET", address, values, now=now, large=True)
        except ChannelError as error:
            if error.channel_code in self._form.unknown:
                return None
            raise
        root = self._read(answer)
        reason, _ = self._group_reason(root)
        return None if reason in self._form.unknown else root

    def _read(self, answer: HttpAnswer) -> XmlNode:
        try:
            root = parse_xml(answer.body)
            if namespace_of(root) not in self._form.namespaces:
                raise ValueError(f"it is a {namespace_of(root)!r}")
        except ValueError as error:
            raise error_of(UNREADABLE, message=f"HTTP {answer.status}: {error}") from error
        return root

    @property
    def _parts(self) -> StatusParts:
        assert self._form.status_parts is not None, "the profile was checked"
        return self._form.status_parts

    def _transactions(self, root: XmlNode) -> list[XmlNode]:
        return root.all(self._parts.transaction)

    def _group_reason(self, root: XmlNode) -> tuple[str, str]:
        return root.text(self._parts.group_reason), root.text(self._parts.group_detail)

    def _one(self, root: XmlNode, number: str) -> ChannelTransfer:
        places = [node for node in self._transactions(root) if node.text(self._parts.number) == number]
        if len(places) != 1:
            raise error_of(UNREADABLE, message=f"the answer names {number} {len(places)} times")
        return self._status(places[0], number)

    def _status(self, node: XmlNode, number: str) -> ChannelTransfer:
        return read_status(
            node, self._parts, self._form.states, number=number, currency=self._profile.currency
        )

    def _account(self, content: bytes, parts: AccountParts | None) -> Account:
        assert parts is not None, "the profile was checked"
        return read_document(parse_xml(content), parts, self._form, currency=self._profile.currency)


def read_document(root: XmlNode, parts: AccountParts, form: Iso20022, *, currency: str) -> Account:
    """The account's part of a camt. Raises: ValueError."""
    if namespace_of(root) not in form.namespaces:
        raise ValueError(f"it is a {namespace_of(root)!r}")
    entries: Parts | None = form.entries
    assert entries is not None, "the profile was checked"
    return read_account(root, parts, entries, currency=currency)


def _same(found: ChannelTransfer, order: Outgoing) -> ChannelTransfer:
    """What the bank has is what was asked for. Raises: ChannelFailed when the number stands for another transfer."""
    if found.amount is not None and (found.amount, found.currency) != (
        order.request.amount,
        order.request.currency,
    ):
        shown = f"{found.amount} {found.currency} under {found.out_transfer_no}"
        raise error_of(NUMBER_USED, message=shown)
    return found
