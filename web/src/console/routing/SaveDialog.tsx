import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Button, Form, Input, Modal } from "antd";
import { Problem } from "../../api/http";
import { routingQuery, setRules } from "../../api/routing";
import type { RoutingPage } from "../../api/types";
import { ProblemState } from "../../kit/states";
import { useWords } from "../../words";
import { ChangeList } from "./ChangeList";
import { changesBetween } from "./changes";
import type { Draft } from "./Routing";
import { wordingOf } from "./wording";

/** Shows what will be different, asks why, and puts the rules in force. */
export function SaveDialog(props: {
  page: RoutingPage;
  draft: Draft;
  onClose: () => void;
  onDraft: (draft: Draft | null) => void;
}) {
  const { page, draft, onClose, onDraft } = props;
  const { t, language } = useWords();
  const queries = useQueryClient();
  const [form] = Form.useForm<{ note: string }>();
  const save = useMutation({
    mutationFn: ({ note }: { note: string }) =>
      setRules({ rules: draft.rules, note, based_on: draft.basedOn }),
    onSuccess: async () => {
      await queries.invalidateQueries({
        predicate: ({ queryKey }) => String(queryKey[0]).startsWith("/routing"),
      });
      onDraft(null);
      onClose();
    },
  });
  const overtaken = save.error instanceof Problem && save.error.code === "routing_rules_changed";
  const rebase = async () => {
    const { rules } = await queries.fetchQuery({ ...routingQuery, staleTime: 0 });
    save.reset();
    onDraft({ ...draft, basedOn: rules.version });
  };
  return (
    <Modal
      title={t("routing.save.title")}
      open
      width={760}
      onCancel={onClose}
      onOk={() => form.submit()}
      okText={t("routing.save.do")}
      cancelText={t("action.cancel")}
      okButtonProps={{ disabled: overtaken }}
      confirmLoading={save.isPending}
    >
      <ChangeList
        changes={changesBetween(page.rules.rules, draft.rules)}
        wording={wordingOf(t, language, page.methods)}
      />
      <Form
        form={form}
        layout="vertical"
        requiredMark={false}
        initialValues={{ note: draft.note }}
        onFinish={(values) => save.mutate(values)}
      >
        <Form.Item
          name="note"
          label={t("routing.note")}
          rules={[{ required: true, whitespace: true, message: t("routing.note.missing") }]}
        >
          <Input.TextArea rows={2} maxLength={500} />
        </Form.Item>
      </Form>
      {save.error && <ProblemState error={save.error} />}
      {overtaken && (
        <p className="center">
          <Button onClick={() => void rebase()}>{t("routing.save.rebase")}</Button>
        </p>
      )}
    </Modal>
  );
}
