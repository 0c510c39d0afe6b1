import { UploadOutlined } from "@ant-design/icons";
import { Button, Form, type FormInstance, Input } from "antd";
import { useRef, useState } from "react";
import { proposeCredentials } from "../../api/connections";
import type { ConnectionPage, CredentialField } from "../../api/types";
import { useWords } from "../../words";
import { ActionDialog } from "./ActionDialog";

const FILE_BYTES_MAX = 200_000;

type Values = Record<string, string | undefined>;

/** New credentials as the kind of channel needs them. What was set before is offered again, but for what is secret. */
export function CredentialForm(props: { page: ConnectionPage; open: boolean; onClose: () => void }) {
  const { t } = useWords();
  const { kind, connection, versions } = props.page;
  const current = versions.find((version) => version.state === "in_force");
  const initial: Values = {};
  for (const field of kind.fields) {
    const shown = current?.shown.find((each) => each.name === field.name);
    initial[field.name] = shown?.value ?? field.default;
  }
  return (
    <ActionDialog<Values>
      title={`${t("credentials.propose")} · ${connection.name}`}
      lead={t("credentials.propose.lead")}
      open={props.open}
      onClose={props.onClose}
      initial={initial}
      wide
      act={({ reason, ...fields }) => {
        const given: Record<string, string> = {};
        for (const [name, text] of Object.entries(fields)) if (text?.trim()) given[name] = text;
        return proposeCredentials(connection.code, given, reason ?? "");
      }}
    >
      {(form) => kind.fields.map((field) => <Field key={field.name} field={field} form={form} />)}
    </ActionDialog>
  );
}

function Field({ field, form }: { field: CredentialField; form: FormInstance<Values> }) {
  const { t, pick } = useWords();
  const label = pick(field.chinese, field.english);
  const rules = field.required ? [{ required: true, whitespace: true, message: t("action.required") }] : [];
  const pem = !["text", "secret"].includes(field.kind);
  return (
    <Form.Item
      name={field.name}
      label={
        <>
          {label}
          {!field.required && <small className="quiet optional">{t("credentials.optional")}</small>}
        </>
      }
      rules={rules}
      extra={
        pem ? <Upload onText={(text) => void form.setFieldValue(field.name, text)} name={label} /> : undefined
      }
    >
      {pem ? (
        <Input.TextArea
          className="mono"
          rows={3}
          placeholder={t("credentials.pem")}
          autoComplete="off"
          spellCheck={false}
        />
      ) : field.kind === "secret" ? (
        <Input.Password autoComplete="new-password" />
      ) : (
        <Input autoComplete="off" autoCapitalize="none" spellCheck={false} />
      )}
    </Form.Item>
  );
}

/** A key or certificate from a file, read in the browser. */
function Upload({ onText, name }: { onText: (text: string) => void; name: string }) {
  const { t } = useWords();
  const input = useRef<HTMLInputElement>(null);
  const [wrong, setWrong] = useState(false);
  return (
    <span className="upload">
      <input
        ref={input}
        type="file"
        accept=".pem,.crt,.cer,.key,.txt"
        aria-label={`${t("credentials.upload")}: ${name}`}
        onChange={(event) => {
          const file = event.target.files?.[0];
          event.target.value = "";
          setWrong(file !== undefined && file.size > FILE_BYTES_MAX);
          if (file && file.size <= FILE_BYTES_MAX) void file.text().then(onText);
        }}
      />
      <Button size="small" icon={<UploadOutlined />} onClick={() => input.current?.click()}>
        {t("credentials.upload")}
      </Button>
      {wrong && <span className="refused">{t("credentials.tooLarge")}</span>}
    </span>
  );
}
