import { useQuery } from "@tanstack/react-query";
import { decisionsQuery } from "../../api/routing";
import type { StoredDecision } from "../../api/types";
import { Panel } from "../../kit/layout";
import { QueryView } from "../../kit/QueryView";
import { Empty, SkeletonLines } from "../../kit/states";
import { formatInstant } from "../../kit/time";
import { useWords, wordFor } from "../../words";
import "./routing.css";
import { Trace } from "./Trace";
import { wordingOf } from "./wording";

/** Why each attempt of a payment went where it went. */
export function PaymentRouting({ payment }: { payment: string }) {
  const { t } = useWords();
  const query = useQuery(decisionsQuery(payment));
  return (
    <Panel title={t("routing.of")}>
      <QueryView query={query} skeleton={<SkeletonLines lines={4} />}>
        {(decisions) =>
          decisions.length === 0 ? (
            <Empty title="routing.of.empty" next="routing.of.empty.next" />
          ) : (
            decisions.map((decision, index) => (
              <DecisionView key={decision.id} stored={decision} open={index === decisions.length - 1} />
            ))
          )
        }
      </QueryView>
    </Panel>
  );
}

function DecisionView({ stored, open }: { stored: StoredDecision; open: boolean }) {
  const { t, language, pick } = useWords();
  const attempts = stored.attempts.map((each) =>
    t("routing.of.attempt", {
      n: each.position,
      channel: each.channel,
      state: wordFor("routing.attempt", each.state),
    }),
  );
  return (
    <details className="decision" open={open}>
      <summary>
        <time dateTime={stored.at}>{formatInstant(stored.at)}</time>
        <b>{pick(stored.chinese, stored.english)}</b>
        <span className="quiet">{attempts.join(t("routing.list"))}</span>
        <span className="quiet">
          {stored.decision.rules_version === 0
            ? t("routing.try.byNone")
            : t("routing.try.byVersion", { n: stored.decision.rules_version })}
        </span>
      </summary>
      <Trace
        decision={stored.decision}
        ask={stored.ask}
        nameOf={() => undefined}
        wording={wordingOf(t, language, [])}
      />
    </details>
  );
}
