import { SearchOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Button, DatePicker, Input, Select } from "antd";
import dayjs from "dayjs";
import { type ReactNode, useEffect, useState } from "react";
import { latestOverviewQuery } from "../api/queries";
import { useWords } from "../words";

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

export function ChoiceFilter(props: {
  label: string;
  value?: string;
  options: { value: string; label: string }[];
  onChange: (value: string | undefined) => void;
  /** A choice that must be made has no clear button. */
  required?: boolean;
}) {
  return (
    <Select
      className="filter-field"
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
  required?: boolean;
}) {
  const format = props.picker === "month" ? "YYYY-MM" : "YYYY-MM-DD";
  const parsed = props.value ? dayjs(props.value) : null;
  const { data: latest } = useQuery(latestOverviewQuery);
  return (
    <DatePicker
      className="filter-field"
      aria-label={props.label}
      placeholder={props.label}
      picker={props.picker ?? "date"}
      allowClear={!props.required}
      defaultPickerValue={latest ? dayjs(latest.date) : undefined}
      value={parsed?.isValid() ? parsed : null}
      onChange={(value) => props.onChange(value ? value.format(format) : undefined)}
    />
  );
}
