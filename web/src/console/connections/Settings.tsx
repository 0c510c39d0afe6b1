import { Button, Form, Input, InputNumber, Select, Switch } from "antd";
import { type ReactNode, useState } from "react";
import { type Change, changeConnection } from "../../api/connections";
import type { ChannelKind, ConnectionPage, Limits, MethodLimits } from "../../api/types";
import { CopyId } from "../../kit/CopyId";
import { Facts, Panel } from "../../kit/layout";
import { formatMoney, parseMoney } from "../../kit/money";
import { formatInstant } from "../../kit/time";
import { type Translate, useWords } from "../../words";
import { ActionDialog } from "./ActionDialog";
import { shiftPoint } from "./decimals";
import { costWords, healthWords } from "./wording";

type Asked = "routing" | "cost" | "limits" | "audience";

/** Weight, cost, limits and who may use it: each changed at once, with its reason. */
export function Settings({ page }: { page: ConnectionPage }) {
  const { t, pick } = useWords();
  const { connection, limits, audience, may } = page;
  const [asked, setAsked] = useState<Asked | null>(null);
  const retired = connection.state === "retired";
  const edit = (what: Asked, allowed: boolean) =>
    allowed &&
    !retired && (
      <Button size="small" onClick={() => setAsked(what)}>
        {t("action.edit")}
      </Button>
    );
  const configures = may.includes("connections_configure");
  const dialog = { page, onClose: () => setAsked(null) };
  return (
    <>
      <Panel title={t("connection.settings")} aside={edit("routing", configures)}>
        <Facts
          items={[
            [t("connection.weight"), connection.weight],
            [t("connection.priority"), connection.priority],
            [
              t("connection.cost"),
              <span className="tags" key="cost">
                {costWords(connection.cost, t)} {edit("cost", may.includes("connections_cost"))}
              </span>,
            ],
            [t("connection.health"), healthWords(connection.health, t)],
            [t("connection.callback"), <CopyId key="callback" value={page.callback_url} />],
            [t("connection.createdAt"), formatInstant(page.created_at)],
          ]}
        />
      </Panel>
      <Panel title={t("connection.limits")} aside={edit("limits", configures)}>
        <Facts
          items={[
            [t("connection.limits.perDay"), yuan(limits.amount_per_day) || t("connection.limits.none")],
            [t("connection.limits.hours"), hoursWords(limits, t)],
            ...page.kind.methods.map((method): [string, ReactNode] => [
              pick(method.chinese, method.english),
              methodWords(limits.methods?.[method.method], t),
            ]),
          ]}
        />
      </Panel>
      <Panel title={t("connection.audience")} aside={edit("audience", configures)}>
        <Facts
          items={[
            [
              t("connection.audience.platforms"),
              audience.platforms?.join(", ") || t("connection.audience.all"),
            ],
            [
              t("connection.audience.merchants"),
              audience.merchants?.join(", ") || t("connection.audience.all"),
            ],
          ]}
        />
      </Panel>
      <RoutingDialog {...dialog} open={asked === "routing"} />
      <CostDialog {...dialog} open={asked === "cost"} />
      <LimitsDialog {...dialog} open={asked === "limits"} />
      <AudienceDialog {...dialog} open={asked === "audience"} />
    </>
  );
}

interface DialogProps {
  page: ConnectionPage;
  open: boolean;
  onClose: () => void;
}

function ChangeDialog<Values extends { reason: string }>(
  props: DialogProps & {
    title: string;
    lead?: string;
    initial: Partial<Values>;
    change: (values: Values) => Omit<Change, "reason">;
    children: ReactNode;
  },
) {
  const { page, change, ...rest } = props;
  return (
    <ActionDialog<Values>
      {...rest}
      act={(values) => changeConnection(page.connection.code, { ...change(values), reason: values.reason })}
    />
  );
}

function RoutingDialog(props: DialogProps) {
  const { t } = useWords();
  const { name, weight, priority } = props.page.connection;
  const required = [{ required: true, message: t("action.required") }];
  return (
    <ChangeDialog<{ name: string; weight: number; priority: number; reason: string }>
      {...props}
      title={t("connection.settings")}
      initial={{ name, weight, priority }}
      change={(values) => ({ name: values.name, weight: values.weight, priority: values.priority })}
    >
      <Form.Item name="name" label={t("connection.name")} rules={required}>
        <Input maxLength={64} />
      </Form.Item>
      <Form.Item
        name="weight"
        label={t("connection.weight")}
        extra={t("connection.weight.hint")}
        rules={required}
      >
        <InputNumber min={0} max={10_000} precision={0} />
      </Form.Item>
      <Form.Item
        name="priority"
        label={t("connection.priority")}
        extra={t("connection.priority.hint")}
        rules={required}
      >
        <InputNumber min={0} max={1_000} precision={0} />
      </Form.Item>
    </ChangeDialog>
  );
}

function CostDialog(props: DialogProps) {
  const { t } = useWords();
  const { cost } = props.page.connection;
  return (
    <ChangeDialog<{ rate: string; fixed?: string; reason: string }>
      {...props}
      title={t("connection.cost")}
      initial={{ rate: shiftPoint(cost.rate, 2), fixed: yuan(cost.fixed) }}
      change={({ rate, fixed }) => ({
        cost: { rate: shiftPoint(rate.trim(), -2), fixed: minor(fixed) ?? 0 },
      })}
    >
      <Form.Item
        name="rate"
        label={t("connection.cost.rate")}
        rules={[
          { required: true, pattern: /^\s*(20|1?\d(\.\d{1,6})?)\s*$/, message: t("connection.rateInvalid") },
        ]}
      >
        <Input inputMode="decimal" autoComplete="off" />
      </Form.Item>
      <AmountField name="fixed" label={t("connection.cost.fixed")} />
    </ChangeDialog>
  );
}

interface LimitValues {
  reason: string;
  perDay?: string;
  since?: string;
  until?: string;
  methods: Record<string, { on: boolean; min?: string; max?: string }>;
}

function LimitsDialog(props: DialogProps) {
  const { t, pick } = useWords();
  const { limits, kind } = props.page;
  return (
    <ChangeDialog<LimitValues>
      {...props}
      title={t("connection.limits")}
      lead={t("connection.limits.lead")}
      initial={valuesOf(limits, kind)}
      change={(values) => ({ limits: limitsOf(values) })}
    >
      <AmountField name="perDay" label={t("connection.limits.perDay")} />
      <div className="field-row">
        <Form.Item name="since" label={`${t("connection.limits.hours")} · ${t("connection.limits.since")}`}>
          <Input type="time" />
        </Form.Item>
        <Form.Item name="until" label={t("connection.limits.until")}>
          <Input type="time" />
        </Form.Item>
      </div>
      {kind.methods.map((method) => (
        <fieldset className="method" key={method.method}>
          <legend>{pick(method.chinese, method.english)}</legend>
          <Form.Item
            name={["methods", method.method, "on"]}
            label={t("connection.limits.on")}
            valuePropName="checked"
          >
            <Switch />
          </Form.Item>
          <AmountField name={["methods", method.method, "min"]} label={t("connection.limits.min")} />
          <AmountField name={["methods", method.method, "max"]} label={t("connection.limits.max")} />
        </fieldset>
      ))}
    </ChangeDialog>
  );
}

function AudienceDialog(props: DialogProps) {
  const { t } = useWords();
  const { audience } = props.page;
  const tags = (name: "platforms" | "merchants") => (
    <Form.Item name={name} label={t(`connection.audience.${name}`)}>
      <Select
        mode="tags"
        open={false}
        suffixIcon={null}
        tokenSeparators={[",", " ", "，"]}
        placeholder={t("connection.audience.all")}
      />
    </Form.Item>
  );
  return (
    <ChangeDialog<{ platforms: string[]; merchants: string[]; reason: string }>
      {...props}
      title={t("connection.audience")}
      initial={{ platforms: audience.platforms ?? [], merchants: audience.merchants ?? [] }}
      change={({ platforms, merchants }) => ({ audience: { platforms, merchants } })}
    >
      {tags("platforms")}
      {tags("merchants")}
    </ChangeDialog>
  );
}

function AmountField({ name, label }: { name: string | string[]; label: string }) {
  const { t } = useWords();
  return (
    <Form.Item
      name={name}
      label={label}
      rules={[
        {
          validator: (_, text?: string) =>
            !text?.trim() || parseMoney(text, "CNY") !== null
              ? Promise.resolve()
              : Promise.reject(new Error(t("connection.amountInvalid"))),
        },
      ]}
    >
      <Input inputMode="decimal" autoComplete="off" placeholder={t("connection.limits.none")} />
    </Form.Item>
  );
}

function yuan(amount: number | null | undefined): string {
  return amount === null || amount === undefined ? "" : formatMoney(amount, "CNY", "0.00");
}

function minor(text: string | undefined): number | null {
  return text?.trim() ? parseMoney(text, "CNY") : null;
}

function valuesOf(limits: Limits, kind: ChannelKind): Partial<LimitValues> {
  const methods: LimitValues["methods"] = {};
  for (const { method } of kind.methods) {
    const own = limits.methods?.[method];
    methods[method] = { on: own?.on ?? true, min: yuan(own?.amount_min), max: yuan(own?.amount_max) };
  }
  return {
    perDay: yuan(limits.amount_per_day),
    since: limits.hours?.since.slice(0, 5),
    until: limits.hours?.until.slice(0, 5),
    methods,
  };
}

function limitsOf(values: LimitValues): Limits {
  const methods: Record<string, MethodLimits> = {};
  for (const [method, own] of Object.entries(values.methods)) {
    const [amount_min, amount_max] = [minor(own.min), minor(own.max)];
    if (!own.on || amount_min !== null || amount_max !== null)
      methods[method] = { on: own.on, amount_min, amount_max };
  }
  const { since, until } = values;
  return {
    methods,
    amount_per_day: minor(values.perDay),
    hours: since && until ? { since: `${since}:00`, until: `${until}:00` } : null,
  };
}

function hoursWords(limits: Limits, t: Translate): string {
  if (!limits.hours) return t("connection.limits.allDay");
  return `${limits.hours.since.slice(0, 5)}–${limits.hours.until.slice(0, 5)}`;
}

function methodWords(limits: MethodLimits | undefined, t: Translate): string {
  if (limits?.on === false) return t("connection.limits.off");
  const [least, most] = [yuan(limits?.amount_min), yuan(limits?.amount_max)];
  return least || most ? `${least || "0"} – ${most || "∞"}` : t("connection.limits.none");
}
