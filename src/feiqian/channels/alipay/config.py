"""What Alipay gave the merchant: numbers, keys or certificates."""

import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from feiqian.channels.alipay.signing import (
    UNREADABLE_KEY,
    Signer,
    VerifyingKey,
    cert_sn,
    certificate_pem,
    private_pem,
    public_pem,
    read_certificates,
    read_private_key,
    read_public_keys,
    read_roots,
    root_cert_sn,
    signing_certificates,
)
from feiqian.kernel.errors import InvalidRequest


class CertificateNumbers(msgspec.Struct, frozen=True):
    """With which certificates a request in certificate mode is to be read and answered."""

    app_cert_sn: str
    alipay_root_cert_sn: str


class AlipayConfig(msgspec.Struct, frozen=True, kw_only=True):
    """One application's access. Texts, not paths: PEM, or the single line of base64 that Alipay's key tool writes.

    Either ``alipay_public_key`` is given (key mode) or the three certificates are (certificate mode, which transfers need).
    """

    base_url: str
    """Scheme and host, such as https://openapi.alipay.com; the gateway is its /gateway.do."""
    app_id: str
    seller_id: str
    """The merchant's Alipay number (PID), 2088 and twelve digits: what payments must have been credited to."""
    app_private_key: str
    alipay_public_key: str | None = None
    """Alipay's, not the application's; PEMs of several, one after the other, while it changes: the last is preferred."""
    app_certificate: str | None = None
    """appCertPublicKey.crt."""
    alipay_certificate: str | None = None
    """alipayCertPublicKey_RSA2.crt, with its issuer; several, one after the other, while it changes: the last is preferred."""
    alipay_root_certificate: str | None = None
    """alipayRootCert.crt with all its roots."""
    qr_product_code: str = "QR_CODE_OFFLINE"
    """The product under which codes are placed: that of 订单码支付; FACE_TO_FACE_PAYMENT under a contract of 当面付."""

    def __repr__(self) -> str:
        return f"AlipayConfig(app_id={self.app_id!r}, base_url={self.base_url!r})"

    @property
    def certificate_mode(self) -> bool:
        """Whether certificates are used instead of bare public keys."""
        return bool(self.app_certificate or self.alipay_certificate or self.alipay_root_certificate)

    def signer(self) -> Signer:
        """Raises: InvalidRequest naming the setting."""
        try:
            return Signer(self.app_private_key)
        except UNREADABLE_KEY as error:
            raise InvalidRequest(field="alipay app_private_key", reason=str(error)) from error

    def certificate_numbers(self) -> CertificateNumbers | None:
        """None in key mode. Raises: InvalidRequest naming the setting."""
        if not self.certificate_mode:
            return None
        try:
            own = cert_sn(read_certificates(self.app_certificate or "")[0])
        except UNREADABLE_KEY as error:
            raise InvalidRequest(field="alipay app_certificate", reason=str(error)) from error
        try:
            roots = root_cert_sn(read_roots(self.alipay_root_certificate or ""))
        except UNREADABLE_KEY as error:
            raise InvalidRequest(field="alipay alipay_root_certificate", reason=str(error)) from error
        return CertificateNumbers(own, roots)

    def verifying_keys(self) -> list[VerifyingKey]:
        """The keys with which Alipay may sign. Raises: InvalidRequest naming the setting."""
        field = "alipay alipay_certificate" if self.certificate_mode else "alipay alipay_public_key"
        try:
            if self.certificate_mode:
                return signing_certificates(read_certificates(self.alipay_certificate or ""))
            return [
                VerifyingKey(key=key, cert_sn=None) for key in read_public_keys(self.alipay_public_key or "")
            ]
        except UNREADABLE_KEY as error:
            raise InvalidRequest(field=field, reason=str(error)) from error

    def check(self) -> None:
        """Raises: InvalidRequest naming the setting."""
        split = urlsplit(self.base_url)
        if split.scheme not in ("http", "https") or not split.netloc or split.path.strip("/") or split.query:
            raise InvalidRequest(field="alipay base_url", reason="must be scheme and host, nothing more")
        if not re.fullmatch(r"[0-9]{16,32}", self.app_id):
            raise InvalidRequest(field="alipay app_id", reason="must be 16 digits or more")
        if not re.fullmatch(r"2088[0-9]{12}", self.seller_id):
            raise InvalidRequest(field="alipay seller_id", reason="must be 2088 and twelve digits")
        if not re.fullmatch(r"[A-Z_]{1,64}", self.qr_product_code):
            raise InvalidRequest(
                field="alipay qr_product_code", reason="must be a product code such as QR_CODE_OFFLINE"
            )
        if self.certificate_mode and self.alipay_public_key:
            raise InvalidRequest(
                field="alipay alipay_public_key",
                reason="is not used beside certificates: give one or the other",
            )
        self.signer()
        self.certificate_numbers()
        self.verifying_keys()


def alipay_config_from_texts(texts: Mapping[str, str]) -> AlipayConfig:
    """A config from the texts of a form, with keys as PEM however they were given.

    Of Alipay's file of roots those are kept that count: one of the others is not well-formed and shown nowhere.
    Raises: InvalidRequest naming the setting.
    """
    given = msgspec.convert(dict(texts), AlipayConfig)
    given.check()
    changes: dict[str, str] = {"app_private_key": private_pem(read_private_key(given.app_private_key))}
    if given.alipay_public_key:
        keys = read_public_keys(given.alipay_public_key)
        changes["alipay_public_key"] = "".join(public_pem(key) for key in keys)
    if given.alipay_root_certificate:
        roots = read_roots(given.alipay_root_certificate)
        changes["alipay_root_certificate"] = "".join(certificate_pem(root) for root in roots)
    return msgspec.structs.replace(given, **changes)


class _SandboxCertificate(msgspec.Struct, frozen=True):
    certificate: str


class _SandboxCredentials(msgspec.Struct, frozen=True, kw_only=True):
    """The file that the simulator leaves for us."""

    app_id: str
    seller_id: str
    app_private_key: str
    alipay_public_key: str
    app_certificate: str
    alipay_root_certificate: str
    alipay_certificates: list[_SandboxCertificate]


def alipay_config_from_sandbox(
    credentials_json_path: Path, base_url: str, *, certificate_mode: bool = False
) -> AlipayConfig:
    """The access that the simulator at ``base_url`` grants.

    Raises: OSError, msgspec.DecodeError when the file is not there or not of its form.
    """
    given = msgspec.json.decode(credentials_json_path.read_bytes(), type=_SandboxCredentials)
    plain = AlipayConfig(
        base_url=base_url,
        app_id=given.app_id,
        seller_id=given.seller_id,
        app_private_key=given.app_private_key,
        alipay_public_key=given.alipay_public_key,
    )
    if not certificate_mode:
        return plain
    return msgspec.structs.replace(
        plain,
        alipay_public_key=None,
        app_certificate=given.app_certificate,
        alipay_certificate="\n".join(each.certificate for each in given.alipay_certificates),
        alipay_root_certificate=given.alipay_root_certificate,
    )
