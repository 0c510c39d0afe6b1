import {
  ArrowDownOutlined,
  ArrowUpOutlined,
  DeleteOutlined,
  EditOutlined,
  HolderOutlined,
} from "@ant-design/icons";
import { getRouteApi } from "@tanstack/react-router";
import { Button, Pagination } from "antd";
import { useState } from "react";
import type { RoutingPage, Rule } from "../../api/types";
import { TextFilter } from "../../kit/FilterBar";
import { Panel } from "../../kit/layout";
import { formatCount } from "../../kit/money";
import { Empty } from "../../kit/states";
import { useWords } from "../../words";
import { changesBetween, moved } from "./changes";
import type { Draft } from "./Routing";
import { RuleForm } from "./RuleForm";
import { SaveDialog } from "./SaveDialog";
import { conditionWords, effectWords, ruleSentence, type Wording, wordingOf } from "./wording";

const route = getRouteApi("/shell/routing");
const PAGE_SIZE = 25;
export const MAY_SET = "connections_configure";

interface Asked {
  /** The place of the rule; the end for a new one. */
  index: number;
  rule: Rule | null;
}

/** The rules as sentences, in the order in which they count; edited here, in force only when they are saved. */
export function Rules(props: {
  page: RoutingPage;
  draft: Draft | null;
  onDraft: (draft: Draft | null) => void;
}) {
  const { page, draft, onDraft } = props;
  const { t, language } = useWords();
  const { q = "", page: pageNo = "1" } = route.useSearch();
  const navigate = route.useNavigate();
  const [asked, setAsked] = useState<Asked | null>(null);
  const [saving, setSaving] = useState(false);
  const wording = wordingOf(t, language, page.methods);
  const may = page.may.includes(MAY_SET);
  const rules = draft?.rules ?? page.rules.rules;
  const found = rules.map((rule, index) => ({ rule, index })).filter(({ rule }) => matches(rule, q, wording));
  const start = Math.min(Math.max(1, Number(pageNo) || 1), Math.max(1, Math.ceil(found.length / PAGE_SIZE)));
  const shown = found.slice((start - 1) * PAGE_SIZE, start * PAGE_SIZE);

  const change = (next: Rule[]) => {
    const same = changesBetween(page.rules.rules, next).length === 0;
    const basedOn = draft?.basedOn ?? page.rules.version;
    onDraft(
      same && basedOn === page.rules.version ? null : { rules: next, basedOn, note: draft?.note ?? "" },
    );
  };
  const look = (search: { q?: string; page?: string }) =>
    void navigate({ search: { tab: "rules", ...search }, replace: true, resetScroll: false });

  return (
    <Panel flush>
      <div className="rules-bar">
        <TextFilter
          main
          label={t("routing.search")}
          value={q}
          onChange={(value) => look(value ? { q: value } : {})}
        />
        <span className="quiet">
          {q
            ? t("routing.found", { n: formatCount(found.length), of: formatCount(rules.length) })
            : t("routing.count", { n: formatCount(rules.length) })}
        </span>
        {may && (
          <span className="rules-bar-end">
            <Button
              type={draft ? "default" : "primary"}
              onClick={() => setAsked({ index: rules.length, rule: null })}
            >
              {t("routing.add")}
            </Button>
          </span>
        )}
      </div>
      {draft && (
        <DraftBar page={page} draft={draft} onSave={() => setSaving(true)} onDiscard={() => onDraft(null)} />
      )}
      {shown.length === 0 ? (
        <Empty
          title={q ? "routing.rules.noneFound" : "routing.rules.empty"}
          next={q ? undefined : may ? "routing.rules.empty.next" : "routing.rules.empty.ask"}
        />
      ) : (
        <RuleList
          items={shown}
          last={rules.length - 1}
          wording={wording}
          may={may}
          onMove={(from, to) => change(moved(rules, from, to))}
          onEdit={(index) => setAsked({ index, rule: rules[index] ?? null })}
          onDelete={(index) => change(rules.filter((_, other) => other !== index))}
        />
      )}
      {found.length > PAGE_SIZE && (
        <Pagination
          className="rules-pager"
          size="small"
          showSizeChanger={false}
          current={start}
          pageSize={PAGE_SIZE}
          total={found.length}
          onChange={(next) => look({ ...(q ? { q } : {}), page: String(next) })}
        />
      )}
      {asked && (
        <RuleForm
          page={page}
          rules={rules}
          index={asked.index}
          rule={asked.rule}
          onClose={() => setAsked(null)}
          onDone={(next) => {
            change(next);
            setAsked(null);
          }}
        />
      )}
      {saving && draft && (
        <SaveDialog page={page} draft={draft} onClose={() => setSaving(false)} onDraft={onDraft} />
      )}
    </Panel>
  );
}

function matches(rule: Rule, text: string, wording: Wording): boolean {
  const wanted = text.trim().toLowerCase();
  if (!wanted) return true;
  const { merchants = [], platforms = [], buyers = [] } = rule.when ?? {};
  const all = [rule.name, ruleSentence(rule, wording), ...merchants, ...platforms, ...buyers];
  return all.some((each) => each.toLowerCase().includes(wanted));
}

function DraftBar(props: { page: RoutingPage; draft: Draft; onSave: () => void; onDiscard: () => void }) {
  const { t } = useWords();
  const count = changesBetween(props.page.rules.rules, props.draft.rules).length;
  return (
    <div className="draft-bar" role="status">
      <b>{t("routing.draft.changed", { n: formatCount(count) })}</b> {t("routing.draft.next")}
      <span className="rules-bar-end">
        <Button onClick={props.onDiscard}>{t("routing.draft.discard")}</Button>
        <Button type="primary" onClick={props.onSave}>
          {t("routing.draft.save")}
        </Button>
      </span>
    </div>
  );
}

function RuleList(props: {
  items: { rule: Rule; index: number }[];
  last: number;
  wording: Wording;
  may: boolean;
  onMove: (from: number, to: number) => void;
  onEdit: (index: number) => void;
  onDelete: (index: number) => void;
}) {
  const { items, last, wording, may, onMove, onEdit, onDelete } = props;
  const { t } = wording;
  const [dragged, setDragged] = useState<number | null>(null);
  const [target, setTarget] = useState<number | null>(null);
  const end = () => {
    setDragged(null);
    setTarget(null);
  };
  return (
    <ol className="rules" aria-label={t("routing.tab.rules")}>
      {items.map(({ rule, index }) => (
        <li
          key={`${index} ${rule.name}`}
          className={`rule${index === dragged ? " rule-dragged" : ""}${index === target ? " rule-target" : ""}`}
          onDragOver={(event) => {
            if (dragged === null) return;
            event.preventDefault();
            if (target !== index) setTarget(index);
          }}
          onDrop={(event) => {
            event.preventDefault();
            if (dragged !== null && dragged !== index) onMove(dragged, index);
            end();
          }}
        >
          <span className="rule-number">
            {may && (
              // biome-ignore lint/a11y/noStaticElementInteractions: the buttons beside it move a rule by keyboard
              <span
                className="rule-handle"
                draggable
                title={t("routing.drag")}
                onDragStart={(event) => {
                  event.dataTransfer.effectAllowed = "move";
                  event.dataTransfer.setData("text/plain", rule.name);
                  setDragged(index);
                }}
                onDragEnd={end}
              >
                <HolderOutlined />
              </span>
            )}
            {index + 1}
          </span>
          <div>
            <h3>{rule.name}</h3>
            <Sentence rule={rule} wording={wording} />
          </div>
          {may && (
            <span className="rule-actions">
              <Act
                icon={<ArrowUpOutlined />}
                say={t("routing.up", { name: rule.name })}
                off={index === 0}
                act={() => onMove(index, index - 1)}
              />
              <Act
                icon={<ArrowDownOutlined />}
                say={t("routing.down", { name: rule.name })}
                off={index === last}
                act={() => onMove(index, index + 1)}
              />
              <Act
                icon={<EditOutlined />}
                say={t("routing.edit", { name: rule.name })}
                act={() => onEdit(index)}
              />
              <Act
                icon={<DeleteOutlined />}
                say={t("routing.delete", { name: rule.name })}
                act={() => onDelete(index)}
              />
            </span>
          )}
        </li>
      ))}
    </ol>
  );
}

function Act(props: { icon: React.ReactNode; say: string; off?: boolean; act: () => void }) {
  return (
    <Button
      type="text"
      icon={props.icon}
      aria-label={props.say}
      title={props.say}
      disabled={props.off}
      onClick={props.act}
    />
  );
}

/** A rule's sentence: when, an arrow, and what it does. */
export function Sentence({ rule, wording }: { rule: Rule; wording: Wording }) {
  const { t } = wording;
  const when = conditionWords(rule.when ?? {}, wording);
  return (
    <p className="rule-words">
      <span className="quiet">
        {when.length > 0 ? when.join(t("routing.and")) : t("routing.when.always")}
      </span>
      {" → "}
      <b>{effectWords(rule, wording).join(t("routing.and"))}</b>
    </p>
  );
}
