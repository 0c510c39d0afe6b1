import { useEffect, useState } from "react";
import { useWords } from "../words";

/** `payment_01kb2…x9f3`: enough to recognise; the whole id is copied. */
export function shortId(value: string): string {
  const head = value.includes("_") ? value.indexOf("_") + 6 : 8;
  return value.length > 22 ? `${value.slice(0, head)}…${value.slice(-6)}` : value;
}

async function copyText(text: string): Promise<void> {
  if (window.isSecureContext) {
    await navigator.clipboard.writeText(text);
    return;
  }
  // On plain http inside a company's network the clipboard API is not there.
  const area = document.createElement("textarea");
  area.value = text;
  area.style.position = "fixed";
  area.style.opacity = "0";
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

/** An id in full or short; a click copies it whole. */
export function CopyId({ value, short = false }: { value: string; short?: boolean }) {
  const { t } = useWords();
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 1500);
    return () => clearTimeout(timer);
  }, [copied]);
  return (
    <button
      type="button"
      className="copy-id"
      title={`${t("common.copy")} ${value}`}
      onClick={(event) => {
        event.stopPropagation();
        void copyText(value).then(() => setCopied(true));
      }}
    >
      <span className="mono">{short ? shortId(value) : value}</span>
      <svg aria-hidden="true" viewBox="0 0 16 16" width="13" height="13">
        {copied ? <path d="m3 8.5 3.2 3.2L13 4.8" /> : <path d="M5.5 5.5v-3h8v8h-3m-8-5h8v8h-8z" />}
      </svg>
      <span className="copy-said" aria-live="polite">
        {copied ? t("common.copied") : ""}
      </span>
    </button>
  );
}
