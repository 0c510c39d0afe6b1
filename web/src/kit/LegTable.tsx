import type { AccountName, Leg } from "../api/types";
import { bookName, useWords } from "../words";
import { AppLink } from "./AppLink";
import { Money } from "./Money";
import { currencyUnit } from "./money";
import { paths } from "./paths";
import { TableScroll } from "./TableScroll";

/** What an account is for and whose it is; `linked` leads to its page. */
export function AccountLabel({ account, linked }: { account: AccountName; linked?: boolean }) {
  const { pick } = useWords();
  const name = pick(account.chinese, account.english);
  return (
    <span className="account" title={`${bookName(account.book)} · ${account.code} · ${account.id}`}>
      <span>{linked ? <AppLink href={paths.account(account.id)}>{name}</AppLink> : name}</span>
      {account.owner_name && <small>{account.owner_name}</small>}
    </span>
  );
}

/** What legs move in all, currency by currency: amounts of two currencies are never added. */
export function sumsOf(legs: Pick<Leg, "amount" | "currency">[]): { currency: string; amount: number }[] {
  const sums = new Map<string, number>();
  for (const leg of legs) sums.set(leg.currency, (sums.get(leg.currency) ?? 0) + leg.amount);
  return [...sums].map(([currency, amount]) => ({ currency, amount }));
}

/** The legs as an accountant writes them: one line a leg, debit and credit account, the sum below. */
export function LegTable({ legs }: { legs: Leg[] }) {
  const { t, language } = useWords();
  const sums = sumsOf(legs);
  const several = sums.length > 1;
  return (
    <div className="table-box narrow-scroll">
      <TableScroll label={t("ledger.legs")}>
        <table className="legs">
          <thead>
            <tr>
              <th scope="col">{t("ledger.debit")}</th>
              <th scope="col">{t("ledger.credit")}</th>
              <th scope="col" className="right">
                {t("ledger.amount")}{" "}
                {sums.length === 1 && <small>{currencyUnit(sums[0]?.currency ?? "CNY", language)}</small>}
              </th>
            </tr>
          </thead>
          <tbody>
            {legs.map((leg, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: legs are immutable and have no name of their own
              <tr key={index}>
                <td>
                  <AccountLabel account={leg.debit} linked />
                </td>
                <td>
                  <AccountLabel account={leg.credit} linked />
                </td>
                <td className="right">
                  {several && <small className="quiet">{leg.currency} </small>}
                  <Money minor={leg.amount} currency={leg.currency} />
                </td>
              </tr>
            ))}
          </tbody>
          {legs.length > 1 && (
            <tfoot>
              {sums.map(({ currency, amount }) => (
                <tr key={currency}>
                  <th scope="row" colSpan={2}>
                    {t("common.total")}
                  </th>
                  <td className="right">
                    {several && <small className="quiet">{currency} </small>}
                    <Money minor={amount} currency={currency} />
                  </td>
                </tr>
              ))}
            </tfoot>
          )}
        </table>
      </TableScroll>
    </div>
  );
}
