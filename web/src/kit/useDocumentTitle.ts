import { useEffect } from "react";
import { useWords } from "../words";

export function useDocumentTitle(title: string): void {
  const { t } = useWords();
  const product = t("app.name");
  useEffect(() => {
    document.title = `${title} · ${product}`;
  }, [title, product]);
}
