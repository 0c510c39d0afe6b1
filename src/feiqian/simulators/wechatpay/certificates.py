"""The platform certificate, for merchants that verify by it rather than by the public key.

Source: the merchant documentation's page on downloading platform certificates.
"""

from aiohttp import web

from feiqian.simulators.kit.moments import rfc3339, to_ms
from feiqian.simulators.wechatpay.answers import answer
from feiqian.simulators.wechatpay.context import of
from feiqian.simulators.wechatpay.credentials import CERTIFICATE_FROM, CERTIFICATE_UNTIL
from feiqian.simulators.wechatpay.signing import AEAD, new_nonce, seal


async def answer_certificates(request: web.Request) -> web.Response:
    """GET /v3/certificates"""
    keys = of(request).keys
    nonce = new_nonce(12)
    certificate = keys.credentials.platform_certificate.encode()
    shown = {
        "serial_no": keys.credentials.platform_certificate_serial_no,
        "effective_time": rfc3339(to_ms(CERTIFICATE_FROM)),
        "expire_time": rfc3339(to_ms(CERTIFICATE_UNTIL)),
        "encrypt_certificate": {
            "algorithm": AEAD,
            "nonce": nonce,
            "associated_data": "certificate",
            "ciphertext": seal(keys.api_v3_key, nonce, "certificate", certificate),
        },
    }
    return answer({"data": [shown]})
