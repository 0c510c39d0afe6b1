import { PrinterOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { Button } from "antd";
import { voucherQuery } from "../../api/queries";
import type { Voucher } from "../../api/types";
import { AppLink } from "../../kit/AppLink";
import { PageHead } from "../../kit/layout";
import { Money } from "../../kit/Money";
import { capitalAmount, currencyUnit, formatCount } from "../../kit/money";
import { QueryView } from "../../kit/QueryView";
import { Tag } from "../../kit/StateTag";
import { SkeletonPage } from "../../kit/states";
import { TableScroll } from "../../kit/TableScroll";
import { bookName, useWords } from "../../words";

const route = getRouteApi("/shell/vouchers/$id");

export function VoucherPage() {
  const { id } = route.useParams();
  const query = useQuery(voucherQuery(id));
  return (
    <QueryView query={query} skeleton={<SkeletonPage />}>
      {(voucher) => <Content voucher={voucher} />}
    </QueryView>
  );
}

function Content({ voucher }: { voucher: Voucher }) {
  const { t } = useWords();
  const debit = voucher.lines.reduce((sum, line) => sum + line.debit, 0);
  const credit = voucher.lines.reduce((sum, line) => sum + line.credit, 0);
  return (
    <div className="page page-sheet">
      <PageHead
        over={<AppLink href="/vouchers">{t("voucher.title")}</AppLink>}
        title={voucher.number}
        tag={
          debit === credit ? (
            <Tag tone="good">{t("voucher.balanced")}</Tag>
          ) : (
            <Tag tone="bad">{t("voucher.unbalanced")}</Tag>
          )
        }
        aside={
          <>
            <AppLink href={`/trial-balance?date=${voucher.date}&book=${encodeURIComponent(voucher.book)}`}>
              {t("voucher.toTrialBalance")}
            </AppLink>
            <Button icon={<PrinterOutlined />} onClick={() => window.print()}>
              {t("voucher.print")}
            </Button>
          </>
        }
      />
      <Sheet voucher={voucher} debit={debit} credit={credit} />
    </div>
  );
}

/** The sheet as accountants file it: summary, subject, debit, credit, and the total in capital figures. */
function Sheet({ voucher, debit, credit }: { voucher: Voucher; debit: number; credit: number }) {
  const { t, language, pick } = useWords();
  const unit = currencyUnit("CNY", language);
  const summary = pick(voucher.summary_chinese, voucher.summary_english);
  return (
    <article className="voucher">
      <h2>{pick("记账凭证", "Accounting voucher")}</h2>
      <div className="voucher-line">
        <span>
          {t("voucher.book")} {bookName(voucher.book)}
        </span>
        <span>{voucher.date}</span>
        <span>
          {t("voucher.number")} {voucher.number}
        </span>
      </div>
      <TableScroll label={t("voucher.title")}>
        <table>
          <thead>
            <tr>
              <th scope="col">{t("voucher.summary")}</th>
              <th scope="col">{t("voucher.subject")}</th>
              <th scope="col" className="right">
                {t("voucher.debit")} <small>{unit}</small>
              </th>
              <th scope="col" className="right">
                {t("voucher.credit")} <small>{unit}</small>
              </th>
            </tr>
          </thead>
          <tbody>
            {voucher.lines.map((line) => (
              <tr key={line.line}>
                <td className="voucher-memo">
                  {line.memo && line.memo !== voucher.summary_chinese ? line.memo : summary}
                </td>
                <td className="voucher-subject">
                  <span className="mono quiet">{line.subject_code}</span>{" "}
                  {pick(line.subject_chinese, line.subject_english)}
                </td>
                <td className="right" data-label={t("voucher.debit")}>
                  {line.debit !== 0 && <Money minor={line.debit} />}
                </td>
                <td className="right" data-label={t("voucher.credit")}>
                  {line.credit !== 0 && <Money minor={line.credit} />}
                </td>
              </tr>
            ))}
          </tbody>
          <tfoot>
            <tr>
              <th scope="row" colSpan={2}>
                {language === "zh" ? (
                  <>
                    {t("voucher.capital")} {capitalAmount(debit)}
                  </>
                ) : (
                  t("voucher.sum")
                )}
              </th>
              <td className="right" data-label={t("voucher.debit")}>
                <Money minor={debit} />
              </td>
              <td className="right" data-label={t("voucher.credit")}>
                <Money minor={credit} />
              </td>
            </tr>
          </tfoot>
        </table>
      </TableScroll>
      <div className="voucher-line">
        <span>{t("voucher.source", { n: formatCount(voucher.source.transactions) })}</span>
        <span>{summary}</span>
      </div>
    </article>
  );
}
