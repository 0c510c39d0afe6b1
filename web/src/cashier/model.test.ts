import { describe, expect, it } from "vitest";
import { type Answer, type Current, endOf, nextPollMs, ownWay, viewOf, webAddress } from "./model";

const current: Current = {
  method: "wechatpay_native",
  kind: "wechatpay",
  standing: "waiting",
  next_step: { kind: "show_code", code_url: "weixin://wxpay/bizpayurl?pr=x" },
  expires_at: "2010-12-01T01:00:00Z",
  phone_url: null,
};
const answer: Answer = {
  state: "awaiting_payment",
  amount: 358920,
  currency: "CNY",
  description: "订单 536365",
  payee: "飞钱演示商城",
  order_no: "536365",
  expires_at: "2010-12-01T02:00:00Z",
  paid_at: null,
  device: "desktop",
  methods: [],
  current,
  asked: null,
  helped: false,
};
const before = Date.parse("2010-12-01T01:59:59Z");
const after = Date.parse("2010-12-01T02:00:00Z");

describe("the cashier", () => {
  it("shows what can be done until the order expires", () => {
    expect(viewOf(answer, before)).toBe("waiting");
    expect(viewOf({ ...answer, state: "requires_method" }, before)).toBe("choosing");
    for (const state of ["awaiting_payment", "requires_method", "created"] as const) {
      expect(viewOf({ ...answer, state }, after)).toBe("expired");
    }
  });

  it("never calls a paid order expired", () => {
    expect(viewOf({ ...answer, state: "succeeded" }, after)).toBe("paid");
  });

  it("counts down to what ends first", () => {
    expect(endOf(answer)).toBe(Date.parse("2010-12-01T01:00:00Z"));
    expect(endOf({ ...answer, current: null })).toBe(after);
    expect(endOf({ ...answer, current: { ...current, standing: "failed" } })).toBe(after);
  });

  it("keeps asking while the result may still change, slower and slower, and stops when it is final", () => {
    expect(nextPollMs("waiting")).toBe(1500);
    expect(nextPollMs("waiting", 61_000)).toBe(3000);
    expect(nextPollMs("waiting", 301_000)).toBe(8000);
    expect(nextPollMs("waiting", 0, 2)).toBe(6000);
    expect(nextPollMs("waiting", 0, 9)).toBe(30_000);
    expect(nextPollMs("expired")).toBe(5000);
    expect(nextPollMs("conflicted")).toBe(5000);
    for (const view of ["paid", "closed", "failed", "missing"] as const) expect(nextPollMs(view)).toBeNull();
  });

  it("uses an app's own way without asking, once", () => {
    const alipay = { method: "alipay_wap", kind: "alipay", scene: "mobile" } as const;
    const bank = { method: "bank_transfer", kind: "bank", scene: "transfer" } as const;
    const fresh: Answer = {
      ...answer,
      state: "requires_method",
      current: null,
      device: "alipay",
      methods: [alipay, bank],
    };
    expect(ownWay(fresh)).toEqual(alipay);
    expect(ownWay({ ...fresh, device: "mobile" })).toBeNull();
    expect(ownWay({ ...fresh, current: { ...current, standing: "failed" } })).toBeNull();
    expect(ownWay({ ...fresh, methods: [bank] })).toBeNull();
  });

  it("opens addresses of the web only", () => {
    expect(webAddress("https://pay.example/x")).toBe("https://pay.example/x");
    expect(webAddress("javascript:alert(1)")).toBeNull();
    expect(webAddress("data:text/html,x")).toBeNull();
  });
});
