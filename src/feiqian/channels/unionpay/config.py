"""What UnionPay gave the merchant: its number, its signing file, and the certificates of UnionPay's chain."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from feiqian.channels.unionpay.signing import Chain, Signer, read_certificate, read_pfx
from feiqian.kernel.errors import InvalidRequest

SIGNER_NAME = "中国银联股份有限公司"
"""The company that signs for UnionPay, as the common names of its certificates have it."""
_UNREADABLE = (ValueError, TypeError, UnsupportedAlgorithm)
"""What the readers of keys and certificates raise."""


class UnionPayConfig(msgspec.Struct, frozen=True, kw_only=True):
    """One merchant's access. Texts, not paths."""

    base_url: str
    """Scheme and host of the gateway, such as https://gateway.95516.com."""
    file_url: str
    """Scheme and host from which settlement files are fetched, such as https://filedownload.95516.com."""
    mer_id: str
    """Fifteen digits."""
    merchant_pfx: str
    """Base64 of the PKCS #12 file with the merchant's key and certificate."""
    merchant_pfx_password: str
    root_certificate: str
    """PEM of the root of the chain that signs answers and notices (acp_…_root.cer)."""
    middle_certificate: str
    """PEM of the certificate between (acp_…_middle.cer)."""
    encrypt_certificate: str | None = None
    """PEM with which account numbers of payees are encrypted (acp_…_enc.cer); None for a merchant without that right."""
    signer_name: str = SIGNER_NAME
    """Whose certificates may sign. Only test environments before 2020 had another name than the company's."""
    silent_url: str = "http://www.specialUrl.com"
    """Sent as address of notices that nobody wants, those of captures and releases; to this one UnionPay sends none."""

    def __repr__(self) -> str:
        return f"UnionPayConfig(mer_id={self.mer_id!r}, base_url={self.base_url!r})"

    def signer(self) -> Signer:
        """Raises: InvalidRequest naming the setting."""
        try:
            return read_pfx(self.merchant_pfx, self.merchant_pfx_password)
        except _UNREADABLE as error:
            raise InvalidRequest(field="unionpay merchant_pfx", reason=str(error)) from error

    def chain(self) -> Chain:
        """Raises: InvalidRequest naming the setting."""
        root, _ = _certificate("root_certificate", self.root_certificate)
        middle, _ = _certificate("middle_certificate", self.middle_certificate)
        try:
            return Chain(root=root, middle=middle, signer_name=self.signer_name)
        except _UNREADABLE as error:
            raise InvalidRequest(field="unionpay middle_certificate", reason=str(error)) from error

    def encrypting(self) -> tuple[str, RSAPublicKey] | None:
        """(serial, key) with which account numbers are encrypted. Raises: InvalidRequest naming the setting."""
        if not self.encrypt_certificate:
            return None
        certificate, key = _certificate("encrypt_certificate", self.encrypt_certificate)
        return str(certificate.serial_number), key

    def check(self) -> None:
        """Raises: InvalidRequest naming the setting."""
        for name in ("base_url", "file_url"):
            split = urlsplit(getattr(self, name))
            alone = not split.path.strip("/") and not split.query
            if split.scheme not in ("http", "https") or not split.netloc or not alone:
                raise InvalidRequest(field=f"unionpay {name}", reason="must be scheme and host, nothing more")
        if not re.fullmatch(r"[0-9A-Za-z]{15}", self.mer_id):
            raise InvalidRequest(field="unionpay mer_id", reason="must be 15 digits or letters")
        if not self.signer_name:
            raise InvalidRequest(field="unionpay signer_name", reason="must be given")
        if urlsplit(self.silent_url).scheme not in ("http", "https"):
            raise InvalidRequest(field="unionpay silent_url", reason="must begin with https:// or http://")
        self.signer()
        self.chain()
        self.encrypting()


def _certificate(name: str, pem: str) -> tuple[x509.Certificate, RSAPublicKey]:
    try:
        return read_certificate(pem)
    except _UNREADABLE as error:
        raise InvalidRequest(field=f"unionpay {name}", reason=str(error)) from error


class _SandboxCredentials(msgspec.Struct, frozen=True, kw_only=True):
    """The file that the simulator leaves for us."""

    mer_id: str
    merchant_pfx: str
    merchant_pfx_password: str
    root_certificate: str
    middle_certificate: str
    encrypt_certificate: str


def unionpay_config_from_sandbox(credentials_json_path: Path, base_url: str) -> UnionPayConfig:
    """The access that the simulator at ``base_url`` grants.

    Raises: OSError, msgspec.DecodeError when the file is not there or not of its form.
    """
    given = msgspec.json.decode(credentials_json_path.read_bytes(), type=_SandboxCredentials)
    return UnionPayConfig(
        base_url=base_url,
        file_url=base_url,
        mer_id=given.mer_id,
        merchant_pfx=given.merchant_pfx,
        merchant_pfx_password=given.merchant_pfx_password,
        root_certificate=given.root_certificate,
        middle_certificate=given.middle_certificate,
        encrypt_certificate=given.encrypt_certificate,
        silent_url=f"{base_url}/silent",
    )
