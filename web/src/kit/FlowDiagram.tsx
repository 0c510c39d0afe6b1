import { useLayoutEffect, useRef, useState } from "react";
import type { AccountName, Leg } from "../api/types";
import { useWords } from "../words";
import { layoutFlow, mergeEdges } from "./flow";
import { AccountLabel, sumsOf } from "./LegTable";
import { Money } from "./Money";
import { formatMoney } from "./money";

/** Below this width between two columns the arrows have no room for an amount: lines of text read better. */
const MIN_STEP = 250;
/** More arrows than this are no drawing any more: the largest are drawn, the table below has all. */
const EDGES_MAX = 40;

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

/** A transaction's legs as flows from the debited account to the credited one; what is only held is drawn dashed. */
export function FlowDiagram({ legs, held }: { legs: Leg[]; held?: boolean }) {
  const { t, pick } = useWords();
  const { ref, width } = useWidth();
  const accounts = new Map<string, AccountName>();
  const currencies = new Map<string, string>();
  for (const leg of legs) {
    accounts.set(leg.debit.id, leg.debit);
    accounts.set(leg.credit.id, leg.credit);
    currencies.set(leg.debit.id, leg.currency);
  }
  const sums = sumsOf(legs);
  const currencyOf = (edge: { from: string }) => currencies.get(edge.from) ?? "CNY";
  const written = (edge: { from: string; amount: number }) => {
    const amount = formatMoney(edge.amount, currencyOf(edge));
    return sums.length > 1 ? `${currencyOf(edge)} ${amount}` : amount;
  };
  const merged = mergeEdges(
    legs.map((leg) => ({ from: leg.debit.id, to: leg.credit.id, amount: leg.amount })),
  );
  const all =
    merged.length > EDGES_MAX ? merged.toSorted((a, b) => b.amount - a.amount).slice(0, EDGES_MAX) : merged;
  const nodeWidth = Math.round(Math.min(260, Math.max(140, width * 0.29)));
  const flow = layoutFlow(all, Math.max(1, width - 2), nodeWidth);
  const narrow = width > 0 && (flow.columns - 1) * MIN_STEP + nodeWidth > width;
  const name = (id: string) => {
    const account = accounts.get(id);
    return account ? pick(account.chinese, account.english) : id;
  };
  const sum = sums.map(({ currency, amount }) => `${currency} ${formatMoney(amount, currency)}`).join(", ");

  return (
    <div className={held ? "flow flow-held" : "flow"} ref={ref}>
      {merged.length > EDGES_MAX && (
        <p className="quiet flow-note">{t("ledger.flow.largest", { n: EDGES_MAX, all: merged.length })}</p>
      )}
      {narrow ? (
        <ul className="flow-lines">
          {all.map((edge) => (
            <FlowLine
              key={`${edge.from} ${edge.to}`}
              from={accounts.get(edge.from)}
              to={accounts.get(edge.to)}
              amount={edge.amount}
              currency={currencyOf(edge)}
              several={sums.length > 1}
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
                    amount: written(edge),
                  })}
                </title>
                <path d={edge.path} strokeWidth={edge.thickness} />
                <text x={edge.label.x} y={edge.label.y} dy="0.35em" textAnchor={edge.label.anchor}>
                  {written(edge)}
                </text>
              </g>
            ))}
            {flow.nodes.map((node) => {
              const account = accounts.get(node.id);
              return (
                <foreignObject key={node.id} x={node.x} y={node.y} width={nodeWidth} height={node.height}>
                  <div className="flow-node">{account && <AccountLabel account={account} linked />}</div>
                </foreignObject>
              );
            })}
          </svg>
        )
      )}
    </div>
  );
}

function FlowLine(props: {
  from?: AccountName;
  to?: AccountName;
  amount: number;
  currency: string;
  several: boolean;
}) {
  return (
    <li>
      {props.from && <AccountLabel account={props.from} linked />}
      <span className="flow-arrow" aria-hidden="true">
        ↓
      </span>
      <span className="flow-amount">
        {props.several && <small className="quiet">{props.currency} </small>}
        <Money minor={props.amount} currency={props.currency} />
      </span>
      {props.to && <AccountLabel account={props.to} linked />}
    </li>
  );
}
