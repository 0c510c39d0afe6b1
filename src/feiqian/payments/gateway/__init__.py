"""Payments and their channels: every call happens between two transactions, never inside one.

The intent is recorded and committed, the channel is called, the outcome is recorded. Whatever stops us in between
leaves an attempt or refund that is due for a question to its channel; ``check_due`` asks. Whatever was begun at a
connection is asked about, closed and refunded there.
"""

from collections.abc import Mapping

import structlog

from feiqian.channels import ChannelPaymentState, IncomingCredit, NoticeAnswer
from feiqian.kernel.errors import Refusal
from feiqian.payments import refunds, store
from feiqian.payments.gateway.checking import Checking, check_forever
from feiqian.payments.gateway.ports import ChannelAsk, Channels, Choice, GatewayTerms, StaticChannels
from feiqian.payments.model import Actor, NoticeUnmatched

__all__ = [
    "ChannelAsk",
    "Channels",
    "Choice",
    "Gateway",
    "GatewayTerms",
    "StaticChannels",
    "check_forever",
]


TAKEN = (ChannelPaymentState.PAID, ChannelPaymentState.REFUNDED)
"""States in which the channel has taken the buyer's money."""

log = structlog.get_logger(__name__)


class Gateway(Checking):
    """Creates, asks, closes and refunds payments over many connections."""

    async def take_notice(self, code: str, headers: Mapping[str, str], body: bytes) -> None:
        """Record what a connection's callback says; it may come late, twice or never.

        Raises: NoticeRefused when it is not believed, NoticeUnmatched when it is about nothing of ours there, NotFound
        when there is no such connection.
        """
        now = self._clock.now()
        notice = self._channels.read_notice(code, headers=headers, body=body, now=now)
        for order in notice.payments:
            if order.state in TAKEN:
                await self.confirm(order, channel=code, actor=Actor.CHANNEL)
            else:
                await self._look_at(code, order.out_trade_no)
        for credit in notice.credits:
            await self._take_credit(code, credit)
        if notice.refund is not None:
            said = notice.refund
            await self._database.run(
                lambda tx: refunds.record_refund(tx, now=now, channel=code, said=said, actor=Actor.CHANNEL)
            )

    async def _look_at(self, code: str, out_trade_no: str) -> None:
        """A notice that an order is open, closed or refused says nothing about money: the channel is asked where it stands.

        Raises: NoticeUnmatched.
        """
        async with self._database.reading() as tx:
            found = await store.find_attempt(tx, code, out_trade_no)
        if found is None:
            raise NoticeUnmatched(number=out_trade_no)
        await self.check_attempt(*found)

    async def _take_credit(self, code: str, credit: IncomingCredit) -> None:
        """Money came into an account: ask about the order that waits for it there. The notice itself posts nothing, for
        only the query knows what all transfers to that account come to."""
        async with self._database.reading() as tx:
            waiting = await store.expecting(tx, code, credit.account_no)
        for payment, position in waiting:
            await self.check_attempt(payment, position)
        if not waiting:
            log.warning(
                "credit_unexpected", channel=code, number=credit.channel_no, account=credit.account_no
            )

    def answer_notice(self, code: str, refusal: Refusal | None) -> NoticeAnswer:
        """What the channel reads as "taken", or as "send it again". Raises: NotFound."""
        return self._channels.get(code).answer_notice(refusal and refusal.sentence("zh"))
