import { useEffect, useState } from "react";
import { useWords } from "../words";
import { formatCount } from "./money";

interface Tip {
  minor: number;
  currency: string;
  transaction?: string;
  x: number;
  y: number;
  below: boolean;
}

function tipFor(target: EventTarget | null): Tip | null {
  const element = target instanceof Element ? target.closest<HTMLElement>("[data-minor]") : null;
  if (!element) return null;
  const box = element.getBoundingClientRect();
  const below = box.top < 120;
  return {
    minor: Number(element.dataset.minor),
    currency: element.dataset.currency ?? "CNY",
    transaction: element.dataset.transaction,
    x: Math.min(Math.max(box.left + box.width / 2, 110), window.innerWidth - 110),
    y: below ? box.bottom + 6 : box.top - 6,
    below,
  };
}

/** One tip for every amount on the page: a tooltip component in each cell of a long table would be slow. */
export function MoneyTip() {
  const { t } = useWords();
  const [tip, setTip] = useState<Tip | null>(null);
  useEffect(() => {
    const show = (event: Event) => setTip(tipFor(event.target));
    const hide = () => setTip(null);
    document.addEventListener("pointerover", show);
    document.addEventListener("focusin", show);
    document.addEventListener("scroll", hide, { capture: true, passive: true });
    return () => {
      document.removeEventListener("pointerover", show);
      document.removeEventListener("focusin", show);
      document.removeEventListener("scroll", hide, { capture: true });
    };
  }, []);
  if (!tip) return null;
  const minor = formatCount(tip.minor);
  return (
    <div
      className={tip.below ? "money-tip money-tip-below" : "money-tip"}
      role="tooltip"
      style={{ left: tip.x, top: tip.y }}
    >
      {tip.currency === "CNY"
        ? t("common.minorUnits", { minor })
        : t("common.minorUnitsOther", { minor, currency: tip.currency })}
      {tip.transaction && <small>{tip.transaction}</small>}
    </div>
  );
}
