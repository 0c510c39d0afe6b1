import { describe, expect, it } from "vitest";
import { paths, splitPath } from "./paths";

describe("a link", () => {
  it("of the API may carry the console's base path or not", () => {
    expect(splitPath("/console/payments?state=conflicted")).toEqual({
      to: "/payments",
      search: { state: "conflicted" },
    });
    expect(splitPath("/payments?state=conflicted")).toEqual(splitPath("/console/payments?state=conflicted"));
    expect(splitPath("/console")).toEqual({ to: "/", search: {} });
  });

  it("keeps numbers as the text they are", () => {
    expect(splitPath("/payments?q=0536365").search).toEqual({ q: "0536365" });
  });

  it("escapes what a merchant number may contain", () => {
    expect(paths.merchant("A/1?b")).toBe("/merchants/A%2F1%3Fb");
  });
});
