import { SearchOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Button, DatePicker, Input, Select } from "antd";
import dayjs from "dayjs";
import { type ReactNode, useEffect, useState } from "react";
import { latestOverviewQuery } from "../api/queries";
import { useWords } from "../words";
import { formatMoney, parseMoney } from "./money";

/** The filters of a list. They live in the URL; the bar only shows and changes them. */
export function FilterBar(props: { children: ReactNode; filtered: boolean; onClear: () => void }) {
  const { t } = useWords();
  return (
    <search className="filters">
      {props.children}
      {props.filtered && (
        <Button type="link" onClick={props.onClear}>
          {t("common.clear")}
        </Button>
      )}
    </search>
  );
}

/** Free text; takes effect on Enter, on leaving the field, or when one stops typing. `/` puts the cursor here. */
export function TextFilter(props: {
  label: string;
  value?: string;
  onChange: (value: string | undefined) => void;
  main?: boolean;
}) {
  const { label, value = "", onChange, main } = props;
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  const commit = (next: string) => {
    const trimmed = next.trim();
    if (trimmed !== value) onChange(trimmed || undefined);
  };
  useEffect(() => {
    if (text.trim() === value) return;
    const timer = setTimeout(() => onChange(text.trim() || undefined), 450);
    return () => clearTimeout(timer);
  }, [text, value, onChange]);
  return (
    <Input
      className={main ? "filter-main" : "filter-field"}
      aria-label={label}
      placeholder={label}
      prefix={main ? <SearchOutlined /> : undefined}
      data-filter={main ? "main" : undefined}
      allowClear
      value={text}
      onChange={(event) => setText(event.target.value)}
      onPressEnter={() => commit(text)}
      onBlur={() => commit(text)}
    />
  );
}

/** An amount as people write it, kept in the URL in minor units. What is no amount is marked and has no effect. */
export function AmountFilter(props: {
  label: string;
  currency: string;
  value?: string;
  onChange: (value: string | undefined) => void;
}) {
  const { t } = useWords();
  const { value, currency, onChange } = props;
  const written = value && /^\d+$/.test(value) ? formatMoney(Number(value), currency, "0") : "";
  const [text, setText] = useState(written);
  useEffect(() => setText(written), [written]);
  const minor = parseMoney(text, currency);
  const wrong = text.trim() !== "" && minor === null;
  const commit = () => {
    const next = minor === null ? undefined : String(minor);
    if (!wrong && next !== value) onChange(next);
  };
  return (
    <Input
      className="filter-field"
      inputMode="decimal"
      aria-label={props.label}
      aria-invalid={wrong}
      placeholder={props.label}
      status={wrong ? "error" : undefined}
      title={wrong ? t("ledger.entry.amountInvalid") : undefined}
      allowClear
      value={text}
      onChange={(event) => setText(event.target.value)}
      onClear={() => onChange(undefined)}
      onPressEnter={commit}
      onBlur={commit}
    />
  );
}

export function ChoiceFilter(props: {
  label: string;
  value?: string;
  options: { value: string; label: string }[];
  onChange: (value: string | undefined) => void;
  /** A choice that must be made has no clear button. */
  required?: boolean;
  /** Many or long choices: a wider field in which one can type to find. */
  wide?: boolean;
}) {
  return (
    <Select
      className={props.wide ? "filter-field filter-wide" : "filter-field"}
      showSearch={props.wide ? { optionFilterProp: "label" } : false}
      popupMatchSelectWidth={!props.wide}
      aria-label={props.label}
      placeholder={props.label}
      allowClear={!props.required}
      value={props.value ?? null}
      options={props.options}
      onChange={(value: string | null) => props.onChange(value ?? undefined)}
    />
  );
}

export function DateFilter(props: {
  label: string;
  value?: string;
  onChange: (value: string | undefined) => void;
  picker?: "date" | "month";
  /** Down to the second. */
  time?: boolean;
  required?: boolean;
}) {
  const format = props.picker === "month" ? "YYYY-MM" : props.time ? "YYYY-MM-DD HH:mm:ss" : "YYYY-MM-DD";
  const parsed = props.value ? dayjs(props.value) : null;
  const { data: latest } = useQuery(latestOverviewQuery);
  return (
    <DatePicker
      className="filter-field"
      aria-label={props.label}
      placeholder={props.label}
      picker={props.picker ?? "date"}
      showTime={props.time}
      format={format}
      allowClear={!props.required}
      defaultPickerValue={latest ? dayjs(latest.date) : undefined}
      value={parsed?.isValid() ? parsed : null}
      onChange={(value) => props.onChange(value ? value.format(format) : undefined)}
    />
  );
}
