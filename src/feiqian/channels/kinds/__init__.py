"""What it takes to open a channel of each kind: its config, which parts of it are secret, and how a form gives them.

A package of a channel becomes usable by one entry in ``KINDS``. Its config is a struct of plain values that JSON can
hold; a form gives texts by the names of ``fields``, which ``read`` turns into the config.
"""

from collections.abc import Mapping

from feiqian.channels.kinds.alipay import ALIPAY
from feiqian.channels.kinds.bank import BANK
from feiqian.channels.kinds.description import (
    CredentialField,
    FieldKind,
    KindDescription,
    ShownCertificate,
    ShownField,
    plain_reader,
    split_certificates,
)
from feiqian.channels.kinds.unionpay import UNIONPAY
from feiqian.channels.kinds.wechatpay import WECHATPAY
from feiqian.channels.model import ChannelKind
from feiqian.kernel.errors import InvalidRequest

__all__ = [
    "KINDS",
    "CredentialField",
    "FieldKind",
    "KindDescription",
    "ShownCertificate",
    "ShownField",
    "describe",
    "plain_reader",
    "split_certificates",
]

KINDS: Mapping[ChannelKind, KindDescription] = {
    each.kind: each for each in (WECHATPAY, ALIPAY, UNIONPAY, BANK)
}
"""The kinds that can be connected."""


def describe(kind: ChannelKind) -> KindDescription:
    """Raises: InvalidRequest for a kind that cannot be connected."""
    if kind not in KINDS:
        raise InvalidRequest(field="kind", reason=f"must be one of {', '.join(KINDS)}")
    return KINDS[kind]
