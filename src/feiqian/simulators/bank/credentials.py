"""What the platform has from its bank, and what the bank has: made once for each data directory."""

import base64
import secrets
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from feiqian.simulators.kit.files import keep, load_or_create

VALID_FROM = datetime(2000, 1, 1, tzinfo=UTC)
VALID_UNTIL = datetime(2049, 12, 31, tzinfo=UTC)
"""Far apart, because a sandbox's clock may tell any year."""


class Identity(msgspec.Struct, frozen=True):
    """A key and its certificate, PEM."""

    serial: str
    """The certificate's serial number in 40 hexadecimal digits: names the key in the signature headers."""
    certificate: str
    private_key: str


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """What ``credentials.json`` holds: the platform's side, and the bank's keys because the sandbox plays both."""

    customer: str
    """The platform's number with the bank (客户号)."""
    authority_certificate: str
    """PEM of the sandbox's authority, which signed every certificate here and the one for TLS."""
    authority_private_key: str
    customer_identity: Identity
    """Signs the platform's messages, and is its client certificate with mutual TLS."""
    bank_identities: list[Identity]
    """The bank signs with the last one; the others were used before."""
    server_identity: Identity
    """Of the bank's HTTPS address, for localhost and 127.0.0.1."""
    terminal: str
    """Field 41 at the socket front, eight characters."""
    merchant: str
    """Field 42, fifteen characters."""
    master_key: str
    """Hexadecimal, 16 bytes: encrypts the MAC keys that the bank gives out."""
    soap_username: str
    soap_password: str


class KeyRing:
    """The credentials with their keys loaded."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._load(load_or_create(path, Credentials, _create))

    def sign(self, message: bytes) -> tuple[str, str]:
        """(serial, base64 of the bank's signature): SHA-256 with RSA, PKCS #1 v1.5."""
        signature = self._signer.sign(message, PKCS1v15(), SHA256())
        return self.credentials.bank_identities[-1].serial, base64.b64encode(signature).decode()

    def is_customers(self, message: bytes, signature: str) -> bool:
        """Whether ``signature`` (base64) is the platform's over exactly these bytes."""
        try:
            self._customer.verify(base64.b64decode(signature, validate=True), message, PKCS1v15(), SHA256())
        except (InvalidSignature, ValueError):
            return False
        return True

    def rotate(self) -> str:
        """From now on the bank signs with a new key; returns its serial. The old certificates stay in the file."""
        authority = _key_of(self.credentials.authority_private_key)
        issuer = x509.load_pem_x509_certificate(self.credentials.authority_certificate.encode()).subject
        fresh = _identity("Feiqian sandbox bank", issuer, authority)
        changed = msgspec.structs.replace(
            self.credentials, bank_identities=[*self.credentials.bank_identities, fresh]
        )
        keep(self._path, changed)
        self._load(changed)
        return fresh.serial

    def _load(self, credentials: Credentials) -> None:
        self.credentials = credentials
        self._signer = _key_of(credentials.bank_identities[-1].private_key)
        certificate = x509.load_pem_x509_certificate(credentials.customer_identity.certificate.encode())
        key = certificate.public_key()
        if not isinstance(key, RSAPublicKey):
            raise TypeError("the customer's key must be RSA")
        self._customer = key


def _create() -> Credentials:
    authority = generate_private_key(65537, 2048)
    name = _name("Feiqian sandbox bank authority")
    customer = f"{secrets.randbelow(10**10):010d}"
    return Credentials(
        customer=customer,
        authority_certificate=_authority_certificate(name, authority),
        authority_private_key=_private_pem(authority),
        customer_identity=_identity(f"Customer {customer}", name, authority),
        bank_identities=[_identity("Feiqian sandbox bank", name, authority)],
        server_identity=_identity("localhost", name, authority, is_server=True),
        terminal=f"{secrets.randbelow(10**8):08d}",
        merchant=f"313{secrets.randbelow(10**12):012d}",
        master_key=secrets.token_hex(16).upper(),
        soap_username=f"P{customer}",
        soap_password=secrets.token_urlsafe(18),
    )


def _identity(
    common_name: str, issuer: x509.Name, authority: RSAPrivateKey, *, is_server: bool = False
) -> Identity:
    key = generate_private_key(65537, 2048)
    serial = x509.random_serial_number()
    builder = _builder(_name(common_name), issuer, key, serial).add_extension(
        x509.BasicConstraints(ca=False, path_length=None), critical=True
    )
    builder = builder.add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key()), critical=False
    )
    if is_server:
        names = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    certificate = builder.sign(authority, SHA256()).public_bytes(Encoding.PEM).decode()
    return Identity(f"{serial:040X}", certificate, _private_pem(key))


def _authority_certificate(name: x509.Name, key: RSAPrivateKey) -> str:
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    certificate = (
        _builder(name, name, key, x509.random_serial_number())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, SHA256())
    )
    return certificate.public_bytes(Encoding.PEM).decode()


def _builder(
    subject: x509.Name, issuer: x509.Name, key: RSAPrivateKey, serial: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(VALID_FROM)
        .not_valid_after(VALID_UNTIL)
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _private_pem(key: RSAPrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _key_of(pem: str) -> RSAPrivateKey:
    key = load_pem_private_key(pem.encode(), password=None)
    if not isinstance(key, RSAPrivateKey):
        raise TypeError("the bank's keys must be RSA")
    return key
