import type { ReactNode } from "react";
import type { Decision, DecisionStep, RouteAsk, RoutingStage } from "../../api/types";
import { Tag } from "../../kit/StateTag";
import { useWords } from "../../words";
import { noteWords, removedWords, type Wording } from "./wording";

const STAGES: RoutingStage[] = ["eligible", "rules", "volume", "success_rate", "elimination", "cost"];

/** How a connection is called; its code where nothing is known of it. */
export type NameOf = (code: string) => string | undefined;

/** A decision, stage by stage: who was taken out and why, and who was left in which order. */
export function Trace(props: {
  decision: Decision;
  ask: RouteAsk;
  nameOf: NameOf;
  wording: Wording;
  /** Shown where volume is split. */
  draw?: ReactNode;
}) {
  const { decision, ask, nameOf, wording } = props;
  const { t } = useWords();
  const done = new Map(decision.steps.map((step) => [step.stage, step]));
  return (
    <div className="trace">
      <Outcome decision={decision} nameOf={nameOf} />
      <ol className="trace-stages">
        {STAGES.map((stage) => {
          const step = done.get(stage);
          return (
            <li key={stage} className={step ? "trace-stage" : "trace-stage trace-skipped"}>
              <h3>
                {t(`routing.stage.${stage}`)}
                <small className="quiet">
                  {t(step ? `routing.stage.${stage}.does` : `routing.stage.${stage}.skipped`)}
                </small>
              </h3>
              {step && <Step step={step} ask={ask} nameOf={nameOf} wording={wording} />}
              {step && stage === "volume" && props.draw}
            </li>
          );
        })}
      </ol>
    </div>
  );
}

function Outcome({ decision, nameOf }: { decision: Decision; nameOf: NameOf }) {
  const { t } = useWords();
  const [first, ...rest] = decision.order;
  if (first === undefined)
    return (
      <p className="verdict verdict-bad" role="status">
        <b>{t("routing.outcome.none")}</b> {t("routing.outcome.none.next")}
      </p>
    );
  return (
    <p className="verdict verdict-good" role="status">
      <b>{t("routing.outcome.first", { name: nameOf(first) ?? first })}</b>{" "}
      {rest.length > 0
        ? t("routing.outcome.then", { names: rest.map((code) => nameOf(code) ?? code).join(" → ") })
        : t("routing.outcome.alone")}
    </p>
  );
}

function Step(props: { step: DecisionStep; ask: RouteAsk; nameOf: NameOf; wording: Wording }) {
  const { step, ask, nameOf, wording } = props;
  const { t } = useWords();
  const note = noteWords(step, ask.currency, wording);
  const removed = step.removed ?? [];
  return (
    <>
      {note && <p className="trace-note">{note}</p>}
      {removed.length > 0 && (
        <ul className="trace-removed">
          {removed.map((gone) => (
            <li key={`${gone.code} ${gone.detail}`}>
              <Tag tone="bad">{t("routing.removed")}</Tag> <Connection code={gone.code} nameOf={nameOf} />{" "}
              <span className="trace-why">{removedWords(gone, ask.currency, wording)}</span>
            </li>
          ))}
        </ul>
      )}
      <p className="trace-left">
        <span className="quiet">{t(step.order.length > 0 ? "routing.left" : "routing.left.none")}</span>
        {step.order.map((code, index) => (
          <span key={code} className="trace-place">
            <b>{index + 1}</b> <Connection code={code} nameOf={nameOf} />
          </span>
        ))}
      </p>
    </>
  );
}

function Connection({ code, nameOf }: { code: string; nameOf: NameOf }) {
  return (
    <span className="mono" title={nameOf(code)}>
      {code}
    </span>
  );
}
