import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Form, type FormInstance, Input, Modal } from "antd";
import type { ReactNode } from "react";
import { ProblemState } from "../../kit/states";
import { useWords } from "../../words";

/** Asks for what an action needs and does it under the name of whoever is signed in; what it changed is read anew. */
export function ActionDialog<Values extends object>(props: {
  title: string;
  lead?: string;
  open: boolean;
  onClose: () => void;
  /** Does it; what it raises is shown, and the dialog stays open. */
  act: (values: Values) => Promise<unknown>;
  onDone?: (values: Values) => void;
  initial?: Partial<Values>;
  children?: ReactNode | ((form: FormInstance<Values>) => ReactNode);
  /** The field for the reason: its name, and whether it may stay empty; null: none is asked for. */
  reason?: { name: "reason" | "note"; optional?: boolean } | null;
  danger?: boolean;
  wide?: boolean;
}) {
  const { t } = useWords();
  const [form] = Form.useForm<Values>();
  const queries = useQueryClient();
  const close = () => {
    action.reset();
    props.onClose();
  };
  const action = useMutation({
    mutationFn: props.act,
    onSuccess: async (_, values) => {
      await queries.invalidateQueries({
        predicate: ({ queryKey }) => /^\/(connections|approvals)/.test(String(queryKey[0])),
      });
      close();
      props.onDone?.(values);
    },
  });
  const reason = props.reason === undefined ? { name: "reason" as const, optional: false } : props.reason;
  const label = t(reason?.name === "note" ? "approval.note" : "action.reason");
  return (
    <Modal
      title={props.title}
      open={props.open}
      onCancel={close}
      onOk={() => form.submit()}
      okText={t("action.submit")}
      cancelText={t("action.cancel")}
      okButtonProps={{ danger: props.danger }}
      confirmLoading={action.isPending}
      width={props.wide ? 720 : 520}
      destroyOnHidden
    >
      {props.lead && <p className="quiet dialog-lead">{props.lead}</p>}
      <Form<Values>
        form={form}
        layout="vertical"
        requiredMark={false}
        initialValues={props.initial}
        preserve={false}
        onFinish={(values) => action.mutate(values)}
      >
        {typeof props.children === "function" ? props.children(form) : props.children}
        {reason && (
          <Form.Item
            name={reason.name}
            label={
              <>
                {label}
                {reason.optional && <small className="quiet optional">{t("credentials.optional")}</small>}
              </>
            }
            rules={
              reason.optional
                ? []
                : [{ required: true, whitespace: true, message: t("action.reason.missing") }]
            }
          >
            <Input.TextArea rows={2} maxLength={500} />
          </Form.Item>
        )}
      </Form>
      {action.error && <ProblemState error={action.error} />}
    </Modal>
  );
}
