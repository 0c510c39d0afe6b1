"""What a bank gave us: numbers, keys, and which profile speaks its language."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.x509 import Certificate

from feiqian.channels.bank.profile import Profile
from feiqian.channels.bank.profile_reading import read_profile
from feiqian.channels.bank.signing import (
    UNREADABLE_KEY,
    BankKey,
    read_certificates,
    read_private_key,
    serial_of,
)
from feiqian.kernel.errors import InvalidRequest

SANDBOX_PROFILE = "sandbox-iso20022-1"
SANDBOX_ACCOUNT = "1100123409000012345"
SANDBOX_SUB_ACCOUNT_PREFIX = "62284801"
"""What the simulated bank has agreed with everybody."""
_ADDRESS = re.compile(r"[0-9A-Za-z.\-]{1,253}:[0-9]{1,5}|\[[0-9a-fA-F:]{2,45}\]:[0-9]{1,5}")


class BankConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Our access to one bank. What a profile does not use may stay empty. Keys are PEM."""

    profile: str
    """Name of a profile that comes with the house, or the text of another (TOML)."""
    account_no: str
    """Our account: what pays, and what is credited."""
    account_name: str
    customer_no: str = ""
    """Our number at the bank."""
    base_url: str = ""
    """Scheme and host of the bank's front over HTTP; the profile has the paths."""
    private_key: str = ""
    certificate_serial_no: str = ""
    """Of the certificate that goes with our key."""
    bank_certificates: str = ""
    """With which the bank signs; several, one after the other, while they change."""
    authority_certificate: str = ""
    """Who issues them: then a new one is fetched from the bank and believed if this one issued it to the same subject."""
    sub_account_prefix: str = ""
    """The beginning of our sub-accounts' numbers."""
    socket_address: str = ""
    """host:port of the socket front."""
    terminal_no: str = ""
    merchant_no: str = ""
    master_key: str = ""
    """Hexadecimal; session keys come under it."""
    soap_username: str = ""
    soap_password: str = ""

    def __repr__(self) -> str:
        return f"BankConfig(account_no={self.account_no!r}, base_url={self.base_url!r})"

    def read_profile(self) -> Profile:
        """Raises: InvalidRequest."""
        return read_profile(self.profile)

    def key(self) -> RSAPrivateKey:
        """Raises: InvalidRequest."""
        try:
            return read_private_key(self.private_key)
        except UNREADABLE_KEY as error:
            raise InvalidRequest(field="bank private_key", reason=str(error)) from error

    def bank_keys(self) -> list[BankKey]:
        """Raises: InvalidRequest."""
        try:
            found = read_certificates(self.bank_certificates)
        except UNREADABLE_KEY as error:
            raise InvalidRequest(field="bank bank_certificates", reason=str(error)) from error
        return [BankKey(serial_of(certificate), certificate) for certificate in found]

    def authority(self) -> Certificate | None:
        """Raises: InvalidRequest."""
        if not self.authority_certificate:
            return None
        try:
            return read_certificates(self.authority_certificate)[0]
        except UNREADABLE_KEY as error:
            raise InvalidRequest(field="bank authority_certificate", reason=str(error)) from error

    def check(self) -> None:
        """Raises: InvalidRequest naming the setting."""
        profile = self.read_profile()
        if not re.fullmatch(r"[0-9A-Za-z\-]{5,34}", self.account_no):
            raise InvalidRequest(field="bank account_no", reason="must be 5 to 34 letters or digits")
        if not self.account_name:
            raise InvalidRequest(field="bank account_name", reason="must be given")
        if profile.https is not None:
            self._check_https()
        if "socket" in profile.fronts:
            self._check_socket()
        if "soap" in profile.fronts and not (self.soap_username and self.soap_password):
            raise InvalidRequest(field="bank soap_password", reason="must be given, with soap_username")
        if profile.sub_accounts is not None and not re.fullmatch(r"[0-9]{2,20}", self.sub_account_prefix):
            raise InvalidRequest(field="bank sub_account_prefix", reason="must be 2 to 20 digits")

    def _check_https(self) -> None:
        split = urlsplit(self.base_url)
        if split.scheme not in ("http", "https") or not split.netloc or split.path.strip("/") or split.query:
            raise InvalidRequest(field="bank base_url", reason="must be scheme and host, nothing more")
        if not self.customer_no:
            raise InvalidRequest(field="bank customer_no", reason="must be given")
        self.key()
        self.bank_keys()
        self.authority()

    def _check_socket(self) -> None:
        if not _ADDRESS.fullmatch(self.socket_address):
            raise InvalidRequest(field="bank socket_address", reason="must be host:port")
        if not re.fullmatch(r"[0-9A-Za-z]{1,8}", self.terminal_no):
            raise InvalidRequest(field="bank terminal_no", reason="must be 1 to 8 letters or digits")
        if not re.fullmatch(r"[0-9A-Za-z]{1,15}", self.merchant_no):
            raise InvalidRequest(field="bank merchant_no", reason="must be 1 to 15 letters or digits")
        if not re.fullmatch(r"[0-9A-Fa-f]{32}", self.master_key):
            raise InvalidRequest(field="bank master_key", reason="must be 32 hexadecimal digits")


class _Identity(msgspec.Struct, frozen=True):
    serial: str
    certificate: str


class _OwnIdentity(_Identity, frozen=True):
    private_key: str


class _SandboxCredentials(msgspec.Struct, frozen=True, kw_only=True):
    """The file that the simulator leaves for us."""

    customer: str
    authority_certificate: str
    customer_identity: _OwnIdentity
    bank_identities: list[_Identity]
    terminal: str
    merchant: str
    master_key: str
    soap_username: str
    soap_password: str


def bank_config_from_sandbox(
    credentials_json_path: Path, base_url: str, *, socket_address: str = "", profile: str = SANDBOX_PROFILE
) -> BankConfig:
    """The access that the simulator at ``base_url`` grants; ``socket_address`` is host:port.

    Raises: OSError, msgspec.DecodeError when the file is not there or not of its form.
    """
    given = msgspec.json.decode(credentials_json_path.read_bytes(), type=_SandboxCredentials)
    return BankConfig(
        profile=profile,
        account_no=SANDBOX_ACCOUNT,
        account_name="飞钱平台科技有限公司",
        customer_no=given.customer,
        base_url=base_url,
        private_key=given.customer_identity.private_key,
        certificate_serial_no=given.customer_identity.serial,
        bank_certificates="".join(each.certificate for each in given.bank_identities),
        authority_certificate=given.authority_certificate,
        sub_account_prefix=SANDBOX_SUB_ACCOUNT_PREFIX,
        socket_address=socket_address,
        terminal_no=given.terminal,
        merchant_no=given.merchant,
        master_key=given.master_key,
        soap_username=given.soap_username,
        soap_password=given.soap_password,
    )
