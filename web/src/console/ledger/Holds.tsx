import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { holdsQuery } from "../../api/ledger";
import type { HoldRow, HoldState } from "../../api/types";
import { type Column, DataTable } from "../../kit/DataTable";
import { ChoiceFilter, FilterBar, TextFilter } from "../../kit/FilterBar";
import { AccountLabel } from "../../kit/LegTable";
import { PageHead, Panel } from "../../kit/layout";
import { Money } from "../../kit/Money";
import { currencyUnit } from "../../kit/money";
import { Pager } from "../../kit/Pager";
import { paths } from "../../kit/paths";
import { QueryView } from "../../kit/QueryView";
import { Reference } from "../../kit/Reference";
import { StateTag, Tag } from "../../kit/StateTag";
import { Empty, SkeletonTable } from "../../kit/states";
import { formatClock, formatDay } from "../../kit/time";
import { useWords, wordFor } from "../../words";

const route = getRouteApi("/shell/ledger/holds");

const states: HoldState[] = ["open", "captured", "released", "expired"];

export function Holds() {
  const { t } = useWords();
  const { state, account, cursor } = route.useSearch();
  const navigate = route.useNavigate();
  const query = useQuery(holdsQuery({ state, account, cursor }));
  const filtered = Boolean(state ?? account);
  const set = (changed: { state?: string; account?: string }) =>
    void navigate({ search: (previous) => ({ ...previous, cursor: undefined, ...changed }), replace: true });
  return (
    <div className="page">
      <PageHead title={t("ledger.hold.title")} />
      <FilterBar filtered={filtered} onClear={() => void navigate({ search: {} })}>
        <TextFilter
          main
          label={t("ledger.hold.account")}
          value={account}
          onChange={(value) => set({ account: value })}
        />
        <ChoiceFilter
          label={t("ledger.hold.state")}
          value={state}
          options={states.map((each) => ({ value: each, label: t(`ledger.hold.state.${each}`) }))}
          onChange={(value) => set({ state: value })}
        />
      </FilterBar>
      <Panel flush>
        <QueryView query={query} skeleton={<SkeletonTable />}>
          {(page) => (
            <div>
              <HoldTable
                holds={page.items}
                empty={
                  filtered ? (
                    <Empty title="empty.filtered" next="empty.filtered.next" />
                  ) : (
                    <Empty title="empty.holds" next="empty.holds.next" />
                  )
                }
              />
              <Pager cursor={cursor} next={page.next_cursor} />
            </div>
          )}
        </QueryView>
      </Panel>
    </div>
  );
}

export function HoldStateTag({ hold }: { hold: HoldRow }) {
  const { t } = useWords();
  if (hold.overdue) return <Tag tone="warn">{t("ledger.hold.overdue")}</Tag>;
  return <StateTag kind="ledger.hold.state" state={hold.state} />;
}

/** On two lines where one would push the table beyond the screen. */
function Moment({ at }: { at: string }) {
  return (
    <span>
      <span className="nowrap">{formatDay(at)}</span> <span className="nowrap">{formatClock(at)}</span>
    </span>
  );
}

/** Holds with what became of their amounts; each leads to its page. */
export function HoldTable({ holds, empty }: { holds: HoldRow[]; empty: React.ReactNode }) {
  const { t, language } = useWords();
  const currencies = new Set(holds.map((hold) => hold.currency));
  const [only] = currencies;
  const unit = currencies.size === 1 && only ? currencyUnit(only, language) : undefined;
  const amount = (
    key: "amount" | "captured" | "released" | "left",
    rest: Partial<Column<HoldRow>> = {},
  ): Column<HoldRow> => ({
    key,
    title: t(`ledger.hold.${key}`),
    unit,
    align: "right",
    cell: (hold) => <Money minor={hold[key]} currency={hold.currency} transaction={hold.id} />,
    ...rest,
  });
  const columns: Column<HoldRow>[] = [
    {
      key: "kind",
      title: t("ledger.entry.kind"),
      card: "title",
      cell: (hold) => wordFor("kind", hold.kind),
    },
    {
      key: "state",
      title: t("ledger.hold.state"),
      cell: (hold) => <HoldStateTag hold={hold} />,
    },
    {
      key: "debit",
      title: t("ledger.hold.debit"),
      cell: (hold) => <AccountLabel account={hold.debit} linked />,
    },
    {
      key: "credit",
      title: t("ledger.hold.credit"),
      cell: (hold) => <AccountLabel account={hold.credit} linked />,
    },
    ...(currencies.size > 1
      ? [{ key: "currency", title: t("ledger.account.currency"), cell: (hold: HoldRow) => hold.currency }]
      : []),
    amount("amount"),
    amount("captured", { optional: true }),
    amount("released", { optional: true }),
    amount("left", {
      card: "aside",
      cell: (hold) => (
        <b>
          <Money minor={hold.left} currency={hold.currency} />
        </b>
      ),
    }),
    {
      key: "reference",
      title: t("ledger.reference"),
      optional: true,
      cell: (hold) => <Reference reference={hold.reference} memo={hold.memo} />,
    },
    {
      key: "openedAt",
      title: t("ledger.hold.openedAt"),
      cell: (hold) => <Moment at={hold.opened_at} />,
    },
    {
      key: "expiresAt",
      title: t("ledger.hold.expiresAt"),
      cell: (hold) =>
        hold.expires_at ? (
          <Moment at={hold.expires_at} />
        ) : (
          <span className="nowrap">{t("ledger.hold.noExpiry")}</span>
        ),
    },
  ];
  return (
    <DataTable
      label={t("ledger.hold.title")}
      columns={columns}
      rows={holds}
      rowKey={(hold) => hold.id}
      href={(hold) => paths.hold(hold.id)}
      settings="ledgerHolds"
      empty={empty}
    />
  );
}
