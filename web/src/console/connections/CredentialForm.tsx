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
  const file = !["text", "secret"].includes(field.kind);
  const binary = field.kind === "pfx";
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
        file ? (
          <Upload name={label} binary={binary} onText={(text) => void form.setFieldValue(field.name, text)} />
        ) : undefined
      }
    >
      {file ? (
        <Input.TextArea
          className="mono"
          rows={3}
          placeholder={t(binary ? "credentials.pfx" : "credentials.pem")}
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

/** PEM as it stands, a PKCS #12 file as base64. */
async function textOf(file: File, binary: boolean): Promise<string> {
  if (!binary) return file.text();
  const bytes = new Uint8Array(await file.arrayBuffer());
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}

/** A key or certificate from a file, read in the browser. */
function Upload({ onText, name, binary }: { onText: (text: string) => void; name: string; binary: boolean }) {
  const { t } = useWords();
  const input = useRef<HTMLInputElement>(null);
  const [wrong, setWrong] = useState(false);
  return (
    <span className="upload">
      <input
        ref={input}
        type="file"
        accept={binary ? ".pfx,.p12" : ".pem,.crt,.cer,.key,.txt"}
        aria-label={`${t("credentials.upload")}: ${name}`}
        onChange={(event) => {
          const file = event.target.files?.[0];
          event.target.value = "";
          setWrong(file !== undefined && file.size > FILE_BYTES_MAX);
          if (file && file.size <= FILE_BYTES_MAX) void textOf(file, binary).then(onText);
        }}
      />
      <Button size="small" icon={<UploadOutlined />} onClick={() => input.current?.click()}>
        {t("credentials.upload")}
      </Button>
      {wrong && <span className="refused">{t("credentials.tooLarge")}</span>}
    </span>
  );
}
