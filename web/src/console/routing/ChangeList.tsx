import { Tag, type Tone } from "../../kit/StateTag";
import { useWords } from "../../words";
import type { RuleChange } from "./changes";
import { ruleSentence, type Wording } from "./wording";

const TONES: Record<RuleChange["kind"], Tone> = {
  added: "good",
  removed: "bad",
  changed: "warn",
  moved: "wait",
};

/** What differs between two versions of the rules. */
export function ChangeList({ changes, wording }: { changes: RuleChange[]; wording: Wording }) {
  const { t } = useWords();
  if (changes.length === 0) return <p className="quiet">{t("routing.changes.none")}</p>;
  return (
    <ul className="changes" aria-label={t("routing.changes")}>
      {changes.map((change) => (
        <li key={`${change.before?.position ?? ""}-${change.after?.position ?? ""}`}>
          <span>
            <Tag tone={TONES[change.kind]}>{t(`routing.change.${change.kind}`)}</Tag>
          </span>
          <div>
            <b>{change.after?.rule.name ?? change.before?.rule.name}</b>{" "}
            <span className="quiet">{placeWords(change, t)}</span>
            {change.before && change.kind !== "moved" && (
              <p>
                <del>{ruleSentence(change.before.rule, wording)}</del>
              </p>
            )}
            {change.after && (
              <p>
                {change.kind === "moved" ? (
                  ruleSentence(change.after.rule, wording)
                ) : (
                  <ins>{ruleSentence(change.after.rule, wording)}</ins>
                )}
              </p>
            )}
          </div>
        </li>
      ))}
    </ul>
  );
}

function placeWords({ before, after }: RuleChange, t: Wording["t"]): string {
  if (before && after && before.position !== after.position)
    return t("routing.change.places", { from: before.position, to: after.position });
  return t("routing.change.place", { n: after?.position ?? before?.position ?? 0 });
}
