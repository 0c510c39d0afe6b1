/** Layout of a flow diagram: accounts in columns, money from left to right. Pure, so that it can be tested. */

export interface FlowEdge {
  from: string;
  to: string;
  amount: number;
}

export interface PlacedNode {
  id: string;
  column: number;
  x: number;
  y: number;
  height: number;
}

export interface PlacedEdge extends FlowEdge {
  /** A cubic curve from the right side of one account to the left side of the other. */
  path: string;
  thickness: number;
  /** Where the amount is written, and to which side the text runs. */
  label: { x: number; y: number; anchor: "start" | "end" };
}

export interface Flow {
  nodes: PlacedNode[];
  edges: PlacedEdge[];
  columns: number;
  height: number;
}

const NODE_HEIGHT = 46;
const GAP = 14;
const SLOT = 20;

/** Legs between the same two accounts are one arrow. */
export function mergeEdges(edges: FlowEdge[]): FlowEdge[] {
  const merged = new Map<string, FlowEdge>();
  for (const edge of edges) {
    const key = `${edge.from}\n${edge.to}`;
    const known = merged.get(key);
    if (known) known.amount += edge.amount;
    else merged.set(key, { ...edge });
  }
  return [...merged.values()];
}

/** Column of each account: one right of every account that feeds it. Arrows that would close a circle don't count. */
export function columnsOf(edges: FlowEdge[]): Map<string, number> {
  const outgoing = new Map<string, string[]>();
  const order: string[] = [];
  for (const edge of edges) {
    for (const id of [edge.from, edge.to]) {
      if (!outgoing.has(id)) {
        outgoing.set(id, []);
        order.push(id);
      }
    }
    outgoing.get(edge.from)?.push(edge.to);
  }
  const column = new Map<string, number>();
  const finished: string[] = [];
  const state = new Map<string, "open" | "done">();
  const forward = new Map<string, string[]>();
  const visit = (id: string) => {
    state.set(id, "open");
    const targets = (outgoing.get(id) ?? []).filter((target) => state.get(target) !== "open");
    forward.set(id, targets);
    for (const target of targets) if (!state.has(target)) visit(target);
    state.set(id, "done");
    finished.push(id);
  };
  for (const id of order) if (!state.has(id)) visit(id);
  for (const id of finished.reverse()) {
    const own = column.get(id) ?? 0;
    column.set(id, own);
    for (const target of forward.get(id) ?? []) {
      column.set(target, Math.max(column.get(target) ?? 0, own + 1));
    }
  }
  return column;
}

interface Ends {
  in: FlowEdge[];
  out: FlowEdge[];
}

function slot(node: PlacedNode, index: number, count: number): number {
  return node.y + (node.height * (index + 0.5)) / count;
}

/** Place accounts and arrows in a given width. */
export function layoutFlow(all: FlowEdge[], width: number, nodeWidth: number): Flow {
  const edges = mergeEdges(all);
  const column = columnsOf(edges);
  const columns = Math.max(0, ...column.values()) + 1;
  const ends = new Map<string, Ends>([...column.keys()].map((id) => [id, { in: [], out: [] }]));
  for (const edge of edges) {
    ends.get(edge.from)?.out.push(edge);
    ends.get(edge.to)?.in.push(edge);
  }

  const step = columns > 1 ? (width - nodeWidth) / (columns - 1) : 0;
  const stacks: PlacedNode[][] = Array.from({ length: columns }, () => []);
  for (const [id, index] of column) {
    const own = ends.get(id);
    const height = Math.max(NODE_HEIGHT, SLOT * Math.max(own?.in.length ?? 0, own?.out.length ?? 0));
    stacks[index]?.push({ id, column: index, x: index * step, y: 0, height });
  }
  const tall = (stack: PlacedNode[]) => stack.reduce((sum, node) => sum + node.height + GAP, -GAP);
  const height = Math.max(NODE_HEIGHT, ...stacks.map(tall));
  for (const stack of stacks) {
    let y = (height - tall(stack)) / 2;
    for (const node of stack) {
      node.y = y;
      y += node.height + GAP;
    }
  }
  const nodes = stacks.flat();
  return { nodes, edges: placeEdges(edges, nodes, ends, nodeWidth), columns, height };
}

function placeEdges(
  edges: FlowEdge[],
  nodes: PlacedNode[],
  ends: Map<string, Ends>,
  nodeWidth: number,
): PlacedEdge[] {
  const placed = new Map(nodes.map((node) => [node.id, node]));
  const largest = Math.max(1, ...edges.map((edge) => edge.amount));
  // Slots follow the height of the other end, so that arrows of one account do not cross.
  for (const own of ends.values()) {
    own.out.sort((a, b) => (placed.get(a.to)?.y ?? 0) - (placed.get(b.to)?.y ?? 0));
    own.in.sort((a, b) => (placed.get(a.from)?.y ?? 0) - (placed.get(b.from)?.y ?? 0));
  }
  return edges.flatMap((edge) => {
    const from = placed.get(edge.from);
    const to = placed.get(edge.to);
    const out = ends.get(edge.from)?.out ?? [];
    const into = ends.get(edge.to)?.in ?? [];
    if (!from || !to) return [];
    const x1 = from.x + nodeWidth;
    const y1 = slot(from, out.indexOf(edge), out.length);
    const x2 = to.x;
    const y2 = slot(to, into.indexOf(edge), into.length);
    const bend = Math.max(40, Math.abs(x2 - x1) / 2);
    // Written at the end with fewer arrows, where there is room.
    const atTarget = out.length >= into.length;
    const thickness = 1.5 + 8.5 * Math.sqrt(edge.amount / largest);
    const above = thickness / 2 + 9;
    return [
      {
        ...edge,
        path: `M${x1},${y1} C${x1 + bend},${y1} ${x2 - bend},${y2} ${x2},${y2}`,
        thickness,
        label: atTarget
          ? { x: x2 - 8, y: y2 - above, anchor: "end" as const }
          : { x: x1 + 8, y: y1 - above, anchor: "start" as const },
      },
    ];
  });
}
