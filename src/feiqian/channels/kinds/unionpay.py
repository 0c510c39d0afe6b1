"""UnionPay as a kind that can be connected."""

from feiqian.channels.kinds.description import CredentialField, FieldKind, KindDescription, plain_reader
from feiqian.channels.model import ChannelKind
from feiqian.channels.unionpay import UnionPay, UnionPayConfig

UNIONPAY = KindDescription(
    kind=ChannelKind.UNIONPAY,
    chinese="银联",
    english="UnionPay",
    config=UnionPayConfig,
    fields=(
        CredentialField(
            name="mer_id",
            kind=FieldKind.TEXT,
            chinese="商户号 merId",
            english="Merchant number (merId)",
        ),
        CredentialField(
            name="merchant_pfx",
            kind=FieldKind.PFX,
            chinese="商户签名证书（.pfx）",
            english="Merchant's signing file (.pfx)",
            opened_by="merchant_pfx_password",
        ),
        CredentialField(
            name="merchant_pfx_password",
            kind=FieldKind.SECRET,
            chinese="签名证书密码",
            english="Password of that file",
        ),
        CredentialField(
            name="root_certificate",
            kind=FieldKind.CERTIFICATES,
            chinese="银联根证书（acp_…_root.cer）",
            english="UnionPay's root certificate (acp_…_root.cer)",
        ),
        CredentialField(
            name="middle_certificate",
            kind=FieldKind.CERTIFICATES,
            chinese="银联中级证书（acp_…_middle.cer）",
            english="UnionPay's middle certificate (acp_…_middle.cer)",
        ),
        CredentialField(
            name="encrypt_certificate",
            kind=FieldKind.CERTIFICATES,
            chinese="敏感信息加密证书（acp_…_enc.cer）",
            english="Certificate for encrypting account numbers (acp_…_enc.cer)",
            required=False,
        ),
        CredentialField(
            name="base_url",
            kind=FieldKind.TEXT,
            chinese="网关地址",
            english="Address of the gateway",
            default="https://gateway.95516.com",
        ),
        CredentialField(
            name="file_url",
            kind=FieldKind.TEXT,
            chinese="文件下载地址",
            english="Address of settlement files",
            default="https://filedownload.95516.com",
        ),
    ),
    open=lambda config, http: UnionPay(config=config, http=http),
    read=plain_reader(UnionPayConfig),
)
