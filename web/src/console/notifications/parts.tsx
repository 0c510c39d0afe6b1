import { AppLink } from "../../kit/AppLink";
import { shortId } from "../../kit/CopyId";
import { paths } from "../../kit/paths";
import { formatInstant } from "../../kit/time";
import { useWords, wordFor } from "../../words";

/** What an event is about, leading to its page where it has one. */
export function About({ object }: { object: string }) {
  const name = <span className="mono">{shortId(object)}</span>;
  return object.startsWith("payment_") ? (
    <AppLink href={paths.payment(object)} title={object}>
      {name}
    </AppLink>
  ) : (
    <span title={object}>{name}</span>
  );
}

/** When something is tried next. */
export function NextAttempt({ at }: { at: string | null }) {
  return <span className={at === null ? "quiet" : "nowrap"}>{formatInstant(at)}</span>;
}

/** Who asked for an attempt. */
export function AskedBy({ who }: { who: string }) {
  useWords();
  return <span className="nowrap">{who.includes("@") ? who : wordFor("notification.askedBy", who)}</span>;
}
