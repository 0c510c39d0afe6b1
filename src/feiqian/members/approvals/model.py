"""Values of maker and checker, and which role may do what."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec

from feiqian.kernel.errors import Refusal
from feiqian.members.model import Role, Staff

REASON_LENGTH_MAX = 500


class Permission(StrEnum):
    """What a member of staff may do beyond looking."""

    CONNECTIONS_SWITCH = "connections_switch"
    """Pause and resume a channel connection, and test its credentials."""
    CONNECTIONS_CONFIGURE = "connections_configure"
    """Make and retire connections; set weight, priority, limits and who may use them."""
    CONNECTIONS_COST = "connections_cost"
    """Say what a connection costs."""
    CREDENTIALS_PROPOSE = "credentials_propose"
    """Propose new credentials of a connection."""
    CREDENTIALS_APPROVE = "credentials_approve"
    """Put credentials in force that another person proposed."""
    NOTIFICATIONS_RESEND = "notifications_resend"
    """Send a platform an event again."""


PERMISSIONS: Mapping[Permission, frozenset[Role]] = {
    Permission.CONNECTIONS_SWITCH: frozenset({Role.ADMIN, Role.OPERATIONS}),
    Permission.CONNECTIONS_CONFIGURE: frozenset({Role.ADMIN, Role.OPERATIONS}),
    Permission.CONNECTIONS_COST: frozenset({Role.ADMIN, Role.FINANCE}),
    Permission.CREDENTIALS_PROPOSE: frozenset({Role.ADMIN, Role.OPERATIONS}),
    Permission.CREDENTIALS_APPROVE: frozenset({Role.ADMIN, Role.FINANCE}),
    Permission.NOTIFICATIONS_RESEND: frozenset({Role.ADMIN, Role.OPERATIONS}),
}
"""Who may do what."""


class PermissionMissing(Refusal):
    """The role of whoever asks may not do this."""

    code = "permission_missing"
    status = 403
    english = "Your role ({role}) may not do this. Ask somebody with the role {roles}."
    chinese = "您的角色（{role}）无此权限，请联系角色为 {roles} 的同事。"


class ProposalState(StrEnum):
    """Where a proposal stands; all but the first are final."""

    PROPOSED = "proposed"
    """Waits for a checker."""
    APPROVED = "approved"
    """Another person agreed, and what it says was done in that moment."""
    REJECTED = "rejected"
    """Another person refused; nothing was done."""
    WITHDRAWN = "withdrawn"
    """Whoever made it took it back."""


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants to have done."""

    id: UUID
    kind: str
    """Which procedure it follows."""
    subject: str
    """What it is about, such as the code of a connection."""
    payload: dict[str, Any]
    """What exactly is to be done; never a secret."""
    reason: str
    state: ProposalState
    maker: UUID
    maker_name: str
    made_at: datetime
    checker: UUID | None
    """Who approved or rejected it."""
    checker_name: str | None
    closed_at: datetime | None
    note: str | None
    """What the checker, or who withdrew it, said."""


class ProposalEvent(StrEnum):
    """What happened to a proposal."""

    PROPOSED = "proposed"
    """It was made."""
    APPROVED = "approved"
    """It was approved and done."""
    REJECTED = "rejected"
    """It was refused."""
    WITHDRAWN = "withdrawn"
    """It was taken back."""


class ProposalStep(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the audit trail: never changed, never removed."""

    at: datetime
    event: ProposalEvent
    staff: UUID
    staff_name: str
    role: Role
    """The role that the person had at that moment."""
    note: str | None


class MakerChecks(Refusal):
    """The maker of a proposal tried to decide it."""

    code = "maker_checks"
    status = 403
    english = (
        "You made this proposal yourself. Another person must approve or reject it; you may withdraw it."
    )
    chinese = "该申请由您本人发起，须由他人复核；您可以撤回。"


class ProposalClosed(Refusal):
    """The proposal was decided before."""

    code = "proposal_closed"
    status = 409
    english = "This proposal is {state} already. Make a new one if it is still needed."
    chinese = "该申请已处理（{state}），如仍需要请重新发起。"


def permissions_of(role: Role) -> list[Permission]:
    """Everything that a role may do beyond looking."""
    return [permission for permission, roles in PERMISSIONS.items() if role in roles]


def require_permission(staff: Staff, permission: Permission) -> None:
    """Raises: PermissionMissing naming the roles that have it."""
    roles = PERMISSIONS[permission]
    if staff.role not in roles:
        raise PermissionMissing(role=staff.role.value, roles=" / ".join(sorted(role.value for role in roles)))
