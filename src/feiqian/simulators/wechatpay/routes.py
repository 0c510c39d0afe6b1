"""Which address leads where."""

from aiohttp import web

from feiqian.simulators.kit.pages import STYLE_PATH, answer_style
from feiqian.simulators.wechatpay import (
    batches,
    bill_files,
    bills,
    certificates,
    codepay,
    combined,
    fundflow,
    invoking,
    orders,
    phone,
    prepay,
    receivers,
    refunds,
    returns,
    sandbox,
    sharing,
    transfers,
)


def channel_routes() -> list[web.RouteDef]:
    """What WeChat Pay has: every request is signed."""
    return [
        *_payments("/v3/pay/transactions"),
        *_payments("/v3/pay/partner/transactions"),
        *_combined("/v3/combine-transactions"),
        *_refunds("/v3/refund/domestic/refunds"),
        *_sharing("/v3/profitsharing"),
        *_transfers("/v3/fund-app/mch-transfer/transfer-bills"),
        *_batches("/v3/transfer/batches"),
        web.get("/v3/bill/tradebill", bills.answer_tradebill),
        web.get("/v3/bill/fundflowbill", fundflow.answer_fundflow),
        web.get("/v3/billdownload/file", bill_files.answer_download),
        web.get("/v3/certificates", certificates.answer_certificates),
    ]


def _payments(base: str) -> list[web.RouteDef]:
    return [
        *(web.post(f"{base}/{kind}", prepay.answer_prepay) for kind in prepay.KINDS),
        web.post(f"{base}/codepay", codepay.answer_codepay),
        web.get(f"{base}/out-trade-no/{{out_trade_no}}", orders.answer_query),
        web.get(f"{base}/id/{{transaction_id}}", orders.answer_query),
        web.post(f"{base}/out-trade-no/{{out_trade_no}}/close", orders.answer_close),
        web.post(f"{base}/out-trade-no/{{out_trade_no}}/reverse", codepay.answer_reverse),
    ]


def _combined(base: str) -> list[web.RouteDef]:
    number = f"{base}/out-trade-no/{{combine_out_trade_no}}"
    return [
        *(web.post(f"{base}/{kind}", combined.answer_prepay) for kind in prepay.KINDS),
        web.get(number, combined.answer_query),
        web.post(f"{number}/close", combined.answer_close),
    ]


def _refunds(base: str) -> list[web.RouteDef]:
    return [
        web.post(base, refunds.answer_application),
        web.get(f"{base}/{{out_refund_no}}", refunds.answer_query),
        web.post(f"{base}/{{refund_id}}/apply-abnormal-refund", refunds.answer_abnormal),
    ]


def _sharing(base: str) -> list[web.RouteDef]:
    return [
        web.post(f"{base}/receivers/add", receivers.answer_add),
        web.post(f"{base}/receivers/delete", receivers.answer_delete),
        web.post(f"{base}/orders", sharing.answer_sharing),
        web.post(f"{base}/orders/unfreeze", sharing.answer_unfreeze),
        web.get(f"{base}/orders/{{out_order_no}}", sharing.answer_query),
        web.get(f"{base}/transactions/{{transaction_id}}/amounts", sharing.answer_amounts),
        web.get(f"{base}/merchant-configs/{{sub_mchid}}", sharing.answer_configuration),
        web.post(f"{base}/return-orders", returns.answer_return),
        web.get(f"{base}/return-orders/{{out_return_no}}", returns.answer_query),
    ]


def _transfers(base: str) -> list[web.RouteDef]:
    return [
        web.post(base, transfers.answer_transfer),
        web.get(f"{base}/out-bill-no/{{out_bill_no}}", transfers.answer_query),
        web.get(f"{base}/transfer-bill-no/{{transfer_bill_no}}", transfers.answer_query),
        web.post(f"{base}/out-bill-no/{{out_bill_no}}/cancel", transfers.answer_cancel),
    ]


def _batches(base: str) -> list[web.RouteDef]:
    mine, theirs = f"{base}/out-batch-no/{{out_batch_no}}", f"{base}/batch-id/{{batch_id}}"
    return [
        web.post(base, batches.answer_batch),
        web.get(mine, batches.answer_query),
        web.get(theirs, batches.answer_query),
        web.get(f"{mine}/details/out-detail-no/{{detail_no}}", batches.answer_detail),
        web.get(f"{theirs}/details/detail-id/{{detail_no}}", batches.answer_detail),
    ]


def sandbox_routes() -> list[web.RouteDef]:
    """What WeChat Pay does not have: the buyer's hand and phone, and a look into the books."""
    return [
        web.post("/sandbox/pay", sandbox.answer_pay),
        web.post("/sandbox/invoke", invoking.answer_invoke),
        web.post("/sandbox/auth-codes", codepay.answer_auth_code),
        web.post("/sandbox/password/{out_trade_no}", codepay.answer_password),
        web.post("/sandbox/deposits", sandbox.answer_deposit),
        web.post("/sandbox/rotation", certificates.answer_rotation),
        web.get("/sandbox/orders/{out_trade_no}", sandbox.answer_order),
        web.get("/sandbox/callbacks/{number}", sandbox.answer_callbacks),
        web.post("/sandbox/refunds/{out_refund_no}", sandbox.answer_settlement),
        web.post("/sandbox/sharings/{out_order_no}", sharing.answer_ending),
        web.post("/sandbox/sharing-returns/{out_return_no}", returns.answer_ending),
        web.post("/sandbox/transfers/{out_bill_no}", transfers.answer_confirmation),
        web.post("/sandbox/batches/{out_batch_no}", batches.answer_ending),
        web.get("/sandbox/state", sandbox.answer_state),
        web.get("/phone", phone.answer_page),
        web.get("/phone/h5", phone.answer_h5),
        web.post("/phone/code", phone.answer_code),
        web.post("/phone/pay", phone.answer_pay),
        web.get(STYLE_PATH, answer_style),
    ]
