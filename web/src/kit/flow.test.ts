import { describe, expect, it } from "vitest";
import { columnsOf, layoutFlow, mergeEdges } from "./flow";

const payment = [
  { from: "receivable", to: "S1", amount: 7000 },
  { from: "receivable", to: "S2", amount: 3000 },
  { from: "S1", to: "fee", amount: 42 },
  { from: "S2", to: "fee", amount: 18 },
];

describe("a flow", () => {
  it("runs from left to right, each account right of what feeds it", () => {
    expect(Object.fromEntries(columnsOf(payment))).toEqual({ receivable: 0, S1: 1, S2: 1, fee: 2 });
  });

  it("ends when money goes in a circle", () => {
    const circle = columnsOf([
      { from: "a", to: "b", amount: 1 },
      { from: "b", to: "c", amount: 1 },
      { from: "c", to: "a", amount: 1 },
    ]);
    expect(Object.fromEntries(circle)).toEqual({ a: 0, b: 1, c: 2 });
  });

  it("draws several legs between two accounts as one arrow of their sum", () => {
    expect(
      mergeEdges([
        { from: "a", to: "b", amount: 3 },
        { from: "a", to: "b", amount: 4 },
      ]),
    ).toEqual([{ from: "a", to: "b", amount: 7 }]);
  });

  it("fits its width and never lays one account over another", () => {
    const many = Array.from({ length: 15 }, (_, n) => ({ from: "receivable", to: `S${n}`, amount: n + 1 }));
    const flow = layoutFlow(many, 800, 200);
    for (const node of flow.nodes) {
      expect(node.x).toBeGreaterThanOrEqual(0);
      expect(node.x + 200).toBeLessThanOrEqual(800);
      expect(node.y + node.height).toBeLessThanOrEqual(flow.height + 0.001);
    }
    const stack = flow.nodes.filter((node) => node.column === 1).sort((a, b) => a.y - b.y);
    stack.reduce((above, node) => {
      expect(node.y).toBeGreaterThan(above.y + above.height);
      return node;
    });
    expect(flow.edges).toHaveLength(15);
  });

  it("draws a larger amount thicker", () => {
    const { edges } = layoutFlow(payment, 900, 200);
    const thickness = (to: string) => edges.find((edge) => edge.to === to)?.thickness ?? 0;
    expect(thickness("S1")).toBeGreaterThan(thickness("S2"));
  });
});
