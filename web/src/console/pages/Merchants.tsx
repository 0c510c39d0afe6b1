import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { merchantsQuery } from "../../api/queries";
import type { MerchantRow } from "../../api/types";
import { type Column, DataTable } from "../../kit/DataTable";
import { FilterBar, TextFilter } from "../../kit/FilterBar";
import { PageHead, Panel } from "../../kit/layout";
import { Money } from "../../kit/Money";
import { currencyUnit } from "../../kit/money";
import { Pager } from "../../kit/Pager";
import { paths } from "../../kit/paths";
import { QueryView } from "../../kit/QueryView";
import { Empty, SkeletonTable } from "../../kit/states";
import { formatDay } from "../../kit/time";
import { useWords } from "../../words";

const route = getRouteApi("/shell/merchants");

export function Merchants() {
  const { t, language } = useWords();
  const { q, cursor } = route.useSearch();
  const navigate = route.useNavigate();
  const query = useQuery(merchantsQuery({ q, cursor }));
  const unit = currencyUnit("CNY", language);
  const columns: Column<MerchantRow>[] = [
    {
      key: "no",
      title: t("merchant.no"),
      card: "title",
      cell: (row) => row.merchant_no,
    },
    { key: "name", title: t("merchant.name"), cell: (row) => row.name },
    {
      key: "available",
      title: t("merchant.available"),
      unit,
      align: "right",
      card: "aside",
      cell: (row) => <Money minor={row.available} />,
    },
    {
      key: "pending",
      title: t("merchant.pending"),
      unit,
      align: "right",
      cell: (row) => <Money minor={row.pending} />,
    },
    {
      key: "limit",
      title: t("merchant.creditLimit"),
      unit,
      align: "right",
      optional: true,
      cell: (row) =>
        row.credit_limit === null ? (
          <span className="quiet">{t("merchant.noCredit")}</span>
        ) : (
          <Money minor={row.credit_limit} />
        ),
    },
    {
      key: "loan",
      title: t("merchant.loanOutstanding"),
      unit,
      align: "right",
      optional: true,
      cell: (row) => <Money minor={row.loan_outstanding} />,
    },
    {
      key: "createdAt",
      title: t("merchant.createdAt"),
      card: "hidden",
      optional: true,
      cell: (row) => <span className="nowrap">{formatDay(row.created_at)}</span>,
    },
  ];
  return (
    <div className="page">
      <PageHead title={t("merchant.title")} />
      <FilterBar filtered={Boolean(q)} onClear={() => void navigate({ search: {} })}>
        <TextFilter
          main
          label={t("merchant.search")}
          value={q}
          onChange={(value) => void navigate({ search: { q: value }, replace: true })}
        />
      </FilterBar>
      <Panel flush>
        <QueryView query={query} skeleton={<SkeletonTable />}>
          {(page) => (
            <div>
              <DataTable
                label={t("merchant.title")}
                columns={columns}
                rows={page.items}
                rowKey={(row) => row.merchant_no}
                href={(row) => paths.merchant(row.merchant_no)}
                settings="merchants"
                empty={
                  q ? (
                    <Empty title="empty.filtered" next="empty.filtered.next" />
                  ) : (
                    <Empty title="empty.merchants" next="empty.merchants.next" />
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
