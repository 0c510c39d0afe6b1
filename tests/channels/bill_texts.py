"""A whole trade bill of 1 March 2026 in the published form: one payment of 100.00, one refund of 33.34."""

TITLES = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,"
    "货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,"
    "商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注"
)
TOTAL_TITLES = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"
PAYMENT = (
    "`2026-03-01 23:59:59,`wxd678,`1900000109,`0,`,`4200000001,`order-1,`oHk,`NATIVE,`SUCCESS,`OTHERS,`CNY,"
    "`100.00,`0.00,`0,`0,`0.00,`0.00,`,`,`口红,`,`0.60000,`0.60%,`100.00,`0.00,`"
)
REFUND = (
    "`2026-03-01 00:00:00,`wxd678,`1900000109,`0,`,`4200000000,`order-0,`oHk,`NATIVE,`REFUND,`OTHERS,`CNY,"
    "`0.00,`0.00,`5000000001,`refund-1,`33.34,`0.00,`ORIGINAL,`SUCCESS,`茶,`,`-0.20000,`0.60%,`0.00,`33.34,`"
)
TOTALS = "`2.0,`100.00,`33.34,`0.00,`0.40000,`100.00,`33.34"


def bill(*texts: str) -> bytes:
    return ("\ufeff" + "\r\n".join(texts) + "\r\n").encode()


WHOLE = bill(TITLES, PAYMENT, REFUND, TOTAL_TITLES, TOTALS)
