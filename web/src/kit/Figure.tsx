import type { CSSProperties, ReactNode } from "react";
import { useWords } from "../words";
import { AppLink } from "./AppLink";
import { currencySign, formatMoney } from "./money";

/** One figure: its name, its value, and what it compares with. Leads to the list behind it. */
export function Figure(props: {
  label: string;
  value: ReactNode;
  /** Characters of the value: the type shrinks so that twelve-digit amounts fit a narrow card. */
  length: number;
  note?: ReactNode;
  href?: string;
}) {
  const { t } = useWords();
  const body = (
    <>
      <span className="figure-label">{props.label}</span>
      <span className="figure-value" style={{ "--length": props.length } as CSSProperties}>
        {props.value}
      </span>
      {props.note !== undefined && <span className="figure-note">{props.note}</span>}
    </>
  );
  return props.href ? (
    <AppLink className="figure figure-link" href={props.href} title={t("common.openList")}>
      {body}
    </AppLink>
  ) : (
    <div className="figure">{body}</div>
  );
}

/** Separators are half as wide as figures. */
function visualLength(text: string): number {
  return text.length - 0.5 * (text.match(/[,.]/g)?.length ?? 0);
}

export function MoneyFigure(props: {
  label: string;
  minor: number;
  currency: string;
  note?: ReactNode;
  href?: string;
}) {
  const sign = currencySign(props.currency);
  const text = formatMoney(props.minor, props.currency, "0.00");
  return (
    <Figure
      label={props.label}
      href={props.href}
      note={props.note}
      length={sign.length + visualLength(text)}
      value={
        <span className="money" data-minor={props.minor} data-currency={props.currency}>
          <small>{sign}</small>
          {text}
        </span>
      }
    />
  );
}

/** Figures side by side; `six` keeps six of them in full rows at every width. */
export function Figures({ children, six = false }: { children: ReactNode; six?: boolean }) {
  return <div className={six ? "figures figures-six" : "figures"}>{children}</div>;
}
