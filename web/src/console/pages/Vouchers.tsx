import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { vouchersQuery } from "../../api/queries";
import type { VoucherRow } from "../../api/types";
import { type Column, DataTable } from "../../kit/DataTable";
import { DateFilter, FilterBar } from "../../kit/FilterBar";
import { PageHead, Panel } from "../../kit/layout";
import { Money } from "../../kit/Money";
import { currencyUnit } from "../../kit/money";
import { Pager } from "../../kit/Pager";
import { paths } from "../../kit/paths";
import { QueryView } from "../../kit/QueryView";
import { Empty, SkeletonTable } from "../../kit/states";
import { bookName, useWords, wordFor } from "../../words";

const route = getRouteApi("/shell/vouchers");

export function Vouchers() {
  const { t, language, pick } = useWords();
  const { month, date, cursor } = route.useSearch();
  const navigate = route.useNavigate();
  const query = useQuery(vouchersQuery({ month, date, cursor }));
  const columns: Column<VoucherRow>[] = [
    {
      key: "number",
      title: t("voucher.number"),
      card: "title",
      cell: (voucher) => <span className="nowrap">{voucher.number}</span>,
    },
    {
      key: "date",
      title: t("voucher.date"),
      cell: (voucher) => <span className="nowrap">{voucher.date}</span>,
    },
    {
      key: "summary",
      title: t("voucher.summary"),
      cell: (voucher) => pick(voucher.summary_chinese, voucher.summary_english),
    },
    {
      key: "kind",
      title: t("voucher.kind"),
      card: "hidden",
      optional: true,
      cell: (voucher) => wordFor("kind", voucher.kind),
    },
    {
      key: "book",
      title: t("voucher.book"),
      card: "hidden",
      optional: true,
      cell: (voucher) => bookName(voucher.book),
    },
    {
      key: "lines",
      title: t("voucher.lines"),
      align: "right",
      card: "hidden",
      optional: true,
      cell: (voucher) => voucher.lines,
    },
    {
      key: "total",
      title: t("voucher.total"),
      unit: currencyUnit("CNY", language),
      align: "right",
      card: "aside",
      cell: (voucher) => <Money minor={voucher.total} />,
    },
  ];
  return (
    <div className="page">
      <PageHead title={t("voucher.title")} />
      <FilterBar filtered={Boolean(month ?? date)} onClear={() => void navigate({ search: {} })}>
        <DateFilter
          picker="month"
          label={t("voucher.month")}
          value={month}
          onChange={(value) => void navigate({ search: { month: value }, replace: true })}
        />
        <DateFilter
          label={t("voucher.date")}
          value={date}
          onChange={(value) => void navigate({ search: { date: value }, replace: true })}
        />
      </FilterBar>
      <Panel flush>
        <QueryView query={query} skeleton={<SkeletonTable />}>
          {(page) => (
            <div>
              <DataTable
                label={t("voucher.title")}
                columns={columns}
                rows={page.items}
                rowKey={(voucher) => voucher.id}
                href={(voucher) => paths.voucher(voucher.id)}
                settings="vouchers"
                empty={<Empty title="empty.vouchers" next="empty.vouchers.next" />}
              />
              <Pager cursor={cursor} next={page.next_cursor} />
            </div>
          )}
        </QueryView>
      </Panel>
    </div>
  );
}
