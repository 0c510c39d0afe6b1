"""Seals: a chain of blocks for each book over its immutable legs, written off the hot path.

Owns ledger.block and ledger.block_account. A leg that is altered, deleted or inserted afterwards no longer agrees with
the block that covers it; a block that is altered no longer agrees with its own root or with the block after it.
"""

from feiqian.ledger.seals.model import Block, Head, Sealed, SealState
from feiqian.ledger.seals.operations import seal, seal_all, seal_forever, seal_state

__all__ = ["Block", "Head", "SealState", "Sealed", "seal", "seal_all", "seal_forever", "seal_state"]
