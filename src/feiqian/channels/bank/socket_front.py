"""Transfers over a bank's socket front: a time-out is followed by a reversal or a query, never by the same transfer.

The bank knows a transfer by terminal, date and trace number. The trace number is the end of our number, so that it is
found again without being kept: numbers for such a bank end in six digits that no other transfer of the day has.
"""

from datetime import datetime

from feiqian.channels.bank.errors import (
    NUMBER_USED,
    TAKEN_BACK,
    UNANSWERED,
    ErrorTable,
    error_of,
)
from feiqian.channels.bank.forms import Socket
from feiqian.channels.bank.outgoing import Outgoing, Writer
from feiqian.channels.bank.profile import Profile
from feiqian.channels.bank.socket_line import Fields, SocketLine
from feiqian.channels.errors import ChannelError, ChannelUnknown
from feiqian.channels.model import ChannelTransfer, ChannelTransferState
from feiqian.kernel.errors import InvalidRequest


class SocketFront:
    """Transfers by messages of ISO 8583."""

    def __init__(
        self, *, profile: Profile, form: Socket, line: SocketLine, writer: Writer, errors: ErrorTable
    ) -> None:
        self._profile = profile
        self._form = form
        self._line = line
        self._writer = writer
        self._errors = errors
        self._under_way: set[str] = set()
        """Trace numbers of transfers that have no end yet."""

    async def transfer(self, order: Outgoing, *, now: datetime) -> ChannelTransfer:
        """Asks for a transfer; where its answer cannot be had, what the profile says follows."""
        trace = self._trace(order.request.out_transfer_no)
        values = {**self._writer.values(order, now=now), "trace": trace}
        if trace in self._under_way:
            # Neither sent again nor taken back: whoever asked first gets the answer.
            raise error_of(UNANSWERED, message=f"trace number {trace} is under way")
        self._under_way.add(trace)
        try:
            return await self._made(order, values, now=now)
        finally:
            self._under_way.discard(trace)

    async def query(self, number: str, *, requested_at: datetime, now: datetime) -> ChannelTransfer:
        """Where a transfer stands."""
        answer = await self._line.ask(self._form.query, self._about(number, requested_at), now=now)
        code = self._line.code_of(answer)
        if code in self._form.unknown:
            return ChannelTransfer(out_transfer_no=number, state=ChannelTransferState.UNKNOWN_TO_CHANNEL)
        state = self._form.states.get(code)
        if state is None:
            raise self._errors.error(code, answer.get(self._form.detail, ""))
        ended = state is ChannelTransferState.FAILED
        return ChannelTransfer(
            out_transfer_no=number,
            state=state,
            channel_no=answer.get(self._form.channel_no),
            currency=self._profile.currency,
            finished_at=None if state is ChannelTransferState.PROCESSING else now,
            error_code=code if ended else None,
            error_message=answer.get(self._form.detail) if ended else None,
        )

    async def probe(self, *, now: datetime) -> None:
        """Shows that line, terminal and keys work."""
        await self._line.ask(self._form.echo, {"trace": self._line.own_trace()}, now=now)

    async def _made(self, order: Outgoing, values: dict[str, str], *, now: datetime) -> ChannelTransfer:
        heard_before = False
        try:
            answer = await self._line.ask(self._form.transfer, values, now=now)
            heard_before = self._line.code_of(answer) in self._form.duplicate
            if heard_before:
                answer = await self._repeated(values, now=now)
            return self._outcome(answer, order)
        except ChannelUnknown as error:
            # What was heard before may have been paid long ago: that is asked about, not taken back.
            return await self._settled(order, error, reverse=not heard_before, now=now)

    async def _repeated(self, values: dict[str, str], *, now: datetime) -> Fields:
        """The number has been heard before: the bank says to a repetition what became of it, if it is the same."""
        if not self._form.transfer.repeat:
            raise error_of(UNANSWERED, message="the trace number has been heard before")
        answer = await self._line.ask(self._form.transfer, values, now=now, repeat=True)
        if (code := self._line.code_of(answer)) in self._form.duplicate:
            raise error_of(NUMBER_USED, code=code, message=answer.get(self._form.detail, ""))
        return answer

    def _outcome(self, answer: Fields, order: Outgoing) -> ChannelTransfer:
        code = self._line.code_of(answer)
        state = self._form.states.get(code)
        if state in (None, ChannelTransferState.FAILED):
            raise self._errors.error(code, answer.get(self._form.detail, ""))
        said = answer.get(self._form.amount, "")
        if said and said.lstrip("0") != str(order.request.amount):
            raise error_of(UNANSWERED, code=code, message=f"the answer is about {said}")
        return ChannelTransfer(
            out_transfer_no=order.request.out_transfer_no,
            state=state,
            channel_no=answer.get(self._form.channel_no),
            amount=order.request.amount,
            currency=order.request.currency,
            finished_at=order.request.requested_at if state is ChannelTransferState.SUCCEEDED else None,
        )

    async def _settled(
        self, order: Outgoing, unknown: ChannelUnknown, *, reverse: bool, now: datetime
    ) -> ChannelTransfer:
        """What follows a transfer of which nobody knows whether it was made. Raises: ChannelFailed, ChannelUnknown."""
        request = order.request
        reverse = reverse and self._form.on_timeout == "reverse"
        if reverse and await self._taken_back(order, now=now):
            raise error_of(
                TAKEN_BACK, code=unknown.channel_code, message=unknown.channel_message
            ) from unknown
        try:
            found = await self.query(request.out_transfer_no, requested_at=request.requested_at, now=now)
        except ChannelError as error:
            raise unknown from error
        if found.state is ChannelTransferState.UNKNOWN_TO_CHANNEL:
            # It may still be on its way.
            raise unknown
        if found.state is ChannelTransferState.FAILED:
            raise self._errors.error(found.error_code or "", found.error_message or "")
        return found

    async def _taken_back(self, order: Outgoing, *, now: datetime) -> bool:
        """Whether the bank confirms that the transfer was reversed, or will not be made when it comes."""
        form = self._form.reversal
        assert form is not None, "the profile was checked"
        request = order.request
        values = {
            **self._about(request.out_transfer_no, request.requested_at),
            "amount_minor": str(request.amount),
        }
        for attempt in range(self._form.reversal_tries):
            try:
                answer = await self._line.ask(form, values, now=now, repeat=attempt > 0 and bool(form.repeat))
            except ChannelError:
                # Reversing again does no harm: it is one reversal, however often it comes.
                continue
            return self._line.code_of(answer) in self._form.approved
        return False

    def _about(self, number: str, requested_at: datetime) -> dict[str, str]:
        """The values of a message about an earlier one."""
        asked = self._writer.times(requested_at)
        return {
            "trace": self._line.own_trace(),
            "original_trace": self._trace(number),
            "original_date": asked["date"],
            "original_time": asked["time"],
        }

    def _trace(self, number: str) -> str:
        digits = self._form.trace_digits
        tail = self._writer.number(number)[-digits:]
        if (
            not tail.isdecimal()
            or not tail.isascii()
            or len(tail) < digits
            or not 0 < int(tail) < self._form.own_traces_from
        ):
            reason = f"must end in {digits} digits below {self._form.own_traces_from}, its own on its day, at this bank"
            raise InvalidRequest(field="out_transfer_no", reason=reason)
        return tail
