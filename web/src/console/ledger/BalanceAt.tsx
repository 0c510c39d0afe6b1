import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { DatePicker, Segmented } from "antd";
import dayjs from "dayjs";
import { balanceAtQuery } from "../../api/ledger";
import { latestOverviewQuery } from "../../api/queries";
import type { LedgerAccount } from "../../api/types";
import { Panel } from "../../kit/layout";
import { currencySign, formatMoney } from "../../kit/money";
import { QueryView } from "../../kit/QueryView";
import { SkeletonLines } from "../../kit/states";
import { useWords } from "../../words";

const route = getRouteApi("/shell/ledger/accounts/$id");
const MOMENT = "YYYY-MM-DD HH:mm:ss";
const DAY = "YYYY-MM-DD";

/** What an account held at any moment: as booked by then, or at the end of a business date. Kept in the URL. */
export function BalanceAt({ account }: { account: LedgerAccount }) {
  const { t } = useWords();
  const { at, on, by } = route.useSearch();
  const navigate = route.useNavigate();
  const { data: latest } = useQuery(latestOverviewQuery);
  const business = by === "business" || (on !== undefined && at === undefined);
  const value = business ? on : at;
  const parsed = value ? dayjs(value) : null;
  const format = business ? DAY : MOMENT;
  const set = (changed: { at?: string; on?: string; by?: string }) =>
    void navigate({
      search: (previous) => ({ ...previous, at: undefined, on: undefined, by: undefined, ...changed }),
      replace: true,
      resetScroll: false,
    });
  return (
    <Panel title={t("ledger.balanceAt.title")}>
      <div className="moment">
        <Segmented
          aria-label={t("ledger.balanceAt.title")}
          value={business ? "business" : "booking"}
          options={[
            { value: "booking", label: t("ledger.balanceAt.booking") },
            { value: "business", label: t("ledger.balanceAt.business") },
          ]}
          onChange={(next) =>
            set({
              by: next === "business" ? "business" : undefined,
              [next === "business" ? "on" : "at"]: parsed?.format(next === "business" ? DAY : MOMENT),
            })
          }
        />
        <DatePicker
          aria-label={t("ledger.balanceAt.moment")}
          placeholder={t("ledger.balanceAt.ask")}
          showTime={!business}
          format={format}
          defaultPickerValue={latest ? dayjs(latest.date) : undefined}
          value={parsed?.isValid() ? parsed : null}
          onChange={(chosen) =>
            set({
              by: business ? "business" : undefined,
              [business ? "on" : "at"]: chosen?.format(format),
            })
          }
        />
      </div>
      {value && (
        <Answer account={account} at={business ? undefined : value} on={business ? value : undefined} />
      )}
      <p className="quiet moment-hint">
        {t(business ? "ledger.balanceAt.business.hint" : "ledger.balanceAt.booking.hint")}
      </p>
    </Panel>
  );
}

function Answer(props: { account: LedgerAccount; at?: string; on?: string }) {
  const query = useQuery(balanceAtQuery(props.account.id, { at: props.at, on: props.on }));
  return (
    <QueryView query={query} skeleton={<SkeletonLines lines={1} />}>
      {({ balance, currency }) => (
        <output className="moment-balance money" data-minor={balance} data-currency={currency}>
          <small>{currencySign(currency)}</small>
          {formatMoney(balance, currency, "0.00")}
        </output>
      )}
    </QueryView>
  );
}
