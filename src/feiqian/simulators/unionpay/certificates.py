"""The certificates around a sandbox: a chain of three for UnionPay, one for the merchant, and bad ones to be refused.

A certId is a certificate's serial number in decimal digits.
"""

import secrets
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

VALID_FROM = datetime(2000, 1, 1, tzinfo=UTC)
VALID_UNTIL = datetime(2049, 12, 31, tzinfo=UTC)
"""Far apart, because a sandbox's clock may tell any year."""

EXPIRED_AT = datetime(2000, 12, 31, tzinfo=UTC)

SIGNER_NAME = "041@8310000000083040@中国银联股份有限公司@00016495"
"""As in production, where a merchant must find UnionPay's company between the second and the third ``@``."""


class Authority:
    """A certificate with its key, which signs others."""

    def __init__(self, certificate: x509.Certificate, key: RSAPrivateKey) -> None:
        self.certificate = certificate
        self._key = key

    def issue(
        self, name: str, key: RSAPrivateKey, *, is_authority: bool = False, until: datetime = VALID_UNTIL
    ) -> x509.Certificate:
        """A certificate over ``key`` in ``name``."""
        return _build(name, key, self.certificate.subject, self._key, is_authority=is_authority, until=until)


def new_root(name: str, key: RSAPrivateKey) -> Authority:
    """An authority that vouches for itself."""
    return Authority(_build(name, key, _named(name), key, is_authority=True, until=VALID_UNTIL), key)


def pem(certificate: x509.Certificate) -> str:
    """A certificate as text."""
    return certificate.public_bytes(Encoding.PEM).decode()


def as_sent(certificate_pem: str) -> str:
    """A certificate as it stands in signPubKeyCert: lines end with CR LF, none after the last."""
    return certificate_pem.strip().replace("\n", "\r\n")


def _named(name: str) -> x509.Name:
    parts = [(NameOID.COUNTRY_NAME, "CN"), (NameOID.ORGANIZATION_NAME, "Feiqian sandbox of UnionPay")]
    return x509.Name([x509.NameAttribute(kind, text) for kind, text in (*parts, (NameOID.COMMON_NAME, name))])


def _build(
    name: str,
    key: RSAPrivateKey,
    issuer: x509.Name,
    issuer_key: RSAPrivateKey,
    *,
    is_authority: bool,
    until: datetime,
) -> x509.Certificate:
    usage = x509.KeyUsage(
        digital_signature=not is_authority,
        content_commitment=not is_authority,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        x509.CertificateBuilder()
        .subject_name(_named(name))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(0x1000000000 + secrets.randbelow(2**36))
        .not_valid_before(VALID_FROM)
        .not_valid_after(until)
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False
        )
        .sign(issuer_key, SHA256())
    )
