import type { AccountName, Leg } from "../api/types";
import { useWords } from "../words";
import { Money } from "./Money";
import { currencyUnit } from "./money";
import { TableScroll } from "./TableScroll";

export function AccountLabel({ account }: { account: AccountName }) {
  const { pick } = useWords();
  return (
    <span className="account" title={`${account.book} · ${account.code} · ${account.id}`}>
      <span>{pick(account.chinese, account.english)}</span>
      {account.owner_name && <small>{account.owner_name}</small>}
    </span>
  );
}

/** The legs as an accountant writes them: one line a leg, debit and credit account, the sum below. */
export function LegTable({ legs }: { legs: Leg[] }) {
  const { t, language } = useWords();
  const currency = legs[0]?.currency ?? "CNY";
  const sum = legs.reduce((total, leg) => total + leg.amount, 0);
  return (
    <div className="table-box narrow-scroll">
      <TableScroll label={t("ledger.legs")}>
        <table className="legs">
          <thead>
            <tr>
              <th scope="col">{t("ledger.debit")}</th>
              <th scope="col">{t("ledger.credit")}</th>
              <th scope="col" className="right">
                {t("ledger.amount")} <small>{currencyUnit(currency, language)}</small>
              </th>
            </tr>
          </thead>
          <tbody>
            {legs.map((leg, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: legs are immutable and have no name of their own
              <tr key={index}>
                <td>
                  <AccountLabel account={leg.debit} />
                </td>
                <td>
                  <AccountLabel account={leg.credit} />
                </td>
                <td className="right">
                  <Money minor={leg.amount} currency={leg.currency} />
                </td>
              </tr>
            ))}
          </tbody>
          {legs.length > 1 && (
            <tfoot>
              <tr>
                <th scope="row" colSpan={2}>
                  {t("common.total")}
                </th>
                <td className="right">
                  <Money minor={sum} currency={currency} />
                </td>
              </tr>
            </tfoot>
          )}
        </table>
      </TableScroll>
    </div>
  );
}
