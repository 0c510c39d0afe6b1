"""Values of the connections domain. Amounts are minor units."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec

from feiqian.channels import ChannelKind, FieldKind, MethodTerms, OpenHours, PaymentMethod, ShownField
from feiqian.kernel.errors import Refusal
from feiqian.kernel.money import Rounding, to_minor

WEIGHT_MAX = 10_000
CREDENTIALS = "connections.credentials"
"""The kind of proposal with which new credentials are put in force."""


class ConnectionState(StrEnum):
    """Where our contract with a channel stands: draft -> testing -> active <-> paused -> retired."""

    DRAFT = "draft"
    """It has a name and nothing else."""
    TESTING = "testing"
    """Credentials have been proposed; none is in force yet."""
    ACTIVE = "active"
    """It takes new payments."""
    PAUSED = "paused"
    """It takes no new payments; queries, refunds, notices and bills go on."""
    RETIRED = "retired"
    """The contract has ended: nothing is sent to it and nothing from it is believed. Final."""


class VersionState(StrEnum):
    """Where a version of credentials stands."""

    PROPOSED = "proposed"
    """Waits for a probe that succeeds and for a checker."""
    IN_FORCE = "in_force"
    """What calls are signed with; one version of a connection at most."""
    KEPT = "kept"
    """Was in force before; late notices are still verified with it."""
    RETIRED = "retired"
    """Was in force before and is used for nothing any more."""
    REJECTED = "rejected"
    """Never was in force: a checker refused it."""
    WITHDRAWN = "withdrawn"
    """Never was in force: its maker took it back."""


class Outcome(StrEnum):
    """What became of a probe."""

    SUCCEEDED = "succeeded"
    """The channel answered, and both sides' keys work."""
    FAILED = "failed"
    """The channel refused, or its answer could not be believed."""
    UNKNOWN = "unknown"
    """No answer came."""


class ConnectionEvent(StrEnum):
    """What happened to a connection."""

    CREATED = "created"
    """It was given a code, a kind and a name."""
    PROPOSED = "proposed"
    """New credentials were proposed."""
    PROBED = "probed"
    """Credentials were tried against the channel."""
    IN_FORCE = "in_force"
    """Credentials were approved and are used from now on."""
    REJECTED = "rejected"
    """Credentials were refused by a checker."""
    WITHDRAWN = "withdrawn"
    """Credentials were taken back by their maker."""
    VERSION_RETIRED = "version_retired"
    """Earlier credentials are used for nothing any more."""
    IMPORTED = "imported"
    """Credentials were taken from the settings of the server."""
    CHANGED = "changed"
    """Weight, priority, cost, limits, name or who may use it."""
    PAUSED = "paused"
    """It takes no new payments."""
    RESUMED = "resumed"
    """It takes new payments again."""
    RETIRED = "retired"
    """The contract has ended."""


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """What the channel charges us for a payment. An attempt keeps a copy: what counted when it was made."""

    rate: Decimal = Decimal(0)
    """Of the amount, 0 to 0.2."""
    fixed: int = 0

    def of(self, amount: int) -> int:
        """The fee of an amount; channels round half up."""
        return to_minor(self.rate * amount, Rounding.HALF_UP) + self.fixed


class MethodLimits(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How far we use one method."""

    on: bool = True
    amount_min: int | None = None
    amount_max: int | None = None


class Limits(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What our contract, or our caution, allows beneath the channel's terms. It narrows them, never more."""

    methods: Mapping[PaymentMethod, MethodLimits] = {}
    """A method that is not named is as the channel has it."""
    amount_per_day: int | None = None
    """New payments of one Beijing day together."""
    hours: OpenHours | None = None
    """When new payments are taken."""


class Audience(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who may use a connection; what is empty allows all."""

    platforms: tuple[str, ...] = ()
    """platform_…"""
    merchants: tuple[str, ...] = ()
    """Numbers of merchants."""

    def admits(self, *, platform: str, merchants: tuple[str, ...]) -> bool:
        """Whether a payment of that platform, shared by those merchants, may go there."""
        return (not self.platforms or platform in self.platforms) and (
            not self.merchants or set(merchants) <= set(self.merchants)
        )


class Actor(msgspec.Struct, frozen=True):
    """Who did something: a member of staff, or the server itself."""

    name: str
    staff: UUID | None = None


SETTINGS = Actor("settings")
"""Whoever may set the server's settings; their word counts without a checker."""
COMMAND_LINE = Actor("command line")


class Connection(msgspec.Struct, frozen=True, kw_only=True):
    """Our contract with a channel."""

    id: UUID
    code: str
    """Owner of its ledger accounts, part of its callback address; never changes."""
    kind: ChannelKind
    name: str
    state: ConnectionState
    weight: int
    """Its part of the volume; 0: only when the others cannot."""
    priority: int
    """Lower goes first where several may be used and nothing else decides."""
    cost_rate: Decimal
    cost_fixed: int
    limits: Limits
    audience: Audience
    in_force: int | None
    """The number of the version of its credentials that calls are signed with."""
    created_at: datetime

    @property
    def cost(self) -> Cost:
        """What it charges for a payment."""
        return Cost(rate=self.cost_rate, fixed=self.cost_fixed)


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """Credentials of a connection without what is secret in them."""

    connection: UUID
    number: int
    """1, 2 … within the connection."""
    state: VersionState
    shown: tuple[ShownField, ...]
    key_id: str
    """The master key that its data key is wrapped with."""
    made_by: str
    made_at: datetime
    proposal: UUID | None
    """None: taken from the settings."""
    tested_at: datetime | None
    test_outcome: Outcome | None
    test_detail: str | None
    """What the channel said."""
    test_ms: int | None
    approved_by: str | None
    in_force_since: datetime | None
    retired_at: datetime | None

    @property
    def expires_at(self) -> datetime | None:
        """When the first of its certificates expires."""
        watched = [field for field in self.shown if field.kind is not FieldKind.ROOT_CERTIFICATES]
        return min((each.expires_at for field in watched for each in field.certificates), default=None)


class SealedVersion(msgspec.Struct, frozen=True, kw_only=True):
    """Credentials as they are stored."""

    connection: UUID
    code: str
    kind: ChannelKind
    number: int
    state: VersionState
    sealed: bytes


class HistoryLine(msgspec.Struct, frozen=True, kw_only=True):
    """Who did what with a connection, when and why: never changed."""

    at: datetime
    event: ConnectionEvent
    actor: str
    staff: UUID | None
    detail: dict[str, Any]
    """``version``, ``reason``, ``outcome``, or of a change ``before`` and ``after``."""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be different about a connection; what is None stays."""

    name: str | None = None
    weight: int | None = None
    priority: int | None = None
    cost: Cost | None = None
    limits: Limits | None = None
    audience: Audience | None = None


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """A connection as routing looks at it for one method."""

    code: str
    kind: ChannelKind
    active: bool
    terms: MethodTerms | None
    """What channel and contract allow together; None: it does not offer the method."""
    weight: int
    priority: int
    cost: Cost
    holds: bool
    """It can reserve an amount first with this method."""
    splits: bool
    audience: Audience
    amount_per_day: int | None


class ConnectionUnknown(Refusal):
    """No connection has that code."""

    code = "connection_unknown"
    status = 404
    english = "No channel connection {connection} is known. Check its code in the console."
    chinese = "找不到渠道连接 {connection}，请在控制台核对编码。"


class ConnectionNotOpen(Refusal):
    """The connection cannot be used now."""

    code = "connection_not_open"
    status = 503
    english = "The channel connection {connection} cannot be used: {reason}."
    chinese = "渠道连接 {connection} 暂不可用：{reason}。"
    retryable = True


class ConnectionStateRefused(Refusal):
    """What was asked does not fit the connection's state."""

    code = "connection_state"
    status = 409
    english = "The connection {connection} is {state}; this needs {needed}."
    chinese = "渠道连接 {connection} 当前状态为 {state}，该操作需要 {needed}。"


class VersionStateRefused(Refusal):
    """What was asked does not fit the state of the credentials."""

    code = "credentials_state"
    status = 409
    english = "Version {version} of the credentials is {state}; this needs {needed}."
    chinese = "第 {version} 版凭证当前状态为 {state}，该操作需要 {needed}。"


class CredentialsUntested(Refusal):
    """Credentials that did not pass a probe were to be put in force."""

    code = "credentials_untested"
    status = 409
    english = "Version {version} has not passed a test against the channel. Test it, then approve it."
    chinese = "第 {version} 版凭证尚未通过渠道测试，请先测试再复核。"


class CredentialsPending(Refusal):
    """There is a proposal already."""

    code = "credentials_pending"
    status = 409
    english = "Version {version} of the credentials still waits for a checker. Approve, reject or withdraw it first."
    chinese = "第 {version} 版凭证尚待复核，请先通过、驳回或撤回。"
