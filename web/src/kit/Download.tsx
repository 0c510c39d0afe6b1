import { DownloadOutlined } from "@ant-design/icons";
import { useMutation } from "@tanstack/react-query";
import { Alert, Button, Dropdown } from "antd";
import { callFile, Problem, type Query } from "../api/http";
import { useWords } from "../words";

function save({ name, content }: { name: string; content: Blob }): void {
  const url = URL.createObjectURL(content);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The browser reads the file after the click has returned.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** A file, or a choice of formats: busy while it is written, and a refusal in words instead of a page of JSON. */
export function Download(props: { label: string; files: { name: string; path: string }[]; query: Query }) {
  const { t } = useWords();
  const { files, query } = props;
  const fetching = useMutation({ mutationFn: (path: string) => callFile(path, query), onSuccess: save });
  const [only] = files;
  const button = (
    <Button
      icon={<DownloadOutlined />}
      loading={fetching.isPending}
      onClick={files.length === 1 && only ? () => fetching.mutate(only.path) : undefined}
    >
      {props.label}
    </Button>
  );
  const { error } = fetching;
  return (
    <div className="download">
      {files.length === 1 ? (
        button
      ) : (
        <Dropdown
          trigger={["click"]}
          menu={{
            items: files.map((file) => ({
              key: file.path,
              label: file.name,
              onClick: () => fetching.mutate(file.path),
            })),
          }}
        >
          {button}
        </Dropdown>
      )}
      {error && (
        <Alert
          type="error"
          title={t("error.download")}
          description={error instanceof Problem ? error.detail : error.message}
          closable={{ onClose: () => fetching.reset() }}
        />
      )}
    </div>
  );
}
