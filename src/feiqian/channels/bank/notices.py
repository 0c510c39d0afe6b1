"""camt.054 notices: verified, checked, translated. No I/O."""

from collections.abc import Mapping
from datetime import datetime

from feiqian.channels.bank.config import BankConfig
from feiqian.channels.bank.iso20022 import read_document
from feiqian.channels.bank.nodes import parse_xml
from feiqian.channels.bank.profile import Profile
from feiqian.channels.bank.signing import Verifier
from feiqian.channels.bank.statements import StatementEntry, credit_of
from feiqian.channels.errors import NoticeFault, NoticeRefused
from feiqian.channels.model import ChannelTransfer, ChannelTransferState, Notice

NOTICE_BYTES_MAX = 5_000_000
_FAULTS = {
    NoticeFault.HEADER_MISSING: "it has no signature of the form that the profile says",
    NoticeFault.STALE: "it was signed too long before or after now",
    NoticeFault.SERIAL_UNKNOWN: "no certificate is known for its serial",
    NoticeFault.SIGNATURE_WRONG: "its signature does not fit its content",
}


class NoticeReader:
    """Reads the notices about our account."""

    def __init__(self, *, config: BankConfig, profile: Profile, verifier: Verifier) -> None:
        self._config = config
        self._profile = profile
        self._verifier = verifier

    def read(self, *, headers: Mapping[str, str], body: bytes, now: datetime) -> Notice:
        """Money that came in as credits, a transfer of ours that came back as that transfer.

        Raises: NoticeRefused.
        """
        form = self._profile.iso20022
        if form is None or form.notice_parts is None or self._profile.functions.notices is None:
            raise NoticeRefused(NoticeFault.EVENT_UNSUPPORTED, "the profile knows no notices")
        fault = self._verifier.fault(headers=headers, body=body, now=now)
        if fault is not None:
            raise NoticeRefused(fault, _FAULTS.get(fault, fault.value))
        try:
            root = parse_xml(body, bytes_max=NOTICE_BYTES_MAX)
            number = root.text(form.notice_no)
            account = read_document(root, form.notice_parts, form, currency=self._profile.currency)
            if not number:
                raise ValueError("it has no number")
        except ValueError as error:
            raise NoticeRefused(NoticeFault.MALFORMED, str(error)) from error
        if account.account_no != self._config.account_no:
            raise NoticeRefused(NoticeFault.MERCHANT_WRONG, f"it is about account {account.account_no}")
        if account.currency != self._profile.currency or any(
            entry.currency != account.currency for entry in account.entries
        ):
            raise NoticeRefused(NoticeFault.MERCHANT_WRONG, f"it is about money in {account.currency}")
        returns = [entry for entry in account.entries if entry.kind == "return" and entry.number]
        if len(returns) > 1:
            raise NoticeRefused(NoticeFault.EVENT_UNSUPPORTED, "several transfers came back in one notice")
        credits = [entry for entry in account.entries if entry.kind == "credit" and entry.amount > 0]
        return Notice(
            id=number,
            event_type="camt.054",
            transfer=_returned(returns[0]) if returns else None,
            credits=tuple(credit_of(entry, self._config.account_no) for entry in credits),
        )


def _returned(entry: StatementEntry) -> ChannelTransfer:
    return ChannelTransfer(
        out_transfer_no=entry.number or "",
        state=ChannelTransferState.RETURNED,
        channel_no=entry.channel_no,
        amount=entry.amount,
        currency=entry.currency,
        finished_at=entry.booked_at,
        error_code=entry.reason,
        error_message=entry.memo,
    )
