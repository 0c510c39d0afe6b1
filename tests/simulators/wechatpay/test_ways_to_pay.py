"""JSAPI, mini programs, H5, APP, and the client's signature that opens each of them."""

from typing import Any

import pytest
from tests.simulators.merchant import Inbox, Sandbox
from tests.simulators.wechatpay.shop import (
    DIRECT,
    PARTNER,
    SCENE,
    app,
    bill_lines,
    download,
    jsapi,
    partner_order,
    refused,
    sub_mchid,
)

BUYER = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"


def placed(sandbox: Sandbox, kind: str, order: dict[str, Any]) -> str:
    answer = sandbox.call("POST", f"{DIRECT}/{kind}", order)
    assert answer.status == 200, answer.body
    return answer.json["prepay_id"]


class TestAnOrderInsideWeChat:
    def test_is_paid_by_the_buyer_it_was_placed_for(
        self, sandbox: Sandbox, inbox: Inbox, number: str
    ) -> None:
        order = sandbox.order(number, 1299, inbox.url, payer={"openid": BUYER})
        parameters = jsapi(sandbox, placed(sandbox, "jsapi", order))
        assert refused(sandbox, "invoke", {"jsapi": parameters, "payer": "oSomebodyElse"}) == (
            400,
            "INVALID_REQUEST",
        )
        assert sandbox.query(number).json["trade_state"] == "NOTPAY"
        sandbox.sandbox("invoke", {"jsapi": parameters})
        said = sandbox.unseal(inbox.next().envelope["resource"])
        assert said == sandbox.query(number).json
        assert (said["trade_type"], said["payer"], said["amount"]["total"]) == (
            "JSAPI",
            {"openid": BUYER},
            1299,
        )

    @pytest.mark.parametrize(
        ("changes", "refusal"),
        [
            ({"paySign": "AAAA"}, (401, "SIGN_ERROR")),
            ({"package": "prepay_id=wx00"}, (401, "SIGN_ERROR")),
            ({"appId": "wx0000000000000000"}, (401, "SIGN_ERROR")),
            ({"signType": "MD5"}, (400, "INVALID_REQUEST")),
        ],
    )
    def test_is_not_opened_by_altered_parameters(
        self, sandbox: Sandbox, inbox: Inbox, number: str, changes: dict[str, str], refusal: tuple[int, str]
    ) -> None:
        prepay_id = placed(sandbox, "jsapi", sandbox.order(number, 1, inbox.url, payer={"openid": BUYER}))
        assert refused(sandbox, "invoke", {"jsapi": jsapi(sandbox, prepay_id, **changes)}) == refusal
        assert sandbox.query(number).json["trade_state"] == "NOTPAY"

    def test_needs_its_buyer(self, sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        answer = sandbox.call("POST", f"{DIRECT}/jsapi", sandbox.order(number, 1, inbox.url))
        assert answer.refusal == (400, "PARAM_ERROR")

    def test_lets_its_prepay_id_lapse_after_two_hours(
        self, sandbox: Sandbox, inbox: Inbox, number: str
    ) -> None:
        order = sandbox.order(number, 1, inbox.url, payer={"openid": BUYER})
        old = placed(sandbox, "jsapi", order)
        sandbox.sandbox("clock", {"now": "2026-03-02T14:00:00+08:00"})
        assert refused(sandbox, "invoke", {"jsapi": jsapi(sandbox, old)}) == (400, "ORDER_CLOSED")
        new = placed(sandbox, "jsapi", order)
        assert new != old
        sandbox.sandbox("invoke", {"jsapi": jsapi(sandbox, new)})


class TestAnOrderInAnApp:
    def test_is_opened_with_the_bare_prepay_id(self, sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        prepay_id = placed(sandbox, "app", sandbox.order(number, 800, inbox.url))
        sandbox.sandbox("invoke", {"app": app(sandbox, prepay_id)})
        assert sandbox.query(number).json["trade_type"] == "APP"

    def test_is_not_opened_as_a_page_or_for_another_merchant(
        self, sandbox: Sandbox, inbox: Inbox, number: str
    ) -> None:
        prepay_id = placed(sandbox, "app", sandbox.order(number, 800, inbox.url))
        assert refused(sandbox, "invoke", {"jsapi": jsapi(sandbox, prepay_id)}) == (400, "INVALID_REQUEST")
        wrong = app(sandbox, prepay_id, partnerid="1900000001")
        assert refused(sandbox, "invoke", {"app": wrong}) == (400, "INVALID_REQUEST")
        assert sandbox.query(number).json["trade_state"] == "NOTPAY"


class TestAnOrderInAPhonesBrowser:
    def test_leads_to_a_page_to_pay_on_and_back_to_the_shop(
        self, sandbox: Sandbox, inbox: Inbox, number: str
    ) -> None:
        order = sandbox.order(number, 4200, inbox.url, scene_info=SCENE)
        h5_url = sandbox.call("POST", f"{DIRECT}/h5", order).json["h5_url"]
        target = h5_url.removeprefix(sandbox.url) + "&redirect_url=https%3A%2F%2Fshop.example%2Fdone"
        page = sandbox.send("GET", target).body.decode()
        assert "42.00" in page
        assert 'href="https://shop.example/done"' in page
        prepay_id = target.partition("prepay_id=")[2].partition("&")[0]
        form = f"code_url={prepay_id}&redirect_url=https%3A%2F%2Fshop.example%2Fdone&lang=zh".encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        paid = sandbox.send("POST", "/phone/pay", form, headers)
        assert paid.status == 303
        assert "支付成功" in sandbox.send("GET", paid.headers["location"]).body.decode()
        assert sandbox.query(number).json["trade_type"] == "MWEB"

    def test_needs_the_scene(self, sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        answer = sandbox.call("POST", f"{DIRECT}/h5", sandbox.order(number, 1, inbox.url))
        assert answer.refusal == (400, "PARAM_ERROR")

    def test_does_not_lead_back_to_a_script(self, sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        order = sandbox.order(number, 1, inbox.url, scene_info=SCENE)
        h5_url = sandbox.call("POST", f"{DIRECT}/h5", order).json["h5_url"]
        page = sandbox.send("GET", h5_url.removeprefix(sandbox.url) + "&redirect_url=javascript:alert(1)")
        assert "javascript" not in page.body.decode()


class TestAServiceProvider:
    def test_places_an_order_for_its_merchant_alone(
        self, sandbox: Sandbox, inbox: Inbox, number: str
    ) -> None:
        order = partner_order(sandbox, number, 500, inbox.url, payer={"sp_openid": BUYER})
        prepay_id = sandbox.call("POST", f"{PARTNER}/jsapi", order).json["prepay_id"]
        sandbox.sandbox("invoke", {"jsapi": jsapi(sandbox, prepay_id)})
        said = sandbox.unseal(inbox.next().envelope["resource"])
        assert said["payer"] == {"sp_openid": BUYER, "sub_openid": f"sub-{BUYER}"}
        assert (said["sp_mchid"], said["sub_mchid"]) == (sandbox.credentials["mchid"], sub_mchid(sandbox))
        asked = f"{PARTNER}/out-trade-no/{number}?sp_mchid={sandbox.credentials['mchid']}&sub_mchid="
        assert sandbox.call("GET", asked + sub_mchid(sandbox)).json == said
        assert sandbox.call("GET", asked + sub_mchid(sandbox, 1)).refusal == (404, "ORDER_NOT_EXIST")
        assert sandbox.query(number).refusal == (404, "ORDER_NOT_EXIST")

    @pytest.mark.parametrize(
        ("changes", "refusal"),
        [
            ({"sub_mchid": "1900000001", "sub_appid": ""}, (403, "NO_AUTH")),
            ({"sub_appid": "wx0000000000000000"}, (400, "APPID_MCHID_NOT_MATCH")),
            ({"sp_mchid": "1900000001"}, (400, "PARAM_ERROR")),
            ({"sub_mchid": ""}, (400, "PARAM_ERROR")),
            ({"mchid": "1900000001"}, (400, "PARAM_ERROR")),
        ],
    )
    def test_places_none_for_a_stranger(
        self, sandbox: Sandbox, inbox: Inbox, number: str, changes: dict[str, str], refusal: tuple[int, str]
    ) -> None:
        order = partner_order(sandbox, number, 500, inbox.url) | changes
        assert sandbox.call("POST", f"{PARTNER}/native", order).refusal == refusal

    def test_refunds_and_closes_in_its_merchants_name(
        self, sandbox: Sandbox, inbox: Inbox, number: str
    ) -> None:
        order = partner_order(sandbox, number, 500, inbox.url)
        assert sandbox.call("POST", f"{PARTNER}/native", order).status == 200
        sandbox.sandbox("pay", {"out_trade_no": number})
        amount = {"refund": 200, "total": 500, "currency": "CNY"}
        wish = {"out_trade_no": number, "out_refund_no": f"r-{number}", "amount": amount}
        assert sandbox.refund(wish).refusal == (404, "RESOURCE_NOT_EXISTS")
        assert sandbox.refund(wish | {"sub_mchid": sub_mchid(sandbox)}).json["status"] == "PROCESSING"
        target = f"/v3/refund/domestic/refunds/r-{number}"
        assert sandbox.call("GET", target).refusal == (404, "RESOURCE_NOT_EXISTS")
        assert sandbox.call("GET", f"{target}?sub_mchid={sub_mchid(sandbox)}").json["status"] == "SUCCESS"
        parties = {"sp_mchid": sandbox.credentials["mchid"], "sub_mchid": sub_mchid(sandbox)}
        closing = sandbox.call("POST", f"{PARTNER}/out-trade-no/{number}/close", parties)
        assert closing.refusal == (400, "ORDERPAID")


class TestTheTradeBill:
    def test_shows_every_way_to_pay_and_whose_order_it_was(self, own_sandbox: Sandbox, inbox: Inbox) -> None:
        sandbox = own_sandbox
        ways = {"native": {}, "app": {}, "h5": {"scene_info": SCENE}, "jsapi": {"payer": {"openid": BUYER}}}
        for kind, more in ways.items():
            sandbox.call("POST", f"{DIRECT}/{kind}", sandbox.order(f"direct-{kind}", 1000, inbox.url, **more))
            sandbox.sandbox("pay", {"out_trade_no": f"direct-{kind}"})
        sandbox.call("POST", f"{PARTNER}/native", partner_order(sandbox, "partner-1", 500, inbox.url))
        sandbox.sandbox("pay", {"out_trade_no": "partner-1"})
        sandbox.sandbox("clock", {"now": "2026-03-03T10:00:00+08:00"})
        whole = bill_lines(download(sandbox, "/v3/bill/tradebill?bill_date=2026-03-02"))
        assert sorted((line[3], line[6], line[8], line[12], line[22]) for line in whole) == sorted(
            [
                ("0", "direct-native", "NATIVE", "10.00", "0.04000"),
                ("0", "direct-app", "APP", "10.00", "0.04000"),
                ("0", "direct-h5", "MWEB", "10.00", "0.04000"),
                ("0", "direct-jsapi", "JSAPI", "10.00", "0.04000"),
                (sub_mchid(sandbox), "partner-1", "NATIVE", "5.00", "0.02000"),
            ]
        )
        target = f"/v3/bill/tradebill?bill_date=2026-03-02&sub_mchid={sub_mchid(sandbox)}"
        assert [line[6] for line in bill_lines(download(sandbox, target))] == ["partner-1"]
