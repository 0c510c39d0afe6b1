import { describe, expect, it } from "vitest";
import { type Answer, nextPollMs, viewOf } from "./model";

const answer: Answer = {
  state: "awaiting_payment",
  amount: 358920,
  currency: "CNY",
  description: "订单 536365",
  payee: "飞钱演示商城",
  order_no: "536365",
  expires_at: "2010-12-01T02:00:00Z",
  code_url: "weixin://wxpay/bizpayurl?pr=x",
  paid_at: null,
};
const before = Date.parse("2010-12-01T01:59:59Z");
const after = Date.parse("2010-12-01T02:00:00Z");

describe("the cashier", () => {
  it("shows the code until it expires", () => {
    expect(viewOf(answer, before)).toBe("waiting");
    expect(viewOf(answer, after)).toBe("expired");
  });

  it("never calls a paid order expired", () => {
    expect(viewOf({ ...answer, state: "succeeded" }, after)).toBe("paid");
  });

  it("keeps asking while the result may still change, and stops when it is final", () => {
    expect(nextPollMs("waiting")).toBe(1500);
    expect(nextPollMs("expired")).toBe(5000);
    expect(nextPollMs("conflicted")).toBe(5000);
    for (const view of ["paid", "closed", "failed", "missing"] as const) expect(nextPollMs(view)).toBeNull();
  });
});
