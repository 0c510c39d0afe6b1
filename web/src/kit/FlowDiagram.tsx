import { useLayoutEffect, useRef, useState } from "react";
import type { AccountName, Leg } from "../api/types";
import { useWords } from "../words";
import { layoutFlow, mergeEdges } from "./flow";
import { AccountLabel } from "./LegTable";
import { Money } from "./Money";
import { formatMoney } from "./money";

/** Below this width between two columns the arrows have no room for an amount: lines of text read better. */
const MIN_STEP = 250;

function useWidth() {
  const ref = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const element = ref.current;
    if (!element) return;
    setWidth(element.clientWidth);
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return { ref, width };
}

/** A transaction's legs as money that flows from the debited account to the credited one. */
export function FlowDiagram({ legs }: { legs: Leg[] }) {
  const { t, pick } = useWords();
  const { ref, width } = useWidth();
  const accounts = new Map<string, AccountName>();
  for (const leg of legs) {
    accounts.set(leg.debit.id, leg.debit);
    accounts.set(leg.credit.id, leg.credit);
  }
  const currency = legs[0]?.currency ?? "CNY";
  const all = legs.map((leg) => ({ from: leg.debit.id, to: leg.credit.id, amount: leg.amount }));
  const nodeWidth = Math.round(Math.min(260, Math.max(140, width * 0.29)));
  const flow = layoutFlow(all, Math.max(1, width - 2), nodeWidth);
  const narrow = width > 0 && (flow.columns - 1) * MIN_STEP + nodeWidth > width;
  const name = (id: string) => {
    const account = accounts.get(id);
    return account ? pick(account.chinese, account.english) : id;
  };
  const sum = formatMoney(
    legs.reduce((total, leg) => total + leg.amount, 0),
    currency,
  );

  return (
    <div className="flow" ref={ref}>
      {narrow ? (
        <ul className="flow-lines">
          {mergeEdges(all).map((edge) => (
            <FlowLine
              key={`${edge.from} ${edge.to}`}
              from={accounts.get(edge.from)}
              to={accounts.get(edge.to)}
              amount={edge.amount}
              currency={currency}
            />
          ))}
        </ul>
      ) : (
        width > 0 && (
          <svg
            role="img"
            aria-label={t("ledger.flow.label", { n: legs.length, amount: sum })}
            width={width}
            height={flow.height + 2}
            viewBox={`-1 -1 ${width} ${flow.height + 2}`}
          >
            {flow.edges.map((edge) => (
              <g className="flow-edge" key={`${edge.from} ${edge.to}`}>
                <title>
                  {t("ledger.flow.leg", {
                    from: name(edge.from),
                    to: name(edge.to),
                    amount: formatMoney(edge.amount, currency),
                  })}
                </title>
                <path d={edge.path} strokeWidth={edge.thickness} />
                <text x={edge.label.x} y={edge.label.y} dy="0.35em" textAnchor={edge.label.anchor}>
                  {formatMoney(edge.amount, currency)}
                </text>
              </g>
            ))}
            {flow.nodes.map((node) => {
              const account = accounts.get(node.id);
              return (
                <foreignObject key={node.id} x={node.x} y={node.y} width={nodeWidth} height={node.height}>
                  <div className="flow-node">{account && <AccountLabel account={account} />}</div>
                </foreignObject>
              );
            })}
          </svg>
        )
      )}
    </div>
  );
}

function FlowLine(props: { from?: AccountName; to?: AccountName; amount: number; currency: string }) {
  return (
    <li>
      {props.from && <AccountLabel account={props.from} />}
      <span className="flow-arrow" aria-hidden="true">
        ↓
      </span>
      <Money minor={props.amount} currency={props.currency} />
      {props.to && <AccountLabel account={props.to} />}
    </li>
  );
}
