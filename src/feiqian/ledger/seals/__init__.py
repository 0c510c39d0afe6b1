"""Seals: a chain of blocks for each book over its immutable legs, written off the hot path.

Owns ledger.block and ledger.block_account. A leg that is altered, deleted or inserted afterwards no longer agrees with
the block that covers it; a block that is altered no longer agrees with its own root or with the block after it.
"""

from feiqian.ledger.seals.keys import KEY_FILE, KeyUnusable, SigningKey, load_key, read_public_key
from feiqian.ledger.seals.model import Block, Head, Sealed, SealState
from feiqian.ledger.seals.operations import seal, seal_all, seal_forever, seal_state
from feiqian.ledger.seals.proof import ProofInvalid, Proven, check_proof
from feiqian.ledger.seals.proving import write_proof

__all__ = [
    "KEY_FILE",
    "Block",
    "Head",
    "KeyUnusable",
    "ProofInvalid",
    "Proven",
    "SealState",
    "Sealed",
    "SigningKey",
    "check_proof",
    "load_key",
    "read_public_key",
    "seal",
    "seal_all",
    "seal_forever",
    "seal_state",
    "write_proof",
]
