"""A buyer at the cashier, with the simulated phone in the other hand."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Window
from tests.browser.desk import keep_picture
from tests.browser.sandbox import Sandbox

pytestmark = pytest.mark.timeout(300)
PHONE = {"width": 390, "height": 700}
CRISP = 2
DESKTOP = {"width": 1280, "height": 860}
EVERY_WAY = ["wechatpay_native", "wechatpay_h5", "alipay_qr", "alipay_page", "alipay_wap", "unionpay_b2c"]
MOBILE_AGENT = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1"
)
OVERFLOWS = "document.scrollingElement.scrollWidth > innerWidth"


@pytest.fixture
def tea(sandbox: Sandbox) -> str:
    """A merchant that nobody else sells for."""
    return sandbox.merchant("TEA", "武夷山岩茶合作社")["merchant_no"]


def await_code(page: Page) -> None:
    """Until the QR code is drawn."""
    code = page.locator("#code")
    expect(code).to_be_visible()
    expect(code).to_have_js_property("complete", True)
    assert code.evaluate("image => image.naturalWidth") > 0


def open_cashier(page: Page, address: str, view: str) -> None:
    page.goto(address)
    expect(page.locator("#cashier")).to_have_attribute("data-view", view)


class TestABuyer:
    def test_scans_pays_and_sees_the_page_turn_to_paid(
        self, sandbox: Sandbox, window: Window, tea: str
    ) -> None:
        before = sandbox.ask("GET", f"/v1/merchants/{tea}/balance")["pending"]
        payment = sandbox.payment(tea, 128_800, "大红袍 500 克 × 2")
        page, _ = window(viewport=PHONE, device_scale_factor=CRISP)
        open_cashier(page, payment["cashier_url"], "waiting")

        assert page.locator("#amount").inner_text() == "¥ 1,288.00"
        assert page.locator("#order-no").inner_text() == payment["order_no"]
        assert page.locator("#description").inner_text() == "大红袍 500 克 × 2"
        await_code(page)
        expect(page.locator("#countdown")).to_have_text(re.compile(r"1:59:\d\d|2:00:00"))
        keep_picture(page, "cashier-before")

        with page.context.expect_page() as opened:
            page.get_by_role("link", name="模拟买家手机").click()
        phone = opened.value
        expect(phone.locator("main")).to_contain_text("¥1,288.00")
        phone.get_by_role("button", name=re.compile("立即支付")).click()
        expect(phone.get_by_role("heading", name="支付成功")).to_be_visible()

        expect(page.locator("#cashier")).to_have_attribute("data-view", "paid")
        expect(page.get_by_role("heading", name="支付成功")).to_be_visible()
        expect(page.locator("#code")).to_be_hidden()
        keep_picture(page, "cashier-after")
        paid = sandbox.ask("GET", f"/v1/payments/{payment['id']}")
        assert (paid["state"], paid["fee"]) == ("succeeded", 772)
        after = sandbox.ask("GET", f"/v1/merchants/{tea}/balance")["pending"]
        assert after - before == 128_800 - 772

    def test_sees_an_order_turn_to_closed_when_the_platform_closes_it(
        self, sandbox: Sandbox, window: Window, tea: str
    ) -> None:
        payment = sandbox.payment(tea, 100, "一元试饮")
        page, _ = window(viewport=PHONE)
        open_cashier(page, payment["cashier_url"], "waiting")
        sandbox.ask("POST", f"/v1/payments/{payment['id']}/close")
        expect(page.locator("#cashier")).to_have_attribute("data-view", "closed")
        expect(page.get_by_role("heading", name="订单已关闭")).to_be_visible()
        expect(page.locator("#code")).to_be_hidden()

    def test_sees_the_code_expire_even_where_the_network_is_gone(
        self, sandbox: Sandbox, window: Window, tea: str
    ) -> None:
        payment = sandbox.payment(tea, 200, "两元试饮")
        page, watch = window(viewport=PHONE)
        page.clock.install()
        open_cashier(page, payment["cashier_url"], "waiting")
        page.context.set_offline(True)
        page.clock.fast_forward("02:00:01")
        expect(page.locator("#cashier")).to_have_attribute("data-view", "expired")
        expect(page.get_by_role("heading", name="订单已过期")).to_be_visible()
        page.context.set_offline(False)
        watch.complaints[:] = [text for text in watch.complaints if "INTERNET_DISCONNECTED" not in text]

    def test_is_told_when_an_order_does_not_exist(self, sandbox: Sandbox, window: Window) -> None:
        page, watch = window(viewport=PHONE)
        token = "0" * 26
        watch.expect(404, f"/cashier/api/{token}")
        open_cashier(page, f"{sandbox.url}/cashier/{token}", "missing")
        expect(page.get_by_role("heading", name="没有这个订单")).to_be_visible()


class TestTheCashier:
    def test_speaks_english_at_a_switch_and_remembers_it(
        self, sandbox: Sandbox, window: Window, tea: str
    ) -> None:
        payment = sandbox.payment(tea, 4500, "Oolong")
        page, _ = window(viewport=PHONE)
        open_cashier(page, payment["cashier_url"], "waiting")
        page.get_by_role("button", name="English").click()
        expect(page.get_by_role("heading", name="Checkout")).to_be_visible()
        expect(page.locator("#scan")).to_contain_text("Scan the code with WeChat")
        page.reload()
        expect(page.locator("#cashier")).to_have_attribute("data-view", "waiting")
        chinese = re.compile(r"[\u4e00-\u9fff]")
        payee = page.locator("#payee").inner_text()
        shown = page.locator("body").inner_text().replace(payee, "").replace("中文", "")
        assert chinese.search(shown) is None, shown

    @pytest.mark.parametrize("width", [360, 390])
    def test_shows_the_whole_code_on_a_phone_without_scrolling(
        self, sandbox: Sandbox, window: Window, tea: str, width: int
    ) -> None:
        payment = sandbox.payment(tea, 9_999_999_900, "一整年的订货")
        page, _ = window(viewport={"width": width, "height": 740})
        open_cashier(page, payment["cashier_url"], "waiting")
        await_code(page)
        assert page.locator("#amount").inner_text() == "¥ 99,999,999.00"
        assert not page.evaluate(OVERFLOWS)
        box = page.locator("#code").bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= 740
        assert box["width"] >= 180


class TestChoosing:
    """An order whose platform leaves the way to pay to its buyer."""

    @pytest.mark.parametrize("language", ["zh-CN", "en-US"])
    @pytest.mark.parametrize("place", ["desktop", "phone"])
    def test_shows_what_is_open_on_the_device_in_both_languages(
        self, sandbox: Sandbox, window: Window, tea: str, language: str, place: str
    ) -> None:
        payment = sandbox.payment(tea, 5_600, "铁观音 Tieguanyin", methods=EVERY_WAY)
        page, _ = window(
            viewport=PHONE if place == "phone" else DESKTOP,
            locale=language,
            device_scale_factor=CRISP if place == "phone" else 1,
            **({"user_agent": MOBILE_AGENT, "has_touch": True} if place == "phone" else {}),
        )
        open_cashier(page, payment["cashier_url"], "choosing")
        heading = "选择支付方式" if language == "zh-CN" else "Choose how to pay"
        expect(page.get_by_role("heading", name=heading)).to_be_visible()
        shown = [way.get_attribute("data-method") for way in page.locator(".way").all()]
        assert shown == (
            ["wechatpay_h5", "alipay_wap", "unionpay_b2c", "wechatpay_native", "alipay_qr"]
            if place == "phone"
            else ["wechatpay_native", "alipay_qr", "alipay_page", "unionpay_b2c"]
        )
        assert not page.evaluate(OVERFLOWS)
        keep_picture(page, f"cashier-choosing-{place}-{language[:2]}")

    def test_changes_from_one_code_to_another_by_keyboard(
        self, sandbox: Sandbox, window: Window, tea: str
    ) -> None:
        payment = sandbox.payment(tea, 5_600, "铁观音", methods=EVERY_WAY)
        page, _ = window(viewport=DESKTOP)
        open_cashier(page, payment["cashier_url"], "choosing")
        page.locator('[data-method="wechatpay_native"]').focus()
        page.keyboard.press("Enter")
        expect(page.locator("#cashier")).to_have_attribute("data-view", "waiting")
        await_code(page)
        keep_picture(page, "cashier-code-desktop")
        page.get_by_role("button", name="换一种支付方式").click()
        expect(page.locator('[data-method="wechatpay_native"]')).to_have_attribute("aria-current", "true")
        keep_picture(page, "cashier-change-desktop")
        page.locator('[data-method="alipay_qr"]').click()
        expect(page.locator("#code")).to_have_attribute("alt", "支付宝二维码")
        states = [each["state"] for each in sandbox.ask("GET", f"/v1/payments/{payment['id']}")["attempts"]]
        assert states == ["closed", "awaiting_payment"]

    @pytest.mark.parametrize("method", ["alipay_page", "unionpay_b2c"])
    def test_goes_to_the_channel_and_comes_back_paid(
        self, sandbox: Sandbox, window: Window, tea: str, method: str
    ) -> None:
        payment = sandbox.payment(tea, 5_600, "铁观音", methods=EVERY_WAY)
        page, _ = window(viewport=DESKTOP)
        open_cashier(page, payment["cashier_url"], "choosing")
        page.locator(f'[data-method="{method}"]').click()
        page.wait_for_url(lambda url: not url.startswith(sandbox.url))
        page.get_by_role("button", name=re.compile("付款|支付")).click()
        # UnionPay's page goes back by itself, with a form; Alipay's by a link.
        if method == "alipay_page":
            page.get_by_role("link", name=re.compile("商家|返回")).first.click()
        page.wait_for_url(lambda url: url.startswith(sandbox.url))
        expect(page.locator("#cashier")).to_have_attribute("data-view", "paid")
        paid = sandbox.ask("GET", f"/v1/payments/{payment['id']}")
        assert (paid["state"], paid["method"]) == ("succeeded", method)


class TestALink:
    @pytest.mark.parametrize("language", ["zh-CN", "en-US"])
    def test_on_a_counter_takes_the_amount_that_is_typed(
        self, sandbox: Sandbox, window: Window, tea: str, language: str
    ) -> None:
        body = {"code_no": f"counter-{language}", "merchant_no": tea, "shop": "武夷山岩茶 一号柜台"}
        code = sandbox.ask("POST", "/v1/payment-codes", body)
        page, _ = window(
            viewport=PHONE,
            user_agent=MOBILE_AGENT,
            has_touch=True,
            device_scale_factor=CRISP,
            locale=language,
        )
        open_cashier(page, code["url"], "offer")
        expect(page.locator("#payee")).to_have_text("武夷山岩茶 一号柜台")
        amount = page.locator("#typed-amount")
        amount.fill("12.345")
        amount.press("Enter")
        expect(page.locator("#refused")).to_be_visible()
        amount.fill("12.34")
        keep_picture(page, f"cashier-counter-{language[:2]}")
        amount.press("Enter")
        page.wait_for_url(re.compile("/cashier/"))
        expect(page.locator("#cashier")).to_have_attribute("data-view", "choosing")
        expect(page.locator("#amount")).to_have_text("¥ 12.34")
        assert not page.evaluate(OVERFLOWS)

    def test_that_is_closed_says_so(self, sandbox: Sandbox, window: Window, tea: str) -> None:
        body = {
            "link_no": "gone",
            "amount": 100,
            "description": "茶会",
            "lines": [{"merchant_no": tea, "amount": 100}],
        }
        link = sandbox.ask("POST", "/v1/payment-links", body)
        sandbox.ask("POST", f"/v1/payment-links/{link['id']}/close")
        page, watch = window(viewport=PHONE)
        watch.expect(409, link["url"].partition(sandbox.url)[2].replace("/pay/", "/pay/api/"))
        open_cashier(page, link["url"], "linkEnded")
        expect(page.get_by_role("heading", name="链接已失效")).to_be_visible()


class TestSomebodyElse:
    def test_is_asked_pays_and_both_pages_turn_to_paid(
        self, sandbox: Sandbox, window: Window, tea: str
    ) -> None:
        payment = sandbox.payment(tea, 5_600, "铁观音", methods=EVERY_WAY)
        page, _ = window(viewport=DESKTOP)
        open_cashier(page, payment["cashier_url"], "choosing")
        page.get_by_text("找人代付").click()
        page.get_by_label("您的称呼").fill("小陈")
        page.get_by_label("留言").fill("帮我付一下，谢谢")
        page.get_by_role("button", name="生成代付链接").click()
        address = page.locator("#asked-url")
        expect(address).to_be_visible()
        keep_picture(page, "cashier-ask")

        other, _ = window(viewport=PHONE, device_scale_factor=CRISP)
        open_cashier(other, address.input_value(), "choosing")
        expect(other.locator("#asked-who")).to_have_text("小陈 请您帮忙付款")
        expect(other.locator("#order-no")).to_have_text("")
        expect(other.locator("#ask")).to_be_hidden()
        keep_picture(other, "cashier-asked")
        other.locator('[data-method="wechatpay_native"]').click()
        expect(other.locator("#cashier")).to_have_attribute("data-view", "waiting")
        with other.context.expect_page() as opened:
            other.get_by_role("link", name="模拟买家手机").click()
        opened.value.get_by_role("button", name=re.compile("立即支付")).click()
        for each in (other, page):
            expect(each.locator("#cashier")).to_have_attribute("data-view", "paid")
        expect(page.locator("#end-text")).to_contain_text("已有人替您付款")
