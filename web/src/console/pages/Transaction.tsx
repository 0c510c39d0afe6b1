import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { transactionQuery } from "../../api/queries";
import type { LedgerTransaction, RelatedTransaction } from "../../api/types";
import { AppLink } from "../../kit/AppLink";
import { CopyId } from "../../kit/CopyId";
import { FlowDiagram } from "../../kit/FlowDiagram";
import { LegTable, sumsOf } from "../../kit/LegTable";
import { Facts, PageHead, Panel } from "../../kit/layout";
import { Money } from "../../kit/Money";
import { currencySign, currencyUnit, formatMoney } from "../../kit/money";
import { paths } from "../../kit/paths";
import { QueryView } from "../../kit/QueryView";
import { Reference } from "../../kit/Reference";
import { Tag } from "../../kit/StateTag";
import { SkeletonPage } from "../../kit/states";
import { formatInstant } from "../../kit/time";
import { useWords, wordFor } from "../../words";
import { HoldTable } from "../ledger/Holds";
import { Metadata } from "../ledger/Metadata";

const route = getRouteApi("/shell/transactions/$id");

export function TransactionPage() {
  const { id } = route.useParams();
  const query = useQuery(transactionQuery(id));
  return (
    <QueryView query={query} skeleton={<SkeletonPage />}>
      {(transaction) => <Content transaction={transaction} />}
    </QueryView>
  );
}

function Content({ transaction }: { transaction: LedgerTransaction }) {
  const { t, language } = useWords();
  const sums = sumsOf(transaction.legs);
  // A hold, a release and an expiry reserve or let go; nothing is posted.
  const heldOnly = transaction.action !== "post" && transaction.action !== "capture";
  const [only] = sums;
  return (
    <div className="page">
      <PageHead
        over={t("ledger.transaction")}
        title={wordFor("kind", transaction.kind)}
        tag={<Marks transaction={transaction} heldOnly={heldOnly} />}
        below={<CopyId value={transaction.id} />}
        aside={sums.map(({ currency, amount }) => (
          <span className="page-amount money" data-minor={amount} data-currency={currency} key={currency}>
            <small>{sums.length > 1 ? `${currency} ` : currencySign(currency)}</small>
            {formatMoney(amount, currency)}
          </span>
        ))}
      />
      <Panel>
        <TransactionFacts transaction={transaction} />
      </Panel>
      <Panel
        title={t("ledger.flow")}
        aside={sums.length === 1 && only ? currencyUnit(only.currency, language) : undefined}
      >
        <FlowDiagram legs={transaction.legs} held={heldOnly} />
      </Panel>
      <Panel flush title={t("ledger.legs")}>
        <LegTable legs={transaction.legs} />
      </Panel>
      {transaction.hold && (
        <Panel flush title={t(transaction.action === "hold" ? "ledger.link.opened" : "ledger.link.hold")}>
          <HoldTable holds={[transaction.hold]} empty={null} />
        </Panel>
      )}
      {transaction.related.length > 0 && (
        <Panel title={t("ledger.links")}>
          <Related related={transaction.related} />
        </Panel>
      )}
      {transaction.metadata && <Metadata value={transaction.metadata} />}
    </div>
  );
}

function Marks({ transaction, heldOnly }: { transaction: LedgerTransaction; heldOnly: boolean }) {
  const { t } = useWords();
  const reversal = transaction.related.some((each) => each.relation === "original");
  return (
    <>
      {transaction.action !== "post" && (
        <Tag tone={heldOnly ? "wait" : "good"}>{t(`ledger.action.${transaction.action}`)}</Tag>
      )}
      {reversal && <Tag tone="warn">{t("ledger.isReversal")}</Tag>}
      {transaction.reversed !== "none" && (
        <Tag tone={transaction.reversed === "whole" ? "bad" : "warn"}>
          {t(`ledger.reversed.${transaction.reversed}`)}
        </Tag>
      )}
    </>
  );
}

function TransactionFacts({ transaction }: { transaction: LedgerTransaction }) {
  const { t } = useWords();
  const backdated = transaction.effective_at !== transaction.booked_at;
  return (
    <Facts
      items={[
        [t("ledger.businessDate"), transaction.business_date],
        [t("ledger.bookedAt"), formatInstant(transaction.booked_at)],
        [
          t("ledger.effectiveAt"),
          <span key="effective" title={backdated ? t("ledger.effective.differs") : undefined}>
            {formatInstant(transaction.effective_at)}
          </span>,
        ],
        [
          t("ledger.reference"),
          <Reference key="reference" reference={transaction.reference} memo={transaction.memo} />,
        ],
        [t("ledger.memo"), transaction.memo || "–"],
        [t("ledger.action"), t(`ledger.action.${transaction.action}`)],
      ]}
    />
  );
}

/** What it takes back, what took it back, whose hold it is about. */
function Related({ related }: { related: RelatedTransaction[] }) {
  const { t } = useWords();
  return (
    <ul className="related">
      {related.map((each) => (
        <li key={`${each.relation} ${each.id}`}>
          <span className="quiet">{t(`ledger.link.${each.relation}`)}</span>
          <span>
            <AppLink href={paths.transaction(each.id)}>{wordFor("kind", each.kind)}</AppLink>{" "}
            <span className="quiet nowrap">{formatInstant(each.booked_at)}</span>
          </span>
          <span className="related-amount">
            {each.amounts.map(({ currency, amount }) => (
              <span key={currency}>
                <small className="quiet">{currencySign(currency)}</small>
                <Money minor={amount} currency={currency} transaction={each.id} />
              </span>
            ))}
          </span>
        </li>
      ))}
    </ul>
  );
}
