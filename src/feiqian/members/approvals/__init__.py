"""Maker and checker (经办、复核): one person proposes, another decides, and what was decided is done in the same transaction.

A proposal is open until it is approved, rejected or withdrawn, once. Whoever made it never checks it. What each kind of
proposal is for, who may make and who may check it, and what its approval does, says a ``Procedure``.
"""

from feiqian.members.approvals.model import (
    MakerChecks,
    Permission,
    PermissionMissing,
    Proposal,
    ProposalClosed,
    ProposalEvent,
    ProposalState,
    ProposalStep,
    permissions_of,
    require_permission,
)
from feiqian.members.approvals.operations import Approvals
from feiqian.members.approvals.procedures import Procedure
from feiqian.members.approvals.store import find_proposals, open_proposals_of, proposal_steps, read_proposal

__all__ = [
    "Approvals",
    "MakerChecks",
    "Permission",
    "PermissionMissing",
    "Procedure",
    "Proposal",
    "ProposalClosed",
    "ProposalEvent",
    "ProposalState",
    "ProposalStep",
    "find_proposals",
    "open_proposals_of",
    "permissions_of",
    "proposal_steps",
    "read_proposal",
    "require_permission",
]
