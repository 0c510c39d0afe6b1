"""The platform certificates, for merchants that verify by them rather than by the public key; and rotations of both.

Source: the merchant documentation's pages on downloading platform certificates and on replacing keys smoothly.
"""

from typing import Literal

import msgspec
from aiohttp import web

from feiqian.simulators.kit import files
from feiqian.simulators.kit.moments import rfc3339, to_ms
from feiqian.simulators.wechatpay.answers import Refused, answer, parse
from feiqian.simulators.wechatpay.context import of
from feiqian.simulators.wechatpay.credentials import (
    CERTIFICATE_FROM,
    CERTIFICATE_UNTIL,
    KeyKind,
    KeyRing,
    PlatformKey,
    new_key,
)
from feiqian.simulators.wechatpay.signing import AEAD, new_nonce, seal


class Rotation(msgspec.Struct, forbid_unknown_fields=True):
    """The body of POST /sandbox/rotation."""

    kind: KeyKind
    step: Literal["announce", "switch", "retire"]
    """A new key is there beside the old one; it signs from now on; the old ones are unknown."""


async def answer_certificates(request: web.Request) -> web.Response:
    """GET /v3/certificates"""
    keys = of(request).keys
    listed = [_shown(keys, key) for key in keys.known if key.kind == "platform_certificate"]
    return answer({"data": listed})


def _shown(keys: KeyRing, key: PlatformKey) -> dict[str, object]:
    nonce = new_nonce(12)
    return {
        "serial_no": key.serial,
        "effective_time": rfc3339(to_ms(CERTIFICATE_FROM)),
        "expire_time": rfc3339(to_ms(CERTIFICATE_UNTIL)),
        "encrypt_certificate": {
            "algorithm": AEAD,
            "nonce": nonce,
            "associated_data": "certificate",
            "ciphertext": seal(keys.api_v3_key, nonce, "certificate", key.public.encode()),
        },
    }


async def answer_rotation(request: web.Request) -> web.Response:
    """POST /sandbox/rotation: one step; kept in credentials.json, where a public key's merchant finds the new one."""
    simulator = of(request)
    keys = simulator.keys
    rotation = parse(await request.read(), Rotation)
    credentials = keys.credentials
    serials = [key.serial for key in keys.known if key.kind == rotation.kind]
    newest = serials[-1]
    if rotation.step == "announce":
        added = new_key(rotation.kind, keys.mchid, simulator.clock.now())
        newest = added.serial
        credentials = msgspec.structs.replace(credentials, later_keys=(*credentials.later_keys, added))
    elif rotation.step == "switch":
        credentials = msgspec.structs.replace(credentials, used={**credentials.used, rotation.kind: newest})
    elif keys.present(newest) != newest or len(serials) == 1:
        raise Refused(400, "INVALID_REQUEST", "switch to another key first")
    else:
        credentials = msgspec.structs.replace(credentials, retired=(*credentials.retired, *serials[:-1]))
    files.keep(simulator.directory / "credentials.json", credentials)
    keys.take(credentials)
    return answer({"kind": rotation.kind, "newest": newest, "used": keys.present(newest)})
