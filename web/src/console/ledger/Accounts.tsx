import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { Checkbox } from "antd";
import { type AccountFilter, accountChoicesQuery, accountsQuery } from "../../api/ledger";
import type { AccountTotal, LedgerAccount, Page } from "../../api/types";
import { type Column, DataTable } from "../../kit/DataTable";
import { Download } from "../../kit/Download";
import { ChoiceFilter, FilterBar, TextFilter } from "../../kit/FilterBar";
import { AccountLabel } from "../../kit/LegTable";
import { PageHead, Panel, TotalsStrip } from "../../kit/layout";
import { Money } from "../../kit/Money";
import { currencyUnit, formatCount } from "../../kit/money";
import { Pager } from "../../kit/Pager";
import { paths } from "../../kit/paths";
import { QueryView } from "../../kit/QueryView";
import { StateTag } from "../../kit/StateTag";
import { Empty, SkeletonTable } from "../../kit/states";
import { formatInstant } from "../../kit/time";
import { bookName, shortName, useWords } from "../../words";

const route = getRouteApi("/shell/ledger/accounts");

export function Accounts() {
  const { t } = useWords();
  const filter = route.useSearch();
  const navigate = route.useNavigate();
  const query = useQuery(accountsQuery(filter));
  const { cursor, ...conditions } = filter;
  const filtered = Object.keys(conditions).length > 0;
  return (
    <div className="page">
      <PageHead
        title={t("ledger.account.title")}
        aside={
          <Download
            label={t("ledger.account.export")}
            files={[{ name: "Excel", path: "/ledger/accounts.xlsx" }]}
            query={conditions}
          />
        }
      />
      <FilterBar filtered={filtered} onClear={() => void navigate({ search: {} })}>
        <Filters
          filter={filter}
          onChange={(changed) =>
            void navigate({
              search: (previous) => ({ ...previous, cursor: undefined, ...changed }),
              replace: true,
            })
          }
        />
      </FilterBar>
      <Panel flush>
        <QueryView query={query} skeleton={<SkeletonTable />}>
          {(page) => <List page={page} cursor={cursor} filtered={filtered} />}
        </QueryView>
      </Panel>
    </div>
  );
}

function Filters(props: { filter: AccountFilter; onChange: (changed: AccountFilter) => void }) {
  const { t, pick } = useWords();
  const { filter, onChange } = props;
  const { data: choices } = useQuery(accountChoicesQuery);
  return (
    <>
      <TextFilter
        main
        label={t("ledger.account.search")}
        value={filter.q}
        onChange={(q) => onChange({ q })}
      />
      <ChoiceFilter
        label={t("ledger.account.book")}
        value={filter.book}
        options={(choices?.books ?? []).map((book) => ({ value: book, label: bookName(book) }))}
        onChange={(book) => onChange({ book })}
      />
      <ChoiceFilter
        wide
        label={t("ledger.account.subject")}
        value={filter.code}
        options={(choices?.subjects ?? []).map((subject) => ({
          value: subject.code,
          label: [subject.number, pick(subject.chinese, subject.english)].filter(Boolean).join(" "),
        }))}
        onChange={(code) => onChange({ code })}
      />
      <ChoiceFilter
        label={t("ledger.account.state")}
        value={filter.state}
        options={[
          { value: "active", label: t("ledger.state.active") },
          { value: "frozen", label: t("ledger.state.any_frozen") },
          { value: "closed", label: t("ledger.state.closed") },
        ]}
        onChange={(state) => onChange({ state })}
      />
      {(filter.currency || (choices?.currencies.length ?? 0) > 1) && (
        <ChoiceFilter
          label={t("ledger.account.currency")}
          value={filter.currency}
          options={(choices?.currencies ?? []).map((value) => ({ value, label: value }))}
          onChange={(currency) => onChange({ currency })}
        />
      )}
      {(filter.group || (choices?.groups.length ?? 0) > 0) && (
        <ChoiceFilter
          label={t("ledger.account.group")}
          value={filter.group}
          options={(choices?.groups ?? []).map((value) => ({ value, label: shortName(value) }))}
          onChange={(group) => onChange({ group })}
        />
      )}
      <Checkbox
        className="filter-check"
        checked={filter.non_zero === "1"}
        onChange={(event) => onChange({ non_zero: event.target.checked ? "1" : undefined })}
      >
        {t("ledger.account.nonZero")}
      </Checkbox>
    </>
  );
}

function List(props: { page: Page<LedgerAccount, AccountTotal[]>; cursor?: string; filtered: boolean }) {
  const { t } = useWords();
  const { items, totals = [], next_cursor } = props.page;
  const columns = useColumns(totals.map((total) => total.currency));
  return (
    <div>
      {totals.map((total) => (
        <Totals key={total.currency} total={total} />
      ))}
      <DataTable
        label={t("ledger.account.title")}
        columns={columns}
        rows={items}
        rowKey={(row) => row.id}
        href={(row) => paths.account(row.id)}
        settings="ledgerAccounts"
        empty={
          props.filtered ? (
            <Empty title="empty.filtered" next="empty.filtered.next" />
          ) : (
            <Empty title="empty.accounts" next="empty.accounts.next" />
          )
        }
      />
      <Pager cursor={props.cursor} next={next_cursor} />
    </div>
  );
}

function Totals({ total }: { total: AccountTotal }) {
  const { t, language } = useWords();
  const money = (minor: number) => <Money minor={minor} currency={total.currency} />;
  const unit = currencyUnit(total.currency, language);
  return (
    <TotalsStrip
      items={[
        [t("ledger.account.count"), formatCount(total.accounts)],
        [`${t("ledger.account.debitBalances")} ${unit}`, money(total.debit_balance)],
        [`${t("ledger.account.creditBalances")} ${unit}`, money(total.credit_balance)],
        [`${t("ledger.account.heldSum")} ${unit}`, money(total.held)],
      ]}
    />
  );
}

function useColumns(currencies: string[]): Column<LedgerAccount>[] {
  const { t, language } = useWords();
  const [only] = currencies;
  const one = currencies.length <= 1;
  const unit = one && only ? currencyUnit(only, language) : undefined;
  const amount = (
    key: string,
    title: string,
    value: (row: LedgerAccount) => React.ReactNode,
    rest: Partial<Column<LedgerAccount>> = {},
  ): Column<LedgerAccount> => ({ key, title, unit, align: "right", cell: value, ...rest });
  return [
    {
      key: "account",
      title: t("ledger.account.one"),
      card: "title",
      cell: (row) => <AccountLabel account={row} />,
    },
    {
      key: "book",
      title: t("ledger.account.book"),
      optional: true,
      cell: (row) => <span className="nowrap">{bookName(row.book)}</span>,
    },
    {
      key: "state",
      title: t("ledger.account.state"),
      cell: (row) => <StateTag kind="ledger.state" state={row.state} />,
    },
    ...(one
      ? []
      : [
          {
            key: "currency",
            title: t("ledger.account.currency"),
            cell: (row: LedgerAccount) => row.currency,
          },
        ]),
    amount(
      "balance",
      t("ledger.account.balance"),
      (row) => (
        <b>
          <Money minor={row.balance} currency={row.currency} />
        </b>
      ),
      { card: "aside" },
    ),
    amount("held", t("ledger.account.held"), (row) => <Money minor={row.held} currency={row.currency} />),
    amount("available", t("ledger.account.available"), (row) => <Available account={row} />),
    amount("overdraft", t("ledger.account.overdraft"), (row) => <Overdraft account={row} />, {
      card: "hidden",
      optional: true,
    }),
    {
      key: "entries",
      title: t("ledger.account.entries"),
      align: "right",
      card: "hidden",
      optional: true,
      cell: (row) => formatCount(row.entries),
    },
    {
      key: "bookedAt",
      title: t("ledger.account.bookedAt"),
      card: "hidden",
      optional: true,
      cell: (row) => <span className="nowrap">{row.entries > 0 ? formatInstant(row.booked_at) : "–"}</span>,
    },
  ];
}

/** What may be taken out; accounts without a limit say so in words. */
export function Available({ account }: { account: LedgerAccount }) {
  const { t } = useWords();
  if (account.available === null) return <span className="quiet">{t("ledger.account.unlimited")}</span>;
  return <Money minor={account.available} currency={account.currency} />;
}

export function Overdraft({ account }: { account: LedgerAccount }) {
  const { t } = useWords();
  if (account.overdraft === null) return <span className="quiet">{t("ledger.account.unlimited")}</span>;
  if (account.overdraft === 0) return <span className="quiet">{t("ledger.account.overdraft.none")}</span>;
  return <Money minor={account.overdraft} currency={account.currency} />;
}
