import { formatMoney, formatMovement } from "./money";

export interface MoneyProps {
  minor: number | null;
  currency?: string;
  /** Show the sign of money that came in as well. */
  movement?: boolean;
  /** The ledger transaction behind it, shown on hover. */
  transaction?: string;
}

/** An amount: tabular figures, grouped, zero as –. Hover or focus shows the exact minor units (see MoneyTip). */
export function Money({ minor, currency = "CNY", movement, transaction }: MoneyProps) {
  if (minor === null) return <span className="money money-zero">–</span>;
  const text = movement ? formatMovement(minor, currency) : formatMoney(minor, currency);
  return (
    <span
      className={minor === 0 ? "money money-zero" : "money"}
      data-minor={minor}
      data-currency={currency}
      data-transaction={transaction}
    >
      {text}
    </span>
  );
}
