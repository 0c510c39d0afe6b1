import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { sealedBlocksQuery, sealsQuery } from "../../api/ledger";
import type { SealBlock, SealState } from "../../api/types";
import { CopyId } from "../../kit/CopyId";
import { type Column, DataTable } from "../../kit/DataTable";
import { PageHead, Panel } from "../../kit/layout";
import { formatCount } from "../../kit/money";
import { Pager } from "../../kit/Pager";
import { QueryView } from "../../kit/QueryView";
import { Tag } from "../../kit/StateTag";
import { Empty, SkeletonTable } from "../../kit/states";
import { formatInstant } from "../../kit/time";
import { bookName, useWords } from "../../words";

const route = getRouteApi("/shell/ledger/seals");

const commands = (book: string) => ({
  verify: "feiqian ledger verify",
  proof: `feiqian ledger proof --book '${book}' --from YYYY-MM-DD --through YYYY-MM-DD --output FILE`,
});

export function Seals() {
  const { t } = useWords();
  const { book, cursor } = route.useSearch();
  const query = useQuery(sealsQuery);
  return (
    <div className="page">
      <PageHead title={t("ledger.seal.title")} below={t("ledger.seal.lead")} />
      <Panel flush>
        <QueryView query={query} skeleton={<SkeletonTable rows={3} />}>
          {({ items }) => <Books books={items} />}
        </QueryView>
      </Panel>
      {book && <Blocks key={book} book={book} cursor={cursor} />}
      <Panel title={t("ledger.seal.verify")}>
        {(["verify", "proof"] as const).map((what) => (
          <div className="command" key={what}>
            <p>{t(`ledger.seal.${what}.text`)}</p>
            <CopyId value={commands(book ?? "platform")[what]} />
          </div>
        ))}
      </Panel>
    </div>
  );
}

function Books({ books }: { books: SealState[] }) {
  const { t } = useWords();
  const columns: Column<SealState>[] = [
    { key: "book", title: t("ledger.seal.book"), card: "title", cell: (row) => bookName(row.book) },
    {
      key: "number",
      title: t("ledger.seal.newest"),
      align: "right",
      cell: (row) => (row.number > 0 ? formatCount(row.number) : "–"),
    },
    {
      key: "sealedAt",
      title: t("ledger.seal.sealedAt"),
      cell: (row) => (
        <span className="nowrap">{row.sealed_at ? formatInstant(row.sealed_at) : t("ledger.seal.none")}</span>
      ),
    },
    {
      key: "root",
      title: t("ledger.seal.root"),
      cell: (row) => (row.root ? <CopyId value={row.root} short /> : "–"),
    },
    {
      key: "unsealed",
      title: t("ledger.seal.unsealed"),
      align: "right",
      card: "aside",
      cell: (row) =>
        row.unsealed_legs === 0 ? (
          <Tag tone="good">{t("ledger.seal.current")}</Tag>
        ) : (
          <span>{t("ledger.seal.legs", { n: formatCount(row.unsealed_legs) })}</span>
        ),
    },
  ];
  return (
    <DataTable
      label={t("ledger.seal.title")}
      columns={columns}
      rows={books}
      rowKey={(row) => row.book}
      href={(row) => `/ledger/seals?book=${encodeURIComponent(row.book)}`}
      empty={<Empty title="empty.seals" next="empty.seals.next" />}
    />
  );
}

/** The chain of one book, newest first: each root rests on the one before. */
function Blocks({ book, cursor }: { book: string; cursor?: string }) {
  const { t } = useWords();
  const query = useQuery(sealedBlocksQuery(book, cursor));
  const columns: Column<SealBlock>[] = [
    {
      key: "number",
      title: t("ledger.seal.block"),
      card: "title",
      cell: (block) => t("ledger.seal.number", { n: formatCount(block.number) }),
    },
    {
      key: "sealedAt",
      title: t("ledger.seal.sealedAt"),
      cell: (block) => <span className="nowrap">{formatInstant(block.sealed_at)}</span>,
    },
    {
      key: "period",
      title: t("ledger.seal.period"),
      cell: (block) => (
        <span>
          {formatInstant(block.first_at)} – {formatInstant(block.last_at)}
        </span>
      ),
    },
    {
      key: "legs",
      title: t("ledger.seal.rows"),
      align: "right",
      card: "aside",
      cell: (block) => t("ledger.seal.legs", { n: formatCount(block.legs) }),
    },
    {
      key: "root",
      title: t("ledger.seal.root"),
      cell: (block) => <CopyId value={block.root} short />,
    },
    {
      key: "previous",
      title: t("ledger.seal.previous"),
      cell: (block) => (block.previous ? <CopyId value={block.previous} short /> : "–"),
    },
  ];
  return (
    <Panel flush title={`${t("ledger.seal.list")} · ${bookName(book)}`}>
      <QueryView query={query} skeleton={<SkeletonTable rows={5} />}>
        {(page) => (
          <div>
            <DataTable
              label={t("ledger.seal.list")}
              columns={columns}
              rows={page.items}
              rowKey={(block) => block.number}
              empty={<Empty title="empty.seals" next="empty.seals.next" />}
            />
            <Pager cursor={cursor} next={page.next_cursor} keepPlace />
          </div>
        )}
      </QueryView>
    </Panel>
  );
}
