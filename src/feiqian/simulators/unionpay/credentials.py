"""The credential set of one sandbox merchant, made once for each data directory."""

import base64
import secrets

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)

from feiqian.simulators.unionpay.certificates import (
    EXPIRED_AT,
    SIGNER_NAME,
    Authority,
    as_sent,
    new_root,
    pem,
)
from feiqian.simulators.unionpay.messages import SIGNATURE, Fields
from feiqian.simulators.unionpay.signing import sign


class Credentials(msgspec.Struct, frozen=True):
    """What ``credentials.json`` holds. Keys and certificates are PEM texts but for the merchant's PKCS #12."""

    mer_id: str
    """The merchant's number, 15 digits."""
    merchant_pfx: str
    """The merchant's key and certificate as PKCS #12, in base64: what a merchant is given (acp_test_sign.pfx)."""
    merchant_pfx_password: str
    merchant_cert_id: str
    """The serial number of that certificate in decimal: the certId of the merchant's messages."""
    merchant_certificate: str
    root_certificate: str
    """A merchant keeps this and the next, and holds signPubKeyCert to them."""
    middle_certificate: str
    sign_certificate: str
    """UnionPay signs with this one."""
    sign_private_key: str
    """UnionPay's own; in the file because the sandbox plays both sides."""
    next_sign_certificate: str
    """Of the same chain, with another key: UnionPay signs with it after POST /sandbox/certificate."""
    next_sign_private_key: str
    expired_certificate: str
    """Over the signing key and of the right chain, but expired in 2000."""
    foreign_certificate: str
    """Over the signing key and in UnionPay's name, but of another root."""
    encrypt_certificate: str
    """Merchants encrypt card numbers and identities with it; encryptCertId is its serial number in decimal."""
    encrypt_private_key: str


class Signer(msgspec.Struct, frozen=True):
    """A key and the certificate that is sent beside its signatures."""

    key: RSAPrivateKey
    certificate: str
    """As it is sent in signPubKeyCert."""

    def signed(self, fields: Fields) -> dict[str, str]:
        """The fields with signPubKeyCert and signature."""
        complete = {**fields, "signPubKeyCert": self.certificate}
        return {**complete, SIGNATURE: sign(self.key, complete)}


class KeyRing:
    """The credentials with their keys loaded once."""

    def __init__(self, credentials: Credentials) -> None:
        self.credentials = credentials
        self.mer_id = credentials.mer_id
        self.merchant_cert_id = credentials.merchant_cert_id
        merchant_key = x509.load_pem_x509_certificate(credentials.merchant_certificate.encode()).public_key()
        if not isinstance(merchant_key, RSAPublicKey):
            raise TypeError("the merchant's key must be RSA")
        self.merchant_key = merchant_key
        self.decryption_key = _key(credentials.encrypt_private_key)
        encrypting = x509.load_pem_x509_certificate(credentials.encrypt_certificate.encode())
        self.encrypt_cert_id = str(encrypting.serial_number)
        key = _key(credentials.sign_private_key)
        self._signers = {
            "normal": Signer(key, as_sent(credentials.sign_certificate)),
            "next": Signer(
                _key(credentials.next_sign_private_key), as_sent(credentials.next_sign_certificate)
            ),
            "expired": Signer(key, as_sent(credentials.expired_certificate)),
            "foreign": Signer(key, as_sent(credentials.foreign_certificate)),
        }

    def signer(self, name: str) -> Signer:
        """``normal``, ``next``, ``expired`` or ``foreign``."""
        return self._signers[name]


def create() -> Credentials:
    """A new merchant with new keys and certificates."""
    keys = [generate_private_key(65537, 2048) for _ in range(7)]
    root_key, middle_key, sign_key, next_key, encrypt_key, merchant_key, foreign_key = keys
    root = new_root("Feiqian Sandbox Root CA", root_key)
    middle = Authority(root.issue("Feiqian Sandbox OCA1", middle_key, is_authority=True), middle_key)
    foreign = new_root("Feiqian Sandbox Root CA", foreign_key)
    mer_id = f"7772900{secrets.randbelow(10**8):08d}"
    merchant = middle.issue(f"041@{mer_id}@飞钱沙箱商户@00000001", merchant_key)
    password = secrets.token_hex(8)
    pfx = pkcs12.serialize_key_and_certificates(
        b"merchant", merchant_key, merchant, None, BestAvailableEncryption(password.encode())
    )
    return Credentials(
        mer_id=mer_id,
        merchant_pfx=base64.b64encode(pfx).decode(),
        merchant_pfx_password=password,
        merchant_cert_id=str(merchant.serial_number),
        merchant_certificate=pem(merchant),
        root_certificate=pem(root.certificate),
        middle_certificate=pem(middle.certificate),
        sign_certificate=pem(middle.issue(SIGNER_NAME, sign_key)),
        sign_private_key=_private_pem(sign_key),
        next_sign_certificate=pem(middle.issue(SIGNER_NAME, next_key)),
        next_sign_private_key=_private_pem(next_key),
        expired_certificate=pem(middle.issue(SIGNER_NAME, sign_key, until=EXPIRED_AT)),
        foreign_certificate=pem(foreign.issue(SIGNER_NAME, sign_key)),
        encrypt_certificate=pem(middle.issue(SIGNER_NAME, encrypt_key)),
        encrypt_private_key=_private_pem(encrypt_key),
    )


def _private_pem(key: RSAPrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _key(pem_text: str) -> RSAPrivateKey:
    key = load_pem_private_key(pem_text.encode(), password=None)
    if not isinstance(key, RSAPrivateKey):
        raise TypeError("UnionPay's keys must be RSA")
    return key
