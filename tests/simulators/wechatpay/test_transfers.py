"""Merchant transfers that the user confirms, and the older batches."""

from typing import Any

import pytest
from tests.simulators.merchant import Answer, Inbox, Sandbox
from tests.simulators.wechatpay.shop import available, encrypted

BILLS = "/v3/fund-app/mch-transfer/transfer-bills"
BATCHES = "/v3/transfer/batches"


def bill(sandbox: Sandbox, number: str, amount: int, **more: Any) -> dict[str, Any]:
    return {
        "appid": sandbox.credentials["appid"],
        "out_bill_no": number,
        "transfer_scene_id": "1000",
        "openid": "oReceiver",
        "transfer_amount": amount,
        "transfer_remark": "三月奖励",
        "transfer_scene_report_infos": [{"info_type": "活动名称", "info_content": "注册有礼"}],
    } | more


def query(sandbox: Sandbox, number: str) -> Any:
    return sandbox.call("GET", f"{BILLS}/out-bill-no/{number}").json


@pytest.fixture
def no(number: str) -> str:
    """A number of digits and letters only, as transfers want it."""
    return number.replace("-", "")


@pytest.fixture
def rich(sandbox: Sandbox) -> Sandbox:
    """A merchant with 10,000 yuan more."""
    sandbox.sandbox("deposits", {"amount": 10_000_00})
    return sandbox


class TestATransfer:
    def test_waits_for_the_user_then_succeeds(self, rich: Sandbox, inbox: Inbox, no: str) -> None:
        before = available(rich)
        asked = rich.call("POST", BILLS, bill(rich, no, 5000, notify_url=inbox.url)).json
        assert asked["state"] == "WAIT_USER_CONFIRM"
        assert available(rich) == before - 5000
        rich.sandbox(f"transfers/{no}", {"package_info": asked["package_info"]})
        said = rich.unseal(inbox.next().envelope["resource"])
        assert (said["state"], said["transfer_amount"], said["out_bill_no"]) == ("SUCCESS", 5000, no)
        shown = query(rich, no)
        assert shown["state"] == "SUCCESS"
        assert rich.call("GET", f"{BILLS}/transfer-bill-no/{asked['transfer_bill_no']}").json == shown
        assert available(rich) == before - 5000

    def test_that_fails_after_it_was_accepted_gives_the_money_back(
        self, rich: Sandbox, inbox: Inbox, no: str
    ) -> None:
        before = available(rich)
        rich.sandbox("behaviour", {"transfer": "fails_after_accepted", "only_next": 1})
        asked = rich.call("POST", BILLS, bill(rich, no, 5000, notify_url=inbox.url)).json
        assert asked["state"] == "ACCEPTED"
        assert query(rich, no)["fail_reason"] == "PAYEE_ACCOUNT_ABNORMAL"
        assert inbox.next().envelope["event_type"] == "MCHTRANSFER.BILL.FINISHED"
        assert available(rich) == before

    def test_may_be_processing_for_ever(self, rich: Sandbox, no: str) -> None:
        rich.sandbox("behaviour", {"transfer": "processing", "only_next": 1})
        asked = rich.call("POST", BILLS, bill(rich, no, 5000)).json
        assert (asked["state"], "package_info" in asked) == ("PROCESSING", False)
        rich.sandbox("clock", {"now": "2026-03-09T12:00:00+08:00"})
        assert query(rich, no)["state"] == "PROCESSING"

    def test_that_nobody_confirms_fails_after_a_day(self, rich: Sandbox, no: str) -> None:
        before = available(rich)
        rich.call("POST", BILLS, bill(rich, no, 5000))
        rich.sandbox("clock", {"now": "2026-03-03T12:00:00+08:00"})
        assert query(rich, no)["fail_reason"] == "OVERDUE_CLOSE"
        assert available(rich) == before

    def test_can_be_cancelled_until_it_is_confirmed(self, rich: Sandbox, no: str) -> None:
        before = available(rich)
        rich.call("POST", BILLS, bill(rich, no, 5000))
        target = f"{BILLS}/out-bill-no/{no}/cancel"
        assert rich.call("POST", target).json["state"] == "CANCELING"
        assert query(rich, no)["state"] == "CANCELLED"
        assert rich.call("POST", target).json["state"] == "CANCELLED"
        assert available(rich) == before
        rich.call("POST", BILLS, bill(rich, f"{no}b", 5000))
        rich.sandbox(f"transfers/{no}b", {})
        late = rich.call("POST", f"{BILLS}/out-bill-no/{no}b/cancel")
        assert late.refusal == (400, "INVALID_REQUEST")

    def test_is_made_once_though_its_answer_was_lost(self, rich: Sandbox, no: str) -> None:
        before = available(rich)
        rich.sandbox("behaviour", {"transfer": "timeout_after_success", "only_next": 1})
        with pytest.raises(TimeoutError):
            rich.call("POST", BILLS, bill(rich, no, 5000), timeout_s=0.3)
        again = rich.call("POST", BILLS, bill(rich, no, 5000))
        assert again.json["transfer_bill_no"] == query(rich, no)["transfer_bill_no"]
        assert rich.call("POST", BILLS, bill(rich, no, 5001)).refusal == (400, "ALREADY_EXISTS")
        assert available(rich) == before - 5000

    def test_needs_a_readable_name_from_2000_yuan_on(self, rich: Sandbox, no: str) -> None:
        assert rich.call("POST", BILLS, bill(rich, no, 2000_00)).refusal == (400, "PARAM_ERROR")
        clear = bill(rich, no, 2000_00, user_name="张三")
        assert rich.call("POST", BILLS, clear).refusal == (400, "PARAM_ERROR")
        good = bill(rich, no, 2000_00, user_name=encrypted(rich, "张三"))
        assert rich.call("POST", BILLS, good).status == 200

    @pytest.mark.parametrize(
        ("changes", "refusal"),
        [
            ({"transfer_amount": 10**12, "user_name": ""}, (400, "PARAM_ERROR")),
            ({"transfer_amount": 0}, (400, "PARAM_ERROR")),
            ({"out_bill_no": "with-a-dash"}, (400, "PARAM_ERROR")),
            ({"transfer_scene_report_infos": []}, (400, "PARAM_ERROR")),
            ({"appid": "wx0000000000000000"}, (400, "APPID_MCHID_NOT_MATCH")),
        ],
    )
    def test_that_is_malformed_moves_nothing(
        self, rich: Sandbox, no: str, changes: dict[str, Any], refusal: tuple[int, str]
    ) -> None:
        before = available(rich)
        assert rich.call("POST", BILLS, bill(rich, no, 100) | changes).refusal == refusal
        assert available(rich) == before

    def test_above_the_balance_is_refused(self, rich: Sandbox, no: str) -> None:
        too_much = bill(rich, no, available(rich) + 1, user_name=encrypted(rich, "张三"))
        assert rich.call("POST", BILLS, too_much).refusal == (403, "NOT_ENOUGH")
        assert rich.call("GET", f"{BILLS}/out-bill-no/{no}").refusal == (404, "NOT_FOUND")

    @pytest.mark.parametrize(
        ("mode", "field"),
        [("wrong_amount", "transfer_amount"), ("wrong_mchid", "mch_id")],
    )
    def test_is_misstated_under_a_valid_signature(
        self, rich: Sandbox, inbox: Inbox, no: str, mode: str, field: str
    ) -> None:
        rich.sandbox("behaviour", {"callback": mode, "only_next": 1, "transfer": "confirmed_at_once"})
        rich.call("POST", BILLS, bill(rich, no, 5000, notify_url=inbox.url))
        received = inbox.next()
        assert rich.is_signed(received.headers, received.body)
        assert rich.unseal(received.envelope["resource"])[field] != query(rich, no)[field]


def batch(sandbox: Sandbox, number: str, *amounts: int, **more: Any) -> dict[str, Any]:
    return {
        "appid": sandbox.credentials["appid"],
        "out_batch_no": number,
        "batch_name": "三月",
        "batch_remark": "三月奖励",
        "total_amount": sum(amounts),
        "total_num": len(amounts),
        "transfer_detail_list": [
            {
                "out_detail_no": f"{number}d{index}",
                "transfer_amount": amount,
                "transfer_remark": "奖励",
                "openid": f"oReceiver{index}",
            }
            for index, amount in enumerate(amounts)
        ],
    } | more


def listed(sandbox: Sandbox, number: str, status: str = "ALL") -> Answer:
    return sandbox.call(
        "GET", f"{BATCHES}/out-batch-no/{number}?need_query_detail=true&detail_status={status}"
    )


class TestABatch:
    def test_ends_detail_by_detail(self, rich: Sandbox, inbox: Inbox, no: str) -> None:
        before = available(rich)
        rich.sandbox("behaviour", {"batch": "part_fails", "only_next": 1})
        asked = rich.call("POST", BATCHES, batch(rich, no, 100, 200, 300, notify_url=inbox.url)).json
        assert asked["batch_status"] == "ACCEPTED"
        shown = listed(rich, no).json
        assert shown["transfer_batch"]["batch_status"] == "FINISHED"
        assert [one["detail_status"] for one in shown["transfer_detail_list"]] == [
            "SUCCESS",
            "SUCCESS",
            "FAIL",
        ]
        assert len(listed(rich, no, "FAIL").json["transfer_detail_list"]) == 1
        failed = rich.call("GET", f"{BATCHES}/out-batch-no/{no}/details/out-detail-no/{no}d2").json
        assert (failed["detail_status"], failed["fail_reason"]) == ("FAIL", "ACCOUNT_FROZEN")
        said = rich.unseal(inbox.next().envelope["resource"])
        assert (said["success_amount"], said["fail_amount"]) == (300, 300)
        assert available(rich) == before - 300

    def test_may_be_under_way_for_ever(self, rich: Sandbox, no: str) -> None:
        rich.sandbox("behaviour", {"batch": "processing", "only_next": 1})
        rich.call("POST", BATCHES, batch(rich, no, 100, 200))
        assert listed(rich, no).json["transfer_batch"]["batch_status"] == "ACCEPTED"
        rich.sandbox(f"batches/{no}", {"failing": 2})
        assert listed(rich, no).json["transfer_batch"]["fail_num"] == 2

    @pytest.mark.parametrize("changes", [{"total_amount": 301}, {"total_num": 3}])
    def test_whose_sums_do_not_fit_moves_nothing(
        self, rich: Sandbox, no: str, changes: dict[str, int]
    ) -> None:
        before = available(rich)
        wrong = batch(rich, no, 100, 200) | changes
        assert rich.call("POST", BATCHES, wrong).refusal == (400, "PARAM_ERROR")
        assert listed(rich, no).refusal == (404, "NOT_FOUND")
        assert available(rich) == before
