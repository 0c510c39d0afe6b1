import { useWords } from "../words";
import { AppLink } from "./AppLink";
import { shortId } from "./CopyId";
import { paths } from "./paths";

const pages: Record<string, (id: string) => string> = { payment: paths.payment, loan: paths.loan };

/** What a ledger transaction is about: the number that people use for it, leading to its page where it has one. */
export function Reference({ reference, memo }: { reference: string | null; memo: string | null }) {
  const { t } = useWords();
  if (!reference) return <span>{memo || "–"}</span>;
  const [settlement, tradeDate] = /^settlement (\d{4}-\d{2}-\d{2})$/.exec(reference) ?? [];
  if (settlement && tradeDate) return <span>{t("statement.tradeOf", { date: tradeDate })}</span>;
  const [typed, prefix = ""] = /^([a-z]+)_[0-9a-z]{26}$/.exec(reference) ?? [];
  if (!typed) {
    return (
      <span className="reference" title={memo ? `${reference} · ${memo}` : reference}>
        {reference} {memo && <span className="quiet">{memo}</span>}
      </span>
    );
  }
  const page = pages[prefix];
  const name = memo || shortId(reference);
  return page ? (
    <AppLink href={page(reference)} title={reference}>
      {name}
    </AppLink>
  ) : (
    <span title={reference}>{name}</span>
  );
}
