"""The credential set of one sandbox merchant and its application, made once for each data directory."""

import secrets
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from cryptography.x509.oid import NameOID

from feiqian.simulators.alipay.signing import certificate_sn, root_certificate_sn
from feiqian.simulators.kit.files import keep, load_or_create

CERTIFICATE_FROM = datetime(2000, 1, 1, tzinfo=UTC)
CERTIFICATE_UNTIL = datetime(2049, 12, 31, tzinfo=UTC)
"""Far apart, because a sandbox's clock may tell any year."""

KEY_MODE = "key"
"""Answers and notifications are signed with the one key of key mode; anything else is a certificate's SN."""


class AlipayCertificate(msgspec.Struct, frozen=True):
    """One of Alipay's certificates, with its private key because the sandbox plays both sides."""

    sn: str
    certificate: str
    private_key: str


class Credentials(msgspec.Struct, frozen=True):
    """What ``credentials.json`` holds. Keys (PKCS #8) and certificates are PEM texts."""

    app_id: str
    seller_id: str
    """The merchant's own user number, 2088…; also its PID."""
    buyer_id: str
    """The one buyer of the sandbox."""
    payee_id: str
    """A user who can be paid: a receiver of royalties and transfers."""
    app_private_key: str
    """The merchant signs its requests with it, in both modes."""
    app_public_key: str
    app_certificate: str
    app_cert_sn: str
    """Certificate mode: sent with every request."""
    alipay_public_key: str
    """Key mode: the merchant verifies answers and notifications with it."""
    alipay_private_key: str
    alipay_root_certificate: str
    alipay_root_private_key: str
    alipay_root_cert_sn: str
    """Certificate mode: sent with every request."""
    alipay_certificates: list[AlipayCertificate]
    """Certificate mode: the last one signs; earlier ones were rotated out by POST /sandbox/rotate."""


class KeyRing:
    """The credentials with their keys loaded once; rotation changes both."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.credentials = load_or_create(path, Credentials, create)
        self.app_key = _public_key(self.credentials.app_public_key)
        self._signers = {KEY_MODE: _private_key(self.credentials.alipay_private_key)}
        for issued in self.credentials.alipay_certificates:
            self._signers[issued.sn] = _private_key(issued.private_key)

    @property
    def current_sn(self) -> str:
        """The SN of the certificate that signs now."""
        return self.credentials.alipay_certificates[-1].sn

    def signer(self, signed_by: str) -> RSAPrivateKey:
        """The private key of key mode or of a certificate."""
        return self._signers[signed_by]

    def certificate(self, sn: str) -> str | None:
        """One of Alipay's certificates by its SN."""
        found = (issued for issued in self.credentials.alipay_certificates if issued.sn == sn)
        return next((issued.certificate for issued in found), None)

    def rotate(self) -> str:
        """Sign with a new certificate from now on; the merchant's copy of the old one no longer fits. Returns its SN."""
        root_key = _private_key(self.credentials.alipay_root_private_key)
        issued = _alipay_certificate(root_key)
        self._signers[issued.sn] = _private_key(issued.private_key)
        self.credentials = msgspec.structs.replace(
            self.credentials, alipay_certificates=[*self.credentials.alipay_certificates, issued]
        )
        keep(self._path, self.credentials)
        return issued.sn


def create() -> Credentials:
    """A new merchant with new keys."""
    app_key, alipay_key, root_key = (generate_private_key(65537, 2048) for _ in range(3))
    app_certificate = _certificate(app_key, "Feiqian sandbox application", root_key)
    root = _certificate(root_key, _ROOT, root_key)
    return Credentials(
        app_id=f"9021{secrets.randbelow(10**12):012d}",
        seller_id=_user(),
        buyer_id=_user(),
        payee_id=_user(),
        app_private_key=_private_pem(app_key),
        app_public_key=_public_pem(app_key),
        app_certificate=_pem(app_certificate),
        app_cert_sn=certificate_sn(app_certificate),
        alipay_public_key=_public_pem(alipay_key),
        alipay_private_key=_private_pem(alipay_key),
        alipay_root_certificate=_pem(root),
        alipay_root_private_key=_private_pem(root_key),
        alipay_root_cert_sn=root_certificate_sn(_pem(root)),
        alipay_certificates=[_alipay_certificate(root_key)],
    )


_ROOT = "Feiqian sandbox of Alipay, certification authority"


def _user() -> str:
    return f"2088{secrets.randbelow(10**12):012d}"


def _alipay_certificate(root_key: RSAPrivateKey) -> AlipayCertificate:
    key = generate_private_key(65537, 2048)
    certificate = _certificate(key, "Feiqian sandbox of Alipay", root_key)
    return AlipayCertificate(certificate_sn(certificate), _pem(certificate), _private_pem(key))


def _certificate(key: RSAPrivateKey, name: str, root_key: RSAPrivateKey) -> x509.Certificate:
    return (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name(_ROOT))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(CERTIFICATE_FROM)
        .not_valid_after(CERTIFICATE_UNTIL)
        .add_extension(x509.BasicConstraints(ca=name == _ROOT, path_length=None), critical=True)
        .sign(root_key, SHA256())
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Feiqian sandbox"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()


def _private_pem(key: RSAPrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _public_pem(key: RSAPrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def _private_key(pem: str) -> RSAPrivateKey:
    key = load_pem_private_key(pem.encode(), password=None)
    if not isinstance(key, RSAPrivateKey):
        raise TypeError("Alipay's keys must be RSA")
    return key


def _public_key(pem: str) -> RSAPublicKey:
    key = load_pem_public_key(pem.encode())
    if not isinstance(key, RSAPublicKey):
        raise TypeError("the application's key must be RSA")
    return key
