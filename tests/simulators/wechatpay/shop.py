"""What a shop does at WeChat Pay beyond Native payments, for the tests: bodies, signatures, encryption."""

import base64
import json
import secrets
from typing import Any

from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP, PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from tests.simulators.merchant import Answer, Sandbox

DIRECT = "/v3/pay/transactions"
PARTNER = "/v3/pay/partner/transactions"
SCENE = {"payer_client_ip": "14.23.150.211", "h5_info": {"type": "Wap"}}


def partner_order(sandbox: Sandbox, number: str, total: int, notify_url: str, **more: Any) -> dict[str, Any]:
    """An order of the first merchant behind the service provider."""
    merchant: Any = sandbox.credentials["sub_merchants"][0]
    order = sandbox.order(number, total, notify_url)
    order |= {"sp_appid": order.pop("appid"), "sp_mchid": order.pop("mchid")}
    return order | {"sub_mchid": merchant["sub_mchid"], "sub_appid": merchant["sub_appid"]} | more


def sub_mchid(sandbox: Sandbox, index: int = 0) -> str:
    merchant: Any = sandbox.credentials["sub_merchants"][index]
    return merchant["sub_mchid"]


def code_order(sandbox: Sandbox, number: str, total: int, auth_code: str) -> dict[str, Any]:
    order = sandbox.order(number, total, "")
    del order["notify_url"]
    scene = {"device_ip": "127.0.0.1", "store_info": {"out_id": "S1"}}
    return order | {"payer": {"auth_code": auth_code}, "scene_info": scene}


def signed_lines(sandbox: Sandbox, *lines: str) -> str:
    message = "".join(f"{line}\n" for line in lines).encode()
    return base64.b64encode(sandbox.key.sign(message, PKCS1v15(), SHA256())).decode()


def jsapi(sandbox: Sandbox, prepay_id: str, **changes: str) -> dict[str, str]:
    """What a page inside WeChat gets from its server."""
    lines = {
        "appId": sandbox.credentials["appid"],
        "timeStamp": str(int(sandbox.now().timestamp())),
        "nonceStr": secrets.token_hex(16),
        "package": f"prepay_id={prepay_id}",
    }
    return lines | {"signType": "RSA", "paySign": signed_lines(sandbox, *lines.values())} | changes


def app(sandbox: Sandbox, prepay_id: str, **changes: str) -> dict[str, str]:
    """What an app gets from its server."""
    lines = {
        "appid": sandbox.credentials["appid"],
        "timestamp": str(int(sandbox.now().timestamp())),
        "noncestr": secrets.token_hex(16),
        "prepayid": prepay_id,
    }
    fixed = {"partnerid": sandbox.credentials["mchid"], "package": "Sign=WXPay"}
    return lines | fixed | {"sign": signed_lines(sandbox, *lines.values())} | changes


def encrypted(sandbox: Sandbox, text: str, serial: str = "") -> str:
    """A sensitive field under WeChat Pay's public key."""
    key = sandbox.keys[serial or sandbox.credentials["wechatpay_public_key_id"]]
    padding = OAEP(mgf=MGF1(algorithm=SHA1()), algorithm=SHA1(), label=None)
    return base64.b64encode(key.encrypt(text.encode(), padding)).decode()


def refused(sandbox: Sandbox, path: str, content: Any) -> tuple[int, str]:
    """What a sandbox call is refused with."""
    return sandbox.send("POST", f"/sandbox/{path}", json.dumps(content).encode()).refusal


def available(sandbox: Sandbox, mchid: str = "") -> int:
    """What the merchant has at WeChat Pay and may use."""
    return _balance(sandbox, mchid or sandbox.credentials["mchid"], "available")


def frozen(sandbox: Sandbox) -> int:
    """What waits for profit sharing."""
    return _balance(sandbox, sandbox.credentials["mchid"], "frozen")


def _balance(sandbox: Sandbox, mchid: str, kind: str) -> int:
    return sandbox.sandbox("state")["balances"].get(mchid, {kind: 0})[kind]


def bill_lines(answer: Answer) -> list[list[str]]:
    """The lines of a downloaded bill, without titles and summary."""
    rows = answer.body.decode("utf-8-sig").split("\r\n")[1:-3]
    return [row[1:].split(",`") for row in rows]


def download(sandbox: Sandbox, target: str) -> Answer:
    link = sandbox.call("GET", target).json["download_url"]
    return sandbox.call_unverified("GET", link.removeprefix(sandbox.url))
