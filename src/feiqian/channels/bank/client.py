"""A bank after its profile: all that the house asks of it."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Protocol

from feiqian.channels.bank.config import BankConfig
from feiqian.channels.bank.errors import UNSUPPORTED, ErrorTable, error_of
from feiqian.channels.bank.https import CALL_TIMEOUT_S, BankHttp
from feiqian.channels.bank.incoming import Incoming
from feiqian.channels.bank.iso20022 import Iso20022Front
from feiqian.channels.bank.notices import NoticeReader
from feiqian.channels.bank.outgoing import Outgoing, Writer
from feiqian.channels.bank.profile import Profile
from feiqian.channels.bank.soap import SoapFront
from feiqian.channels.bank.socket_front import SocketFront
from feiqian.channels.bank.socket_line import SocketLine
from feiqian.channels.bank.statements import BankStatement, StatementEntry
from feiqian.channels.errors import NoticeFault, NoticeRefused
from feiqian.channels.model import (
    Bill,
    BillKind,
    BillLine,
    BillState,
    BillSummary,
    ChannelIdentity,
    ChannelKind,
    ChannelPayment,
    ChannelRefund,
    ChannelRefundState,
    ChannelTerms,
    ChannelTransfer,
    ChannelTransferState,
    MethodTerms,
    Notice,
    NoticeAnswer,
    OrderKey,
    PaymentMethod,
    Prepaid,
    PrepayRequest,
    RefundKey,
    RefundRequest,
    RefundTerms,
    TransferBatch,
    TransferKey,
    TransferRequest,
    TransferTerms,
)
from feiqian.infra.http import HttpClient
from feiqian.kernel.errors import InvalidRequest

REFUNDS_MAX = 50
"""How many one payment may have: a bank sees no refunds, only transfers."""
_REFUND_STATES = {
    ChannelTransferState.PROCESSING: ChannelRefundState.PROCESSING,
    ChannelTransferState.SUCCEEDED: ChannelRefundState.SUCCEEDED,
    ChannelTransferState.FAILED: ChannelRefundState.CLOSED,
    ChannelTransferState.RETURNED: ChannelRefundState.ABNORMAL,
    ChannelTransferState.UNKNOWN_TO_CHANNEL: ChannelRefundState.UNKNOWN_TO_CHANNEL,
}


class _Transferring(Protocol):
    async def transfer(self, order: Outgoing, *, now: datetime) -> ChannelTransfer: ...

    async def query(self, number: str, *, requested_at: datetime, now: datetime) -> ChannelTransfer: ...


class _Stating(Protocol):
    async def statement(self, account_no: str, day: date, *, now: datetime) -> BankStatement: ...

    async def received(
        self, account_no: str, *, first: date, last: date, swept: bool, now: datetime
    ) -> list[StatementEntry]: ...


class Bank:
    """One account at one bank; a ``TradeChannel`` that also transfers, one by one and many at once.

    What its profile does not have is refused as unsupported. ``close_connections`` ends what a socket front keeps open.
    Raises: InvalidRequest naming the setting, or the place in the profile, that is wrong.
    """

    def __init__(self, *, config: BankConfig, http: HttpClient, timeout_s: float = CALL_TIMEOUT_S) -> None:
        config.check()
        profile = config.read_profile()
        self._config = config
        self._profile = profile
        self._terms = _terms(profile)
        writer, errors = Writer(config, profile), ErrorTable(profile)
        self._writer = writer
        self._http = (
            BankHttp(config=config, form=profile.https, errors=errors, http=http, timeout_s=timeout_s)
            if profile.https
            else None
        )
        self._iso = (
            Iso20022Front(
                profile=profile, form=profile.iso20022, http=self._http, writer=writer, errors=errors
            )
            if profile.iso20022 and self._http
            else None
        )
        self._soap = (
            SoapFront(
                config=config,
                profile=profile,
                form=profile.soap,
                http=self._http,
                writer=writer,
                errors=errors,
            )
            if profile.soap and self._http and "soap" in profile.fronts
            else None
        )
        self._line: SocketLine | None = None
        self._socket: SocketFront | None = None
        if profile.socket and "socket" in profile.fronts:
            form = profile.socket
            self._line = SocketLine(
                config=config, form=form, writer=writer, errors=errors, timeout_s=timeout_s
            )
            self._socket = SocketFront(
                profile=profile, form=form, line=self._line, writer=writer, errors=errors
            )
        self._incoming = Incoming(
            config=config, profile=profile, front=self._stating(profile.functions.incoming)
        )
        self._notices = (
            NoticeReader(config=config, profile=profile, verifier=self._http.verifier) if self._http else None
        )

    @property
    def terms(self) -> ChannelTerms:
        """What the profile says that the bank allows."""
        return self._terms

    @property
    def identity(self) -> ChannelIdentity:
        """Our account."""
        return ChannelIdentity(self._config.account_no, None)

    async def probe(self, *, now: datetime) -> None:
        """Ask each front that is used something that changes nothing."""
        if self._socket is not None:
            await self._socket.probe(now=now)
        if self._http is not None and self._profile.https is not None:
            await self._http.call("GET", self._profile.https.probe, self._writer.own, now=now, large=True)
        if self._soap is not None:
            await self._soap.query("probe", requested_at=now, now=now)

    async def close_connections(self) -> None:
        """Hang up; the next call opens again what it needs."""
        if self._line is not None:
            await self._line.close()

    async def prepay(self, request: PrepayRequest, *, now: datetime) -> Prepaid:  # noqa: ARG002 (decided without the bank)
        """The order's sub-account. The bank need not be asked: it takes every number of the contract."""
        return self._incoming.place(request)

    async def query(self, order: OrderKey, *, now: datetime) -> ChannelPayment:
        """What came in on the order's sub-account while it could be paid: all of it, be it less or more than was asked for."""
        return await self._incoming.query(order, now=now)

    async def close(self, order: OrderKey, *, now: datetime) -> None:  # noqa: ARG002 (there is nothing to close)
        """Nothing: the number takes money as long as the contract lasts, and what still comes is reported."""
        self._incoming.number_of(order.out_trade_no)

    async def refund(self, request: RefundRequest, *, now: datetime) -> ChannelRefund:
        """Transfer money back to the account that paid, under ``out_refund_no``."""
        order = await self._incoming.refund_of(request, now=now)
        return _refund(await self._transferring().transfer(order, now=now), request.order.out_trade_no)

    async def query_refund(self, refund: RefundKey, *, now: datetime) -> ChannelRefund:
        """Where the transfer back stands."""
        found = await self._transferring().query(
            refund.out_refund_no, requested_at=refund.requested_at, now=now
        )
        return _refund(found, refund.order.out_trade_no)

    async def transfer(self, request: TransferRequest, *, now: datetime) -> ChannelTransfer:
        """Ask for a transfer."""
        return await self._transferring().transfer(Outgoing(request=request), now=now)

    async def query_transfer(self, transfer: TransferKey, *, now: datetime) -> ChannelTransfer:
        """Where a transfer stands."""
        return await self._transferring().query(
            transfer.out_transfer_no, requested_at=transfer.requested_at, now=now
        )

    async def transfer_batch(self, batch: TransferBatch, *, now: datetime) -> None:
        """Hand many transfers over in one message; each is asked about by its number or the batch's."""
        front = self._batching()
        most = min(
            (
                limits.batch_max
                for kind in {each.payee.kind for each in batch.transfers}
                if (limits := self._profile.limits.get(kind))
            ),
            default=0,
        )
        if not 1 <= len(batch.transfers) <= most:
            raise InvalidRequest(field="transfers", reason=f"must be 1 to {most} at this bank")
        if len({each.out_transfer_no for each in batch.transfers}) != len(batch.transfers):
            raise InvalidRequest(field="transfers", reason="must have a number of its own each")
        await front.transfer_batch(batch, now=now)

    async def query_batch(
        self,
        batch_no: str,
        *,
        requested_at: datetime,  # noqa: ARG002 (the number is enough)
        now: datetime,
    ) -> Mapping[str, ChannelTransfer] | None:
        """The transfers of a batch by our number; None when the bank never received it."""
        return await self._batching().query_batch(batch_no, now=now)

    def read_notice(self, *, headers: Mapping[str, str], body: bytes, now: datetime) -> Notice:
        """Credits by the sub-account that they came to, and transfers that came back. Raises: NoticeRefused."""
        if self._notices is None:
            raise NoticeRefused(NoticeFault.EVENT_UNSUPPORTED, "the profile knows no notices")
        return self._notices.read(headers=headers, body=body, now=now)

    def answer_notice(self, refusal: str | None) -> NoticeAnswer:
        """204, or 400 with the reason: then it comes again."""
        if refusal is None:
            return NoticeAnswer(204, b"", "text/plain")
        return NoticeAnswer(400, refusal.encode(), "text/plain; charset=utf-8")

    async def download_statement(self, day: date, *, now: datetime) -> BankStatement:
        """Everything that moved our account on a past day. Raises: BillMissing, BillDamaged, ChannelFailed, ChannelUnknown."""
        front = self._stating(self._profile.functions.statement)
        if front is None:
            raise error_of(UNSUPPORTED, message="its profile has no statements")
        return await front.statement(self._config.account_no, day, now=now)

    async def download_bill(self, day: date, *, now: datetime) -> Bill:
        """Of a day's statement what belongs to orders: money to sub-accounts, and refunds.

        The bank does not know our numbers of orders: the sub-account's number stands for them in payments, and is
        empty in refunds. Raises as ``download_statement``.
        """
        statement = await self.download_statement(day, now=now)
        lines = [line for entry in statement.entries if (line := self._line_of(entry)) is not None]
        return Bill(
            day=day,
            lines=tuple(lines),
            summary=BillSummary(
                line_count=len(lines),
                payment_amount=sum(line.amount for line in lines if line.kind is BillKind.PAYMENT),
                refund_amount=sum(line.amount for line in lines if line.kind is BillKind.REFUND),
                fee=0,
            ),
        )

    def _line_of(self, entry: StatementEntry) -> BillLine | None:
        paid = entry.kind == "credit" and self._incoming.is_sub_account(entry.credited_no)
        if not paid and not entry.refund:
            return None
        sub_account = entry.credited_no or "" if paid else ""
        return BillLine(
            kind=BillKind.PAYMENT if paid else BillKind.REFUND,
            out_no=sub_account if paid else entry.number or "",
            channel_no=entry.channel_no,
            out_trade_no=sub_account,
            transaction_no=entry.channel_no if paid else "",
            amount=abs(entry.amount),
            currency=entry.currency,
            state=BillState.SUCCEEDED,
            fee=0,
            rate="",
            occurred_at=entry.booked_at,
        )

    def _transferring(self) -> _Transferring:
        fronts: dict[str | None, _Transferring | None] = {
            "iso20022": self._iso,
            "socket": self._socket,
            "soap": self._soap,
        }
        front = fronts.get(self._profile.functions.transfer)
        if front is None:
            raise error_of(UNSUPPORTED, message="its profile makes no transfers")
        return front

    def _batching(self) -> Iso20022Front:
        if self._profile.functions.batch is None or self._iso is None:
            raise error_of(UNSUPPORTED, message="its profile takes no batches")
        return self._iso

    def _stating(self, name: str | None) -> _Stating | None:
        fronts: dict[str | None, _Stating | None] = {"iso20022": self._iso, "soap": self._soap}
        return fronts.get(name)


def _refund(found: ChannelTransfer, out_trade_no: str) -> ChannelRefund:
    state = _REFUND_STATES[found.state]
    return ChannelRefund(
        out_refund_no=found.out_transfer_no,
        state=state,
        out_trade_no=out_trade_no,
        channel_refund_no=found.channel_no,
        amount=found.amount,
        currency=found.currency,
        succeeded_at=found.finished_at if state is ChannelRefundState.SUCCEEDED else None,
    )


def _terms(profile: Profile) -> ChannelTerms:
    methods = {}
    used = profile.functions
    if profile.sub_accounts is not None and used.incoming is not None:
        methods[PaymentMethod.BANK_TRANSFER] = MethodTerms(
            amount_max=profile.sub_accounts.amount_max,
            currencies=(profile.currency,),
            lifetime_max=profile.lifetime,
        )
    refunds = RefundTerms(within=timedelta(days=profile.refund_days), count_max=REFUNDS_MAX)
    return ChannelTerms(
        kind=ChannelKind.BANK,
        methods=methods,
        refunds=refunds if methods and used.transfer else None,
        transfers={
            kind: TransferTerms(
                amount_min=limits.amount_min,
                amount_max=limits.amount_max,
                batch_max=limits.batch_max if used.batch else 1,
                hours=limits.open_hours,
            )
            for kind, limits in profile.limits.items()
            if used.transfer
        },
        bill_ready_at=profile.bill_ready_at if used.statement else None,
    )
