import { Facts, Panel } from "../../kit/layout";
import { useWords } from "../../words";

/** The caller's own facts, as they were sent: flat ones as names and values, nested ones as JSON. */
export function Metadata({ value }: { value: Record<string, unknown> }) {
  const { t } = useWords();
  const entries = Object.entries(value);
  const flat = entries.every(([, each]) => each === null || typeof each !== "object");
  return (
    <Panel title={t("ledger.metadata")}>
      {flat ? (
        <Facts
          narrow
          items={entries.map(([name, each]): [string, React.ReactNode] => [
            name,
            <span key={name} className="mono">
              {String(each)}
            </span>,
          ])}
        />
      ) : (
        <div className="fold">
          <pre>{JSON.stringify(value, null, 2)}</pre>
        </div>
      )}
    </Panel>
  );
}
