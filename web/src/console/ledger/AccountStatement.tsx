import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { type EntryFilter, entriesQuery } from "../../api/ledger";
import type { LedgerAccount, LedgerEntry } from "../../api/types";
import { AppLink } from "../../kit/AppLink";
import { type Column, DataTable } from "../../kit/DataTable";
import { Download } from "../../kit/Download";
import { AmountFilter, ChoiceFilter, DateFilter, FilterBar } from "../../kit/FilterBar";
import { AccountLabel } from "../../kit/LegTable";
import { Panel } from "../../kit/layout";
import { Money } from "../../kit/Money";
import { currencyUnit } from "../../kit/money";
import { Pager } from "../../kit/Pager";
import { paths } from "../../kit/paths";
import { QueryView } from "../../kit/QueryView";
import { Reference } from "../../kit/Reference";
import { Empty, SkeletonTable } from "../../kit/states";
import { formatInstant } from "../../kit/time";
import { useWords, wordFor } from "../../words";

const route = getRouteApi("/shell/ledger/accounts/$id");

/** Every entry with the balance after it, newest first; what is filtered can be taken along as a file. */
export function AccountStatement({ account, kinds }: { account: LedgerAccount; kinds: string[] }) {
  const { t } = useWords();
  const { from, to, kind, min, max, cursor } = route.useSearch();
  const navigate = route.useNavigate();
  const filter: EntryFilter = { from, to, kind, min, max };
  const query = useQuery(entriesQuery(account.id, { ...filter, cursor }));
  const set = (changed: EntryFilter) =>
    void navigate({
      search: (previous) => ({ ...previous, cursor: undefined, ...changed }),
      replace: true,
      resetScroll: false,
    });
  const none: EntryFilter = {
    from: undefined,
    to: undefined,
    kind: undefined,
    min: undefined,
    max: undefined,
  };
  const filtered = Object.values(filter).some((value) => value !== undefined);
  return (
    <Panel
      flush
      title={t("ledger.account.statement")}
      aside={
        // The whole period, not only what the other filters leave: balances in a file must follow one another.
        <Download
          label={t("ledger.entry.download")}
          files={formats.map((format) => ({
            name: formatNames[format],
            path: `/ledger/accounts/${account.id}/statement.${format}`,
          }))}
          query={{ from, to }}
        />
      }
    >
      <div className="panel-filters">
        <FilterBar filtered={filtered} onClear={() => set(none)}>
          <DateFilter
            label={t("ledger.entry.from")}
            value={from}
            onChange={(value) => set({ from: value })}
          />
          <DateFilter label={t("ledger.entry.to")} value={to} onChange={(value) => set({ to: value })} />
          <ChoiceFilter
            label={t("ledger.entry.kind")}
            value={kind}
            options={[...new Set(kind ? [...kinds, kind] : kinds)].map((each) => ({
              value: each,
              label: wordFor("kind", each),
            }))}
            onChange={(value) => set({ kind: value })}
          />
          <AmountFilter
            label={t("ledger.entry.minimum")}
            currency={account.currency}
            value={min}
            onChange={(value) => set({ min: value })}
          />
          <AmountFilter
            label={t("ledger.entry.maximum")}
            currency={account.currency}
            value={max}
            onChange={(value) => set({ max: value })}
          />
        </FilterBar>
      </div>
      <QueryView query={query} skeleton={<SkeletonTable rows={8} />}>
        {(page) => (
          <div>
            <Entries account={account} entries={page.items} filtered={filtered} />
            <Pager cursor={cursor} next={page.next_cursor} keepPlace />
          </div>
        )}
      </QueryView>
    </Panel>
  );
}

const formats = ["xlsx", "csv", "pdf"] as const;
const formatNames = { xlsx: "Excel", csv: "CSV", pdf: "PDF" };

function Entries(props: { account: LedgerAccount; entries: LedgerEntry[]; filtered: boolean }) {
  const { t } = useWords();
  const columns = useColumns(props.account, props.entries);
  return (
    <DataTable
      label={t("ledger.account.statement")}
      columns={columns}
      rows={props.entries}
      rowKey={(entry) => entry.sequence}
      settings="ledgerStatement"
      empty={
        props.filtered ? (
          <Empty title="empty.filtered" next="empty.filtered.next" />
        ) : (
          <Empty title="empty.entries" next="empty.entries.next" />
        )
      }
    />
  );
}

function useColumns({ currency }: LedgerAccount, entries: LedgerEntry[]): Column<LedgerEntry>[] {
  const { t, language } = useWords();
  const unit = currencyUnit(currency, language);
  const amount = (
    key: "debit" | "credit" | "held" | "incoming",
    card: "hidden" | undefined,
  ): Column<LedgerEntry> => ({
    key,
    title: t(`ledger.entry.${key}`),
    unit,
    align: "right",
    card,
    cell: (entry) =>
      entry[key] !== 0 && (
        <Money
          minor={entry[key]}
          currency={currency}
          movement={key === "held" || key === "incoming"}
          transaction={entry.transaction_id}
        />
      ),
  });
  // Most accounts never see a hold: the columns stand only where they say something.
  const reserved = (["held", "incoming"] as const).filter((key) => entries.some((entry) => entry[key] !== 0));
  return [
    {
      key: "kind",
      title: t("statement.kind"),
      card: "title",
      cell: (entry) => (
        <>
          <AppLink href={paths.transaction(entry.transaction_id)}>{wordFor("kind", entry.kind)}</AppLink>
          {entry.action !== "post" && (
            <span className="cell-below quiet">{wordFor("ledger.action", entry.action)}</span>
          )}
        </>
      ),
    },
    {
      key: "bookedAt",
      title: t("statement.bookedAt"),
      cell: (entry) => <span className="nowrap">{formatInstant(entry.booked_at)}</span>,
    },
    {
      key: "businessDate",
      title: t("statement.businessDate"),
      optional: true,
      cell: (entry) => <span className="nowrap">{entry.business_date}</span>,
    },
    {
      key: "counter",
      title: t("ledger.entry.counter"),
      cell: (entry) => <AccountLabel account={entry.counter} linked />,
    },
    {
      key: "reference",
      title: t("statement.reference"),
      optional: true,
      cell: (entry) => <Reference reference={entry.reference} memo={entry.memo} />,
    },
    amount("debit", "hidden"),
    amount("credit", "hidden"),
    {
      key: "movement",
      title: t("ledger.amount"),
      align: "right",
      card: "aside-only",
      cell: (entry) => <Money minor={entry.amount} currency={currency} movement />,
    },
    ...reserved.map((key) => amount(key, undefined)),
    {
      key: "balance",
      title: t("statement.balance"),
      unit,
      align: "right",
      cell: (entry) => (
        <b>
          <Money minor={entry.balance} currency={currency} transaction={entry.transaction_id} />
        </b>
      ),
    },
    {
      key: "sequence",
      title: t("statement.sequence"),
      align: "right",
      card: "hidden",
      optional: true,
      cell: (entry) => <span className="quiet">{entry.sequence}</span>,
    },
  ];
}
