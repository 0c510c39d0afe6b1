import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { Button } from "antd";
import { paymentQuery } from "../../api/queries";
import type { Payment, PaymentPage as PaymentPageData, Refund } from "../../api/types";
import { AppLink } from "../../kit/AppLink";
import { CopyId } from "../../kit/CopyId";
import { type Column, DataTable } from "../../kit/DataTable";
import { Facts, PageHead, Panel } from "../../kit/layout";
import { Money } from "../../kit/Money";
import { currencySign, currencyUnit, formatMoney } from "../../kit/money";
import { paths } from "../../kit/paths";
import { QueryView } from "../../kit/QueryView";
import { StateTag, Tag } from "../../kit/StateTag";
import { Empty, SkeletonPage } from "../../kit/states";
import { Timeline } from "../../kit/Timeline";
import { TransactionView } from "../../kit/TransactionView";
import { formatInstant } from "../../kit/time";
import { useWords, wordFor } from "../../words";
import { PaymentRouting } from "../routing/PaymentRouting";

const route = getRouteApi("/shell/payments/$id");

export function PaymentPage() {
  const { id } = route.useParams();
  const query = useQuery({
    ...paymentQuery(id),
    // What still waits for the buyer or the channel is followed.
    refetchInterval: (state) =>
      state.state.data?.payment.state === "awaiting_payment" ||
      state.state.data?.refunds.some((refund) => refund.state === "processing")
        ? 3000
        : false,
  });
  return (
    <QueryView query={query} skeleton={<SkeletonPage />}>
      {(page) => <Content page={page} />}
    </QueryView>
  );
}

function Content({ page }: { page: PaymentPageData }) {
  const { t, language, pick } = useWords();
  const { payment } = page;
  return (
    <div className="page">
      <Head payment={payment} />
      <div className="columns">
        <div className="stack">
          <Panel title={t("payment.facts")}>
            <PaymentFacts payment={payment} />
          </Panel>
          <Shares payment={payment} names={page.merchant_names} />
          <Refunds refunds={page.refunds} currency={payment.currency} />
          <Panel title={t("payment.ledger")} aside={currencyUnit(payment.currency, language)}>
            {page.transactions.length === 0 ? (
              <Empty title="empty.transactions" next="empty.transactions.next" />
            ) : (
              page.transactions.map((transaction) => (
                <TransactionView key={transaction.id} transaction={transaction} />
              ))
            )}
          </Panel>
          <PaymentRouting payment={payment.id} />
          <ChannelEvents events={page.channel_events} />
        </div>
        <Panel title={t("payment.timeline")}>
          <Timeline
            items={page.timeline.map((event, index) => ({
              key: `${event.at} ${event.event} ${index}`,
              at: event.at,
              title: pick(event.chinese, event.english),
              actor: wordFor("actor", event.actor),
              detail: event.detail,
            }))}
          />
        </Panel>
      </div>
    </div>
  );
}

function Head({ payment }: { payment: Payment }) {
  const { t } = useWords();
  return (
    <PageHead
      over={<AppLink href="/payments">{t("payment.title")}</AppLink>}
      title={payment.order_no}
      tag={
        <>
          <StateTag kind="payment.state" state={payment.state} />
          {payment.refunded > 0 && (
            <Tag tone="idle">
              {payment.refunded < payment.amount ? t("payment.partlyRefunded") : t("payment.fullyRefunded")}
            </Tag>
          )}
        </>
      }
      below={<CopyId value={payment.id} />}
      aside={
        <>
          {payment.state === "awaiting_payment" && (
            <Button href={payment.cashier_url} target="_blank" rel="noreferrer">
              {t("payment.cashier")}
            </Button>
          )}
          <span className="page-amount money" data-minor={payment.amount} data-currency={payment.currency}>
            <small>{currencySign(payment.currency)}</small>
            {formatMoney(payment.amount, payment.currency)}
          </span>
        </>
      }
    />
  );
}

function PaymentFacts({ payment }: { payment: Payment }) {
  const { t } = useWords();
  return (
    <Facts
      items={[
        [t("payment.description"), payment.description || "–"],
        [t("payment.buyer"), payment.buyer ?? "–"],
        [t("payment.method"), wordFor("payment.method", payment.method)],
        [
          t("payment.refunded"),
          <Money key="refunded" minor={payment.refunded} currency={payment.currency} />,
        ],
        [t("payment.fee"), <Money key="fee" minor={payment.fee} currency={payment.currency} />],
        [
          t("payment.channelNo"),
          payment.channel_transaction_no ? <CopyId key="no" value={payment.channel_transaction_no} /> : "–",
        ],
        [t("payment.createdAt"), formatInstant(payment.created_at)],
        [t("payment.paidAt"), formatInstant(payment.paid_at)],
        [t("payment.expiresAt"), formatInstant(payment.expires_at)],
      ]}
    />
  );
}

type Share = Payment["shares"][number];

function Shares({ payment, names }: { payment: Payment; names: Record<string, string> }) {
  const { t, language } = useWords();
  const unit = currencyUnit(payment.currency, language);
  const amount = (key: "amount" | "fee" | "net" | "refunded", title: string): Column<Share> => ({
    key,
    title,
    unit,
    align: "right",
    card: key === "amount" ? "aside" : undefined,
    cell: (share) => <Money minor={share[key]} currency={payment.currency} />,
  });
  const columns: Column<Share>[] = [
    {
      key: "merchant",
      title: t("loan.merchant"),
      card: "title",
      cell: (share) => (
        <>
          {names[share.merchant_no]} <span className="quiet">{share.merchant_no}</span>
        </>
      ),
    },
    amount("amount", t("payment.share")),
    amount("fee", t("payment.fee")),
    amount("net", t("payment.net")),
    amount("refunded", t("payment.refunded")),
  ];
  return (
    <Panel flush title={t("payment.shares")}>
      <DataTable
        label={t("payment.shares")}
        columns={columns}
        rows={payment.shares}
        rowKey={(share) => share.merchant_no}
        href={(share) => paths.merchant(share.merchant_no)}
        empty={<Empty title="empty.transactions" />}
      />
    </Panel>
  );
}

function Refunds({ refunds, currency }: { refunds: Refund[]; currency: string }) {
  const { t, language } = useWords();
  if (refunds.length === 0) return null;
  const unit = currencyUnit(currency, language);
  const columns: Column<Refund>[] = [
    {
      key: "no",
      title: `${t("refund.no")} / ${t("refund.reason")}`,
      card: "title",
      cell: (refund) => (
        <>
          <span className="nowrap">{refund.refund_no}</span>
          {refund.reason && <small className="quiet cell-below">{refund.reason}</small>}
        </>
      ),
    },
    {
      key: "state",
      title: t("payment.state"),
      cell: (refund) => <StateTag kind="refund.state" state={refund.state} />,
    },
    {
      key: "amount",
      title: t("payment.amount"),
      unit,
      align: "right",
      card: "aside",
      cell: (refund) => <Money minor={refund.amount} currency={currency} />,
    },
    {
      key: "fee",
      title: t("refund.feeReturned"),
      unit,
      align: "right",
      cell: (refund) => <Money minor={refund.fee_returned} currency={currency} />,
    },
    {
      key: "succeededAt",
      title: t("refund.succeededAt"),
      cell: (refund) => <span className="nowrap">{formatInstant(refund.succeeded_at)}</span>,
    },
    {
      key: "channelNo",
      title: t("refund.channelNo"),
      cell: (refund) => (refund.channel_refund_no ? <CopyId value={refund.channel_refund_no} short /> : "–"),
    },
  ];
  return (
    <Panel flush title={t("payment.refunds")}>
      <DataTable
        label={t("payment.refunds")}
        columns={columns}
        rows={refunds}
        rowKey={(refund) => refund.id}
        empty={<Empty title="empty.refunds" />}
      />
    </Panel>
  );
}

function ChannelEvents({ events }: { events: PaymentPageData["channel_events"] }) {
  const { t, pick } = useWords();
  return (
    <Panel title={t("payment.channelEvents")}>
      {events.length === 0 ? (
        <Empty title="empty.events" />
      ) : (
        events.map((event, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: messages are immutable and two may be alike
          <details className="fold event" key={index}>
            <summary>
              <time dateTime={event.at}>{formatInstant(event.at)}</time> {pick(event.chinese, event.english)}{" "}
              <span className="quiet">{event.summary}</span>
            </summary>
            <pre>{typeof event.body === "string" ? event.body : JSON.stringify(event.body, null, 2)}</pre>
          </details>
        ))
      )}
    </Panel>
  );
}
