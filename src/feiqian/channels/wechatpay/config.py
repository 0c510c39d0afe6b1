"""What WeChat Pay gave the merchant: numbers, keys and certificates."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from feiqian.channels.wechatpay.signing import Signer, read_certificate, read_public_key
from feiqian.kernel.errors import InvalidRequest

_UNREADABLE = (ValueError, TypeError, UnsupportedAlgorithm)
"""What the readers of PEM texts raise."""


class WechatPayConfig(msgspec.Struct, frozen=True, kw_only=True):
    """One merchant's access. PEM texts, not paths. At least one way to verify WeChat Pay must be given."""

    base_url: str
    """Scheme and host, such as https://api.mch.weixin.qq.com."""
    mchid: str
    appid: str
    merchant_serial_no: str
    """Serial of the merchant's API certificate."""
    merchant_private_key: str
    """PEM of its private key."""
    api_v3_key: str
    """32 characters; opens callbacks and certificates."""
    public_key_id: str | None = None
    """``PUB_KEY_ID_…``; merchants since 2024 have a public key instead of platform certificates."""
    public_key: str | None = None
    platform_certificates: dict[str, str] = {}
    """Serial -> PEM. Both ways may be given while a merchant moves from one to the other."""
    refund_funds_account: str | None = None
    """``AVAILABLE``: refunds are paid from what the merchant may use at once. None: from what is not settled yet."""
    transfer_scene_id: str | None = None
    """The scene (转账场景) that WeChat Pay has approved for transfers, such as 1005. None: no transfers."""
    transfer_scene_report: str | None = None
    """What that scene has to say of each transfer: ``岗位类型=配送员;报酬说明=三月配送费``."""

    def __repr__(self) -> str:
        return f"WechatPayConfig(mchid={self.mchid!r}, base_url={self.base_url!r})"

    def signer(self) -> Signer:
        """Raises: InvalidRequest naming the setting."""
        try:
            return Signer(
                mchid=self.mchid, serial_no=self.merchant_serial_no, private_key_pem=self.merchant_private_key
            )
        except _UNREADABLE as error:
            raise InvalidRequest(field="wechatpay merchant_private_key", reason=str(error)) from error

    def certificate_keys(self) -> dict[str, RSAPublicKey]:
        """Serial -> key. Raises: InvalidRequest naming the setting."""
        try:
            return {
                serial: read_certificate(pem, serial) for serial, pem in self.platform_certificates.items()
            }
        except _UNREADABLE as error:
            raise InvalidRequest(field="wechatpay platform_certificates", reason=str(error)) from error

    def public_keys(self) -> dict[str, RSAPublicKey]:
        """Id -> key; none or one. Raises: InvalidRequest naming the setting."""
        try:
            if self.public_key_id and self.public_key:
                return {self.public_key_id: read_public_key(self.public_key)}
        except _UNREADABLE as error:
            raise InvalidRequest(field="wechatpay public_key", reason=str(error)) from error
        return {}

    def transfer_reports(self) -> dict[str, str]:
        """Kind -> content of what a transfer's scene has to say. Raises: InvalidRequest."""
        pairs = [
            part.partition("=") for part in (self.transfer_scene_report or "").split(";") if part.strip()
        ]
        if any(not (kind.strip() and said.strip()) for kind, _, said in pairs):
            raise InvalidRequest(field="wechatpay transfer_scene_report", reason="must be kind=content;…")
        return {kind.strip(): said.strip() for kind, _, said in pairs}

    def check(self) -> None:
        """Raises: InvalidRequest naming the setting."""
        split = urlsplit(self.base_url)
        if split.scheme not in ("http", "https") or not split.netloc or split.path.strip("/") or split.query:
            raise InvalidRequest(field="wechatpay base_url", reason="must be scheme and host, nothing more")
        if not (self.public_key_id and self.public_key) and not self.platform_certificates:
            raise InvalidRequest(field="wechatpay public_key", reason="or a certificate must be given")
        if len(self.api_v3_key.encode()) != 32:
            raise InvalidRequest(field="wechatpay api_v3_key", reason="must be 32 bytes")
        if self.refund_funds_account not in (None, "AVAILABLE", "UNSETTLED"):
            raise InvalidRequest(
                field="wechatpay refund_funds_account", reason="must be AVAILABLE or UNSETTLED"
            )
        self.transfer_reports()
        if bool(self.transfer_scene_id) != bool(self.transfer_scene_report):
            raise InvalidRequest(
                field="wechatpay transfer_scene_id",
                reason="must be given with transfer_scene_report or not at all",
            )
        for name in ("mchid", "appid", "merchant_serial_no"):
            if not re.fullmatch(r"[0-9A-Za-z_\-]{1,64}", getattr(self, name)):
                raise InvalidRequest(field=f"wechatpay {name}", reason="must be 1 to 64 letters and digits")


class _SandboxCredentials(msgspec.Struct, frozen=True, kw_only=True):
    """The file that the simulator leaves for us."""

    mchid: str
    appid: str
    merchant_serial_no: str
    merchant_private_key: str
    api_v3_key: str
    wechatpay_public_key_id: str
    wechatpay_public_key: str
    platform_certificate_serial_no: str
    platform_certificate: str


def config_from_sandbox(credentials_json_path: Path, base_url: str) -> WechatPayConfig:
    """The access that the simulator at ``base_url`` grants.

    Raises: OSError, msgspec.DecodeError when the file is not there or not of its form.
    """
    given = msgspec.json.decode(credentials_json_path.read_bytes(), type=_SandboxCredentials)
    return WechatPayConfig(
        base_url=base_url,
        mchid=given.mchid,
        appid=given.appid,
        merchant_serial_no=given.merchant_serial_no,
        merchant_private_key=given.merchant_private_key,
        api_v3_key=given.api_v3_key,
        public_key_id=given.wechatpay_public_key_id,
        public_key=given.wechatpay_public_key,
        platform_certificates={given.platform_certificate_serial_no: given.platform_certificate},
    )
