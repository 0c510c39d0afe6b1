import { useMutation } from "@tanstack/react-query";
import { Button, Checkbox, DatePicker, Form, Input, Select, Slider } from "antd";
import type { Dayjs } from "dayjs";
import { useRef, useState } from "react";
import { explainDecision, type Question } from "../../api/routing";
import type { Explained, RoutingPage, Standing } from "../../api/types";
import { type Column, DataTable } from "../../kit/DataTable";
import { Panel } from "../../kit/layout";
import { Money } from "../../kit/Money";
import { currencyUnit, formatCount, formatPercent, parseMoney } from "../../kit/money";
import { StateTag } from "../../kit/StateTag";
import { Empty, ProblemState } from "../../kit/states";
import { useWords } from "../../words";
import type { Draft } from "./Routing";
import { Trace } from "./Trace";
import { wordingOf } from "./wording";

interface Values {
  method: string;
  amount: string;
  merchants: string[];
  platform?: string;
  buyer?: string;
  at: Dayjs | null;
  hold: boolean;
  shared: boolean;
  edited: boolean;
}

const STEP = 0.01;

/** A payment that might be: what would be decided now, and why. Nothing is kept and nobody is called. */
export function TryIt({ page, draft }: { page: RoutingPage; draft: Draft | null }) {
  const { t, language } = useWords();
  const [question, setQuestion] = useState<Question | null>(null);
  const result = useRef<HTMLDivElement>(null);
  const explain = useMutation({
    mutationFn: explainDecision,
    onSuccess: () =>
      requestAnimationFrame(() => {
        // On a narrow screen the answer stands below the form.
        const answer = result.current;
        if (answer && answer.getBoundingClientRect().top > window.innerHeight / 2)
          answer.scrollIntoView({ block: "start" });
      }),
  });
  const ask = (next: Question) => {
    setQuestion(next);
    explain.mutate(next);
  };
  return (
    <div className="try">
      <Panel title={t("routing.try.payment")}>
        <Ask page={page} draft={draft} busy={explain.isPending} onAsk={ask} />
      </Panel>
      <div className="try-result" ref={result}>
        <Panel title={t("routing.try.decision")}>
          {explain.error ? (
            <ProblemState error={explain.error} />
          ) : explain.data && question ? (
            <Answer
              page={page}
              said={explain.data}
              edited={question.rules !== undefined}
              onDraw={(draw) => ask({ ...question, draw })}
            />
          ) : (
            <Empty title="routing.try.empty" next="routing.try.empty.next" />
          )}
        </Panel>
      </div>
      {explain.data && !explain.error && (
        <div className="try-standings">
          <Panel flush title={t("routing.standings")} aside={<small>{t("routing.standings.lead")}</small>}>
            <Standings page={page} said={explain.data} language={language} />
          </Panel>
        </div>
      )}
    </div>
  );
}

function Ask(props: {
  page: RoutingPage;
  draft: Draft | null;
  busy: boolean;
  onAsk: (question: Question) => void;
}) {
  const { page, draft, busy, onAsk } = props;
  const { t, pick } = useWords();
  const finish = (values: Values) =>
    onAsk({
      method: values.method,
      amount: parseMoney(values.amount, "CNY") ?? 0,
      merchants: values.merchants,
      platform: values.platform?.trim() || undefined,
      buyer: values.buyer?.trim() || undefined,
      hold: values.hold,
      shared: values.shared,
      // The picker shows the clock of the business, wherever the browser stands.
      at: values.at ? `${values.at.format("YYYY-MM-DDTHH:mm:00")}+08:00` : undefined,
      rules: draft && values.edited ? draft.rules : undefined,
    });
  return (
    <Form<Values>
      layout="vertical"
      requiredMark={false}
      initialValues={{
        method: page.methods[0]?.method,
        amount: "",
        merchants: [],
        at: null,
        hold: false,
        shared: false,
        edited: true,
      }}
      onFinish={finish}
    >
      <Form.Item name="method" label={t("routing.try.method")}>
        <Select
          showSearch={{ optionFilterProp: "label" }}
          options={page.methods.map((each) => ({
            value: each.method,
            label: pick(each.chinese, each.english),
          }))}
        />
      </Form.Item>
      <Form.Item
        name="amount"
        label={t("routing.try.amount")}
        rules={[
          {
            validator: (_, text?: string) =>
              (parseMoney(text ?? "", "CNY") ?? 0) > 0
                ? Promise.resolve()
                : Promise.reject(new Error(t("connection.amountInvalid"))),
          },
        ]}
      >
        <Input inputMode="decimal" autoComplete="off" placeholder="1,000.00" />
      </Form.Item>
      <Form.Item name="merchants" label={t("routing.form.merchants")}>
        <Select mode="tags" open={false} suffixIcon={null} tokenSeparators={[",", " ", "，", "、"]} />
      </Form.Item>
      <div className="field-row">
        <Form.Item name="platform" label={t("routing.try.platform")}>
          <Input autoComplete="off" placeholder="platform_…" />
        </Form.Item>
        <Form.Item name="buyer" label={t("routing.try.buyer")}>
          <Input autoComplete="off" />
        </Form.Item>
      </div>
      <Form.Item name="at" label={t("routing.try.at")}>
        <DatePicker
          showTime={{ format: "HH:mm" }}
          format="YYYY-MM-DD HH:mm"
          placeholder={t("routing.try.now")}
        />
      </Form.Item>
      <Form.Item name="hold" valuePropName="checked" noStyle>
        <Checkbox>{t("routing.try.hold")}</Checkbox>
      </Form.Item>
      <Form.Item name="shared" valuePropName="checked" noStyle>
        <Checkbox>{t("routing.try.shared")}</Checkbox>
      </Form.Item>
      {draft && (
        <Form.Item name="edited" valuePropName="checked" noStyle>
          <Checkbox>{t("routing.try.edited")}</Checkbox>
        </Form.Item>
      )}
      <Button className="try-go" type="primary" htmlType="submit" block loading={busy}>
        {t("routing.try.go")}
      </Button>
    </Form>
  );
}

function Answer(props: {
  page: RoutingPage;
  said: Explained;
  edited: boolean;
  onDraw: (draw: number) => void;
}) {
  const { page, said, edited, onDraw } = props;
  const { t, language } = useWords();
  const names = new Map(page.connections.map((each) => [each.code, each.name]));
  return (
    <>
      <p className="quiet trace-rules">
        {edited
          ? t("routing.try.byEdited")
          : said.decision.rules_version === 0
            ? t("routing.try.byNone")
            : t("routing.try.byVersion", { n: said.decision.rules_version })}
      </p>
      <Trace
        decision={said.decision}
        ask={said.ask}
        nameOf={(code) => names.get(code)}
        wording={wordingOf(t, language, page.methods)}
        draw={<DrawSlider key={said.draw} draw={said.draw} onDraw={onDraw} />}
      />
    </>
  );
}

function DrawSlider({ draw, onDraw }: { draw: number; onDraw: (draw: number) => void }) {
  const { t } = useWords();
  const [value, setValue] = useState(draw);
  return (
    <div className="draw">
      <Slider
        ariaLabelForHandle={t("routing.draw")}
        min={0}
        max={1 - STEP}
        step={STEP}
        value={value}
        onChange={setValue}
        onChangeComplete={onDraw}
        tooltip={{ formatter: null }}
      />
      <span className="quiet">{t("routing.draw.at", { draw: value.toFixed(2) })}</span>
    </div>
  );
}

function Standings({ page, said, language }: { page: RoutingPage; said: Explained; language: "zh" | "en" }) {
  const { t } = useWords();
  const names = new Map(page.connections.map((each) => [each.code, each.name]));
  const columns: Column<Standing>[] = [
    {
      key: "name",
      title: t("routing.connection"),
      card: "title",
      cell: (row) => (
        <span>
          {names.get(row.code) ?? row.code} <span className="mono quiet">{row.code}</span>
        </span>
      ),
    },
    {
      key: "first",
      title: t("routing.firstPercent"),
      align: "right",
      cell: (row) => `${row.first_percent}%`,
    },
    { key: "weight", title: t("connection.weight"), align: "right", cell: (row) => row.weight },
    {
      key: "cost",
      title: t("routing.cost"),
      unit: currencyUnit(said.ask.currency, language),
      align: "right",
      card: "aside",
      cell: (row) => <Money minor={row.cost} currency={said.ask.currency} />,
    },
    {
      key: "rate",
      title: t("routing.minutes", { n: 5 }),
      align: "right",
      cell: (row) =>
        row.calls === 0 ? (
          <span className="quiet">{t("connection.health.none")}</span>
        ) : (
          <>
            {formatPercent(row.succeeded / row.calls, 1)}{" "}
            <small className="quiet">{t("routing.calls", { n: formatCount(row.calls) })}</small>
          </>
        ),
    },
    {
      key: "breaker",
      title: t("routing.breaker"),
      cell: (row) => <StateTag kind="connection.breaker" state={row.open ? "open" : "closed"} />,
    },
  ];
  return (
    <DataTable
      label={t("routing.standings")}
      columns={columns}
      rows={said.standings}
      rowKey={(row) => row.code}
      empty={<Empty title="routing.health.empty" next="routing.health.empty.next" />}
    />
  );
}
