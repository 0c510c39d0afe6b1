import { useMutation } from "@tanstack/react-query";
import { Checkbox, Form, Input, InputNumber, Modal, Segmented, Select } from "antd";
import { explainDecision } from "../../api/routing";
import type { RoutingPage, Rule } from "../../api/types";
import { parseMoney } from "../../kit/money";
import { ProblemState } from "../../kit/states";
import { useWords, wordFor } from "../../words";
import { moved } from "./changes";
import { Sentence } from "./Rules";
import { completed, type Order, type RuleValues, ruleOf, valuesOf } from "./ruleValues";
import { wordingOf } from "./wording";

/** One rule with its place. What the server has against it is said here, before anything is saved. */
export function RuleForm(props: {
  page: RoutingPage;
  rules: Rule[];
  /** Where the rule stands; the end for a new one. */
  index: number;
  rule: Rule | null;
  onClose: () => void;
  onDone: (rules: Rule[]) => void;
}) {
  const { page, rules, index, rule, onClose, onDone } = props;
  const { t, language } = useWords();
  const [form] = Form.useForm<RuleValues>();
  const values = Form.useWatch([], form);
  const wording = wordingOf(t, language, page.methods);
  const check = useMutation({
    mutationFn: async (next: Rule[]) => {
      const [method] = page.methods;
      if (method) await explainDecision({ method: method.method, amount: 1, rules: next });
    },
    onSuccess: (_, next) => onDone(next),
  });
  const finish = (entered: RuleValues) => {
    const edited = ruleOf(completed(entered, valuesOf(rule, index)));
    const next = rule ? rules.map((each, other) => (other === index ? edited : each)) : [...rules, edited];
    check.mutate(moved(next, index, entered.position - 1));
  };
  const preview = ruleOf(completed(values, valuesOf(rule, index)));
  return (
    <Modal
      title={t(rule ? "routing.form.edit" : "routing.add")}
      open
      width={760}
      onCancel={onClose}
      onOk={() => form.submit()}
      okText={t("routing.form.done")}
      cancelText={t("action.cancel")}
      confirmLoading={check.isPending}
    >
      <Form<RuleValues>
        className="rule-form"
        form={form}
        layout="vertical"
        requiredMark={false}
        initialValues={valuesOf(rule, index)}
        onFinish={finish}
        onValuesChange={() => check.reset()}
      >
        <div className="field-row">
          <Form.Item
            name="name"
            label={t("routing.form.name")}
            rules={[{ required: true, whitespace: true, message: t("action.required") }]}
          >
            <Input maxLength={100} autoComplete="off" />
          </Form.Item>
          <Form.Item
            name="position"
            label={t("routing.form.position")}
            rules={[{ required: true, message: t("action.required") }]}
          >
            <InputNumber min={1} max={rules.length + (rule ? 0 : 1)} precision={0} />
          </Form.Item>
        </div>
        <WhenFields page={page} />
        <ThenFields page={page} order={values?.order ?? "none"} chosen={values?.split ?? []} />
      </Form>
      <div className="rule-preview">
        <Sentence rule={preview} wording={wording} />
      </div>
      {check.error && <ProblemState error={check.error} />}
    </Modal>
  );
}

function WhenFields({ page }: { page: RoutingPage }) {
  const { t, pick } = useWords();
  const amount = {
    validator: (_: unknown, text?: string) =>
      !text?.trim() || parseMoney(text, "CNY") !== null
        ? Promise.resolve()
        : Promise.reject(new Error(t("connection.amountInvalid"))),
  };
  return (
    <>
      <h4>{t("routing.form.when")}</h4>
      <div className="field-row">
        <Tags name="merchants" />
        <Form.Item name="methods" label={t("routing.form.methods")}>
          <Select
            mode="multiple"
            allowClear
            placeholder={t("routing.form.any")}
            showSearch={{ optionFilterProp: "label" }}
            options={page.methods.map((each) => ({
              value: each.method,
              label: pick(each.chinese, each.english),
            }))}
          />
        </Form.Item>
        <Form.Item name="min" label={t("routing.form.min")} rules={[amount]}>
          <Input inputMode="decimal" autoComplete="off" placeholder={t("routing.form.any")} />
        </Form.Item>
        <Form.Item
          name="below"
          label={t("routing.form.below")}
          dependencies={["min"]}
          rules={[
            amount,
            ({ getFieldValue }) => ({
              validator: (_, text?: string) => {
                const [min, below] = [
                  parseMoney(String(getFieldValue("min") ?? ""), "CNY"),
                  parseMoney(text ?? "", "CNY"),
                ];
                return min !== null && below !== null && min >= below
                  ? Promise.reject(new Error(t("routing.form.amountsCrossed")))
                  : Promise.resolve();
              },
            }),
          ]}
        >
          <Input inputMode="decimal" autoComplete="off" placeholder={t("routing.form.any")} />
        </Form.Item>
        <Form.Item name="since" label={t("routing.form.since")}>
          <Input type="time" />
        </Form.Item>
        <Form.Item
          name="until"
          label={t("routing.form.until")}
          dependencies={["since"]}
          rules={[
            ({ getFieldValue }) => ({
              validator: (_, text?: string) =>
                Boolean(text) === Boolean(getFieldValue("since"))
                  ? Promise.resolve()
                  : Promise.reject(new Error(t("routing.form.bothHours"))),
            }),
          ]}
        >
          <Input type="time" />
        </Form.Item>
      </div>
      <Form.Item name="weekdays" label={t("routing.form.weekdays")}>
        <Checkbox.Group
          options={[1, 2, 3, 4, 5, 6, 7].map((day) => ({
            value: day,
            label: wordFor("routing.weekday", String(day)),
          }))}
        />
      </Form.Item>
      <div className="field-row">
        <Tags name="platforms" />
        <Tags name="buyers" />
        <Tags name="currencies" />
      </div>
    </>
  );
}

function Tags({ name }: { name: "merchants" | "platforms" | "buyers" | "currencies" }) {
  const { t } = useWords();
  return (
    <Form.Item name={name} label={t(`routing.form.${name}`)}>
      <Select
        mode="tags"
        open={false}
        suffixIcon={null}
        tokenSeparators={[",", " ", "，", "、", "\n"]}
        placeholder={t("routing.form.any")}
      />
    </Form.Item>
  );
}

function ThenFields(props: { page: RoutingPage; order: Order; chosen: string[] }) {
  const { page, order, chosen } = props;
  const { t } = useWords();
  const options = page.connections
    .filter((each) => each.state !== "retired")
    .map((each) => ({ value: each.code, label: `${each.code} · ${each.name}` }));
  const choice = {
    mode: "multiple" as const,
    allowClear: true,
    showSearch: { optionFilterProp: "label" },
    options,
    placeholder: t("routing.form.nobody"),
  };
  return (
    <>
      <h4>{t("routing.form.then")}</h4>
      <Form.Item
        name="order"
        label={t("routing.form.order")}
        dependencies={["only", "never", "prefer", "split"]}
        rules={[
          ({ getFieldValue }) => ({
            validator: () =>
              ["only", "never", "prefer", "split"].some((each) => getFieldValue(each)?.length > 0)
                ? Promise.resolve()
                : Promise.reject(new Error(t("routing.form.noEffect"))),
          }),
        ]}
      >
        <Segmented<Order>
          options={(["none", "prefer", "split"] as const).map((value) => ({
            value,
            label: t(`routing.form.order.${value}`),
          }))}
        />
      </Form.Item>
      {order === "prefer" && (
        <Form.Item name="prefer" label={t("routing.form.prefer")} extra={t("routing.form.prefer.hint")}>
          <Select {...choice} />
        </Form.Item>
      )}
      {order === "split" && (
        <>
          <Form.Item name="split" label={t("routing.form.split")}>
            <Select {...choice} />
          </Form.Item>
          <div className="field-row">
            {chosen.map((code) => (
              <Form.Item
                key={code}
                name={["weights", code]}
                label={t("routing.form.weight", { code })}
                initialValue={1}
                rules={[{ required: true, message: t("action.required") }]}
              >
                <InputNumber min={0} max={1_000_000} precision={0} />
              </Form.Item>
            ))}
          </div>
        </>
      )}
      <div className="field-row">
        <Form.Item name="only" label={t("routing.form.only")}>
          <Select {...choice} />
        </Form.Item>
        <Form.Item name="never" label={t("routing.form.never")}>
          <Select {...choice} />
        </Form.Item>
      </div>
    </>
  );
}
