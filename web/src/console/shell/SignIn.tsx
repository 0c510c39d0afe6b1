import { useMutation, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, useRouter } from "@tanstack/react-router";
import { Button, Form, Input } from "antd";
import { Problem } from "../../api/http";
import { sessionQuery, signIn } from "../../api/queries";
import { ProblemState } from "../../kit/states";
import { useDocumentTitle } from "../../kit/useDocumentTitle";
import { useWords } from "../../words";
import { LanguageSwitch, ThemeSwitch } from "./switches";

const route = getRouteApi("/sign-in");

/** Back to where the session ended, but never to another site. */
function safeNext(next: string | undefined): string {
  return next && /^\/(?![/\\])/.test(next) ? next : "/";
}

export function SignIn() {
  const { t } = useWords();
  const { next, ended } = route.useSearch();
  const router = useRouter();
  const client = useQueryClient();
  const attempt = useMutation({
    mutationFn: (form: { email: string; password: string }) => signIn(form.email.trim(), form.password),
    onSuccess: (staff) => {
      client.clear();
      client.setQueryData(sessionQuery.queryKey, staff);
      void router.navigate({ href: safeNext(next), replace: true });
    },
  });
  useDocumentTitle(t("signIn.submit"));
  const refused = attempt.error instanceof Problem && attempt.error.status === 401;
  return (
    <div className="sign-in">
      <div className="sign-in-switches">
        <ThemeSwitch />
        <LanguageSwitch />
      </div>
      <main className="sign-in-card">
        <h1>
          <span className="brand-mark" aria-hidden="true" />
          {t("app.name")}
        </h1>
        <p className="quiet">{t("signIn.tagline")}</p>
        {ended && !attempt.error && (
          <p className="stale" role="status">
            {t("signIn.ended")}
          </p>
        )}
        {attempt.error &&
          (refused ? (
            <p className="refused" role="alert">
              {t("signIn.refused")}
            </p>
          ) : (
            <ProblemState error={attempt.error} />
          ))}
        <Form layout="vertical" requiredMark={false} onFinish={attempt.mutate} size="large">
          <Form.Item
            name="email"
            label={t("signIn.email")}
            rules={[{ required: true, whitespace: true, message: t("signIn.emailMissing") }]}
          >
            <Input type="email" autoComplete="username" autoFocus inputMode="email" />
          </Form.Item>
          <Form.Item
            name="password"
            label={t("signIn.password")}
            rules={[{ required: true, message: t("signIn.passwordMissing") }]}
          >
            <Input.Password autoComplete="current-password" />
          </Form.Item>
          <Button type="primary" htmlType="submit" block loading={attempt.isPending}>
            {t("signIn.submit")}
          </Button>
        </Form>
      </main>
    </div>
  );
}
