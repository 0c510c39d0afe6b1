"""What the sandbox was told to do wrong, and for how long."""

from typing import Literal

import msgspec

CallbackMode = Literal[
    "normal",  # as the channel should
    "late",  # the first attempt comes late_s seconds late on the simulator's clock
    "lost",  # never sent
    "duplicated",  # every attempt is sent twice at the same time
    "wrong_amount",  # says one fen more than was paid or refunded, validly signed
    "wrong_mchid",  # says another merchant's number, validly signed
    "signtest",  # a probe with a WECHATPAY/SIGNTEST/ signature comes first, then the good one
    "tampered",  # the first attempt was altered after it was signed; retries are good
    "stale",  # the first attempt has a valid signature ten minutes old; retries are good
]
PrepayMode = Literal[
    "normal",
    "timeout_after_success",  # the order exists, the answer never comes
    "error",  # 500 SYSTEM_ERROR, nothing done
    "rate_limited",  # 429 FREQUENCY_LIMITED, nothing done
]
RefundMode = Literal[
    "normal",  # accepted, then succeeds at once
    "timeout_after_success",  # as normal, but the answer never comes
    "processing",  # stays PROCESSING until POST /sandbox/refunds/{out_refund_no} settles it
    "abnormal",  # turns ABNORMAL: the buyer's account cannot take it
    "error",  # 500 SYSTEM_ERROR, nothing done
]
BillMode = Literal[
    "normal",
    "missing",  # NO_STATEMENT_EXIST although there was trade
    "truncated",  # ends in the middle of its lines, without a summary; the hash is that of the short file
    "other_day",  # every line is of the day before
    "extra_line",  # one more payment, which the merchant never made
    "amount_differs",  # the first line is one fen more, and so is the summary
    "bad_hash",  # the file is good, the hash is not its
    "not_ready",  # STATEMENT_CREATING
]


class BehaviourChange(msgspec.Struct, forbid_unknown_fields=True):
    """The body of POST /sandbox/behaviour: what is left out stays as it is."""

    callback: CallbackMode | None = None
    late_s: float | None = None
    prepay: PrepayMode | None = None
    refund: RefundMode | None = None
    bill: BillMode | None = None
    only_next: int | None = None
    """Each of the kinds named in the same body is normal again after this many."""


class Behaviour(msgspec.Struct):
    """The present behaviour. A restarted simulator behaves well."""

    callback: CallbackMode = "normal"
    late_s: float = 60
    prepay: PrepayMode = "normal"
    refund: RefundMode = "normal"
    bill: BillMode = "normal"
    left: dict[str, int] = {}
    """Of each kind that was limited by only_next: how many are left."""

    def change(self, change: BehaviourChange) -> None:
        """Take over what was given. Raises: ValueError for a count or a delay that makes no sense."""
        if (change.only_next is not None and change.only_next < 1) or (change.late_s or 0) < 0:
            raise ValueError("only_next must be at least 1 and late_s at least 0")
        if change.late_s is not None:
            self.late_s = change.late_s
        for kind in ("callback", "prepay", "refund", "bill"):
            mode = getattr(change, kind)
            if mode is None:
                continue
            setattr(self, kind, mode)
            self.left.pop(kind, None)
            if change.only_next is not None:
                self.left[kind] = change.only_next

    def take_callback(self) -> CallbackMode:
        """How the next callback behaves."""
        mode = self.callback
        self._used("callback")
        return mode

    def take_prepay(self) -> PrepayMode:
        """How the next prepay request is answered."""
        mode = self.prepay
        self._used("prepay")
        return mode

    def take_refund(self) -> RefundMode:
        """How the next refund request is answered."""
        mode = self.refund
        self._used("refund")
        return mode

    def take_bill(self) -> BillMode:
        """How the next request for a bill is answered."""
        mode = self.bill
        self._used("bill")
        return mode

    def _used(self, kind: str) -> None:
        if kind not in self.left:
            return
        self.left[kind] -= 1
        if self.left[kind] == 0:
            del self.left[kind]
            setattr(self, kind, "normal")
