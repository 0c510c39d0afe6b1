import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { type PaymentFilter, paymentsQuery } from "../../api/queries";
import type { PaymentRow, PaymentState } from "../../api/types";
import { type Column, DataTable } from "../../kit/DataTable";
import { ChoiceFilter, DateFilter, FilterBar, TextFilter } from "../../kit/FilterBar";
import { PageHead, Panel, TotalsStrip } from "../../kit/layout";
import { Money } from "../../kit/Money";
import { currencyUnit, formatCount } from "../../kit/money";
import { Pager } from "../../kit/Pager";
import { paths } from "../../kit/paths";
import { QueryView } from "../../kit/QueryView";
import { StateTag } from "../../kit/StateTag";
import { Empty, SkeletonTable } from "../../kit/states";
import { formatInstant } from "../../kit/time";
import { useWords } from "../../words";

const route = getRouteApi("/shell/payments");

const states: PaymentState[] = ["created", "awaiting_payment", "succeeded", "closed", "failed", "conflicted"];

function useColumns(currency: string): Column<PaymentRow>[] {
  const { t, language } = useWords();
  const unit = currencyUnit(currency, language);
  return [
    {
      key: "orderNo",
      title: t("payment.orderNo"),
      card: "title",
      cell: (row) => row.order_no,
    },
    {
      key: "state",
      title: t("payment.state"),
      cell: (row) => <StateTag kind="payment.state" state={row.state} />,
    },
    {
      key: "amount",
      title: t("payment.amount"),
      unit,
      align: "right",
      card: "aside",
      cell: (row) => <Money minor={row.amount} currency={row.currency} />,
    },
    {
      key: "refunded",
      title: t("payment.refunded"),
      unit,
      align: "right",
      optional: true,
      cell: (row) => <Money minor={row.refunded} currency={row.currency} />,
    },
    {
      key: "fee",
      title: t("payment.fee"),
      unit,
      align: "right",
      card: "hidden",
      optional: true,
      cell: (row) => <Money minor={row.fee} currency={row.currency} />,
    },
    {
      key: "buyer",
      title: t("payment.buyer"),
      optional: true,
      cell: (row) => <span className="nowrap">{row.buyer ?? "–"}</span>,
    },
    {
      key: "merchants",
      title: t("payment.merchants"),
      align: "right",
      card: "hidden",
      optional: true,
      cell: (row) => row.merchants,
    },
    {
      key: "createdAt",
      title: t("payment.createdAt"),
      cell: (row) => <span className="nowrap">{formatInstant(row.created_at)}</span>,
    },
    {
      key: "paidAt",
      title: t("payment.paidAt"),
      card: "hidden",
      optional: true,
      cell: (row) => <span className="nowrap">{formatInstant(row.paid_at)}</span>,
    },
    {
      key: "channelNo",
      title: t("payment.channelNo"),
      card: "hidden",
      optional: true,
      cell: (row) => <span className="quiet">{row.channel_transaction_no ?? "–"}</span>,
    },
  ];
}

export function Payments() {
  const { t } = useWords();
  const filter = route.useSearch();
  const navigate = route.useNavigate();
  const query = useQuery(paymentsQuery(filter));
  const set = (name: keyof PaymentFilter) => (value: string | undefined) =>
    void navigate({
      search: (previous) => ({ ...previous, cursor: undefined, [name]: value }),
      replace: true,
    });
  const { cursor, ...conditions } = filter;
  const filtered = Object.keys(conditions).length > 0;
  return (
    <div className="page">
      <PageHead title={t("payment.title")} />
      <FilterBar filtered={filtered} onClear={() => void navigate({ search: {} })}>
        <TextFilter main label={t("payment.search")} value={filter.q} onChange={set("q")} />
        <ChoiceFilter
          label={t("payment.state")}
          value={filter.state}
          options={states.map((state) => ({ value: state, label: t(`payment.state.${state}`) }))}
          onChange={set("state")}
        />
        <TextFilter
          label={t("payment.merchantNo")}
          value={filter.merchant_no}
          onChange={set("merchant_no")}
        />
        <DateFilter label={t("common.from")} value={filter.from} onChange={set("from")} />
        <DateFilter label={t("common.to")} value={filter.to} onChange={set("to")} />
      </FilterBar>
      <Panel flush>
        <QueryView query={query} skeleton={<SkeletonTable />}>
          {(page) => <PaymentsPage page={page} cursor={cursor} filtered={filtered} />}
        </QueryView>
      </Panel>
    </div>
  );
}

function PaymentsPage(props: {
  page: {
    items: PaymentRow[];
    next_cursor: string | null;
    totals?: { count: number; amount: number; refunded: number; fee: number };
  };
  cursor?: string;
  filtered: boolean;
}) {
  const { t } = useWords();
  const { items, totals, next_cursor } = props.page;
  const currency = items[0]?.currency ?? "CNY";
  const columns = useColumns(currency);
  return (
    <div>
      {totals && (
        <TotalsStrip
          items={[
            [t("payment.totals.count"), formatCount(totals.count)],
            [t("overview.paid"), <Money key="amount" minor={totals.amount} currency={currency} />],
            [t("payment.refunded"), <Money key="refunded" minor={totals.refunded} currency={currency} />],
            [t("payment.fee"), <Money key="fee" minor={totals.fee} currency={currency} />],
          ]}
        />
      )}
      <DataTable
        label={t("payment.title")}
        columns={columns}
        rows={items}
        rowKey={(row) => row.id}
        href={(row) => paths.payment(row.id)}
        settings="payments"
        empty={
          props.filtered ? (
            <Empty title="empty.filtered" next="empty.filtered.next" />
          ) : (
            <Empty title="empty.payments" next="empty.payments.next" />
          )
        }
      />
      <Pager cursor={props.cursor} next={next_cursor} />
    </div>
  );
}
