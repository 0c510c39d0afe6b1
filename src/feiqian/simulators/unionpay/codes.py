"""The gateway's answer codes, in its own words.

Source: UnionPay's appendix of answer codes (平台接入接口规范 第5部分 附录), as repeated in public integrations. The seven
digits in brackets are the gateway's inner code; those not seen in public samples are 0 for this sandbox.
"""

SUCCESS = "00"
DEFECTIVE_SUCCESS = "A6"
"""Success that the merchant must look at; for payouts as good as 00."""
UNKNOWN_CODES = frozenset({"03", "04", "05"})
"""The gateway does not know yet: query."""

TEXTS = {
    "00": "成功[0000000]",
    "A6": "有缺陷的成功[0000000]",
    "01": "交易失败。详情请咨询95516[0000000]",
    "02": "系统未开放或暂时关闭，请稍后再试[0000000]",
    "03": "交易通讯超时，请发起查询交易[0000000]",
    "04": "交易状态未明，请查询对账结果[0000000]",
    "05": "交易已受理，请稍后查询交易结果[6154037]",
    "06": "系统繁忙，请稍后再试[0000000]",
    "10": "报文格式错误[6100030]",
    "11": "验证签名失败[9100004]",
    "12": "重复交易[0000000]",
    "13": "报文交易要素缺失[0000000]",
    "14": "批量文件格式错误[0000000]",
    "30": "交易未通过，请尝试使用其他银联卡支付或联系95516[0000000]",
    "31": "商户状态不正确[0000000]",
    "32": "无此交易权限[0000000]",
    "33": "交易金额超限[0000000]",
    "34": "查无此交易[2600000]",
    "35": "原交易不存在或状态不正确[0000000]",
    "36": "与原交易信息不符[0000000]",
    "37": "已超过最大查询次数或操作过于频繁[6100087]",
    "39": "交易不在受理时间范围内[0000000]",
    "41": "批量状态不正确，无法下载[0000000]",
    "42": "扣款成功但交易超过规定支付时间[0000000]",
    "45": "原交易已被成功退货或已被成功撤销[0000000]",
    "60": "交易失败，详情请咨询您的发卡行[0000000]",
    "61": "输入的卡号无效，请确认后输入[0000000]",
    "64": "卡上的余额不足[0000000]",
    "66": "持卡人身份信息或手机号输入不正确，验证失败[0000000]",
    "98": "文件不存在[0000000]",
}
"""What the gateway says beside a code; every code this sandbox gives."""


class Refused(Exception):
    """A refusal in the gateway's words; nothing was done."""

    def __init__(self, code: str, detail: str = "") -> None:
        self.code = code
        self.message = f"{detail}[0000000]" if detail else TEXTS[code]
        super().__init__(f"{code} {self.message}")


class Unreadable(Exception):
    """What came is no message at all: the gateway answers HTTP 400 without fields."""
