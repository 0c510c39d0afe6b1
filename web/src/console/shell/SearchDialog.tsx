import { SearchOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Input, Modal } from "antd";
import { type KeyboardEvent, useEffect, useState } from "react";
import { searchQuery } from "../../api/queries";
import { useOpen } from "../../kit/AppLink";
import { Money } from "../../kit/Money";
import { ProblemState } from "../../kit/states";
import { useWords, wordFor } from "../../words";
import { navigation } from "./navigation";

interface Choice {
  key: string;
  kind: string;
  title: string;
  subtitle: string | null;
  amount: number | null;
  currency?: string | null;
  link: string;
}

function useDelayed(value: string, milliseconds: number): string {
  const [delayed, setDelayed] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setDelayed(value), milliseconds);
    return () => clearTimeout(timer);
  }, [value, milliseconds]);
  return delayed;
}

/** Ctrl-K: any number, name or amount; pages of the menu by their name. All by keyboard. */
export default function SearchDialog(props: {
  open: boolean;
  text: string;
  onText: (text: string) => void;
  onClose: () => void;
}) {
  const { open, text, onText, onClose } = props;
  const { t } = useWords();
  const go = useOpen();
  const [index, setIndex] = useState(0);
  const q = useDelayed(text.trim(), 160);
  const found = useQuery({ ...searchQuery(q), enabled: open && q.length > 0 });

  const pages: Choice[] = navigation
    .flatMap((group) => group.items)
    .map((item) => ({
      key: item.key,
      kind: t("search.goTo"),
      title: t(item.key),
      subtitle: null,
      amount: null,
      link: item.href,
    }))
    .filter((page) => page.title.toLowerCase().includes(text.trim().toLowerCase()));
  const hits: Choice[] = q
    ? (found.data?.items ?? []).map((hit) => ({
        ...hit,
        key: `${hit.kind} ${hit.id}`,
        kind: wordFor("search.kind", hit.kind),
      }))
    : [];
  const choices = [...hits, ...pages];
  const chosen = Math.min(index, choices.length - 1);

  const close = () => {
    onClose();
    onText("");
  };
  const openChoice = (choice: Choice | undefined) => {
    if (!choice) return;
    close();
    go(choice.link);
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === "ArrowDown") setIndex((chosen + 1) % Math.max(1, choices.length));
    else if (event.key === "ArrowUp") setIndex((chosen - 1 + choices.length) % Math.max(1, choices.length));
    else if (event.key === "Enter") openChoice(choices[chosen]);
    else return;
    event.preventDefault();
  };
  useEffect(() => {
    document.getElementById(`choice-${chosen}`)?.scrollIntoView({ block: "nearest" });
  }, [chosen]);

  return (
    <Modal
      open={open}
      onCancel={close}
      footer={null}
      closable={false}
      width={620}
      className="search"
      destroyOnHidden
    >
      <Input
        autoFocus
        variant="borderless"
        size="large"
        prefix={<SearchOutlined />}
        placeholder={t("search.placeholder")}
        value={text}
        onChange={(event) => {
          onText(event.target.value);
          setIndex(0);
        }}
        onKeyDown={onKey}
        role="combobox"
        aria-label={t("common.search")}
        aria-expanded="true"
        aria-controls="search-results"
        aria-activedescendant={chosen >= 0 ? `choice-${chosen}` : undefined}
      />
      {found.error && q && <ProblemState error={found.error} onRetry={() => void found.refetch()} />}
      <div id="search-results" className="search-results" role="listbox" aria-label={t("search.results")}>
        {choices.map((choice, position) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the keyboard is handled by the field above
          <div
            key={choice.key}
            id={`choice-${position}`}
            role="option"
            tabIndex={-1}
            aria-selected={position === chosen}
            className="search-hit"
            onMouseMove={() => setIndex(position)}
            onClick={() => openChoice(choice)}
          >
            <span className="search-kind">{choice.kind}</span>
            <span className="search-title">
              {choice.title}
              {choice.subtitle && <small>{choice.subtitle}</small>}
            </span>
            {choice.amount !== null && (
              <Money minor={choice.amount} currency={choice.currency ?? undefined} />
            )}
          </div>
        ))}
      </div>
      {q && found.data && hits.length === 0 && (
        <p className="search-none">
          {t("search.none", { q })} {t("search.none.next")}
        </p>
      )}
      <p className="search-hint">{t("search.hint")}</p>
    </Modal>
  );
}
