import { SettingOutlined } from "@ant-design/icons";
import { Button, Checkbox, Popover } from "antd";
import type { MouseEvent, ReactNode } from "react";
import { useWords } from "../words";
import { AppLink, useOpen } from "./AppLink";
import { TableScroll } from "./TableScroll";
import { useRemembered } from "./useRemembered";

export interface Column<Row> {
  key: string;
  title: string;
  /** The currency or unit of the whole column, written once in its head. */
  unit?: string;
  cell: (row: Row) => ReactNode;
  align?: "right";
  /** In the card of a narrow screen: its heading, what stands opposite to it (perhaps only there), or left out. */
  card?: "title" | "aside" | "aside-only" | "hidden";
  /** May be switched off in the table's settings. */
  optional?: boolean;
}

interface DataTableProps<Row> {
  /** What the table lists, for screen readers. */
  label: string;
  columns: Column<Row>[];
  rows: Row[];
  rowKey: (row: Row) => string | number;
  /** The object behind a row; its first column becomes the link. */
  href?: (row: Row) => string | null;
  empty: ReactNode;
  /** Name under which the choice of columns and density is remembered; without it there is no choice. */
  settings?: string;
  /** On a narrow screen: rows as cards, or the table scrolls sideways. */
  narrow?: "cards" | "scroll";
  footer?: ReactNode;
}

function classOf<Row>(column: Column<Row>): string | undefined {
  const names = [column.align === "right" && "right", column.card && `card-${column.card}`].filter(Boolean);
  return names.join(" ") || undefined;
}

/** A list or statement: real table, rows that lead to their object, cards or sideways scrolling when narrow. */
export function DataTable<Row>(props: DataTableProps<Row>) {
  const { columns, rows, href, narrow = "cards" } = props;
  const open = useOpen();
  const name = props.settings ?? "none";
  const [hidden, setHidden] = useRemembered<string[]>(`table.${name}.hidden`, []);
  const [compact, setCompact] = useRemembered("table.compact", false);
  if (rows.length === 0) return <>{props.empty}</>;
  const shown = columns.filter(
    (column) => !(props.settings && column.optional && hidden.includes(column.key)),
  );

  const openRow = (event: MouseEvent<HTMLTableRowElement>, row: Row) => {
    const target = event.target instanceof Element ? event.target : null;
    const link = href?.(row);
    if (!link || target?.closest("a, button, input") || window.getSelection()?.toString()) return;
    if (event.metaKey || event.ctrlKey) window.open(`/console${link}`, "_blank", "noopener");
    else open(link);
  };

  return (
    <div className={`table-box narrow-${narrow}${compact && props.settings ? " table-compact" : ""}`}>
      {props.settings && (
        <TableSettings
          columns={columns}
          hidden={hidden}
          onHidden={setHidden}
          compact={compact}
          onCompact={setCompact}
        />
      )}
      <TableScroll label={props.label}>
        <table>
          <thead>
            <tr>
              {shown.map((column) => (
                <th key={column.key} scope="col" className={classOf(column)}>
                  {column.title}
                  {column.unit && <small> {column.unit}</small>}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => {
              const link = href?.(row) ?? null;
              return (
                <tr
                  key={props.rowKey(row)}
                  className={link ? "opens" : undefined}
                  onClick={link ? (event) => openRow(event, row) : undefined}
                >
                  {shown.map((column, index) => (
                    <td key={column.key} data-label={column.title} className={classOf(column)}>
                      {index === 0 && link ? (
                        <AppLink href={link}>{column.cell(row)}</AppLink>
                      ) : (
                        column.cell(row)
                      )}
                    </td>
                  ))}
                </tr>
              );
            })}
          </tbody>
          {props.footer && <tfoot>{props.footer}</tfoot>}
        </table>
      </TableScroll>
    </div>
  );
}

function TableSettings<Row>(props: {
  columns: Column<Row>[];
  hidden: string[];
  onHidden: (hidden: string[]) => void;
  compact: boolean;
  onCompact: (compact: boolean) => void;
}) {
  const { t } = useWords();
  const optional = props.columns.filter((column) => column.optional);
  const content = (
    <div className="table-settings">
      <Checkbox checked={props.compact} onChange={(event) => props.onCompact(event.target.checked)}>
        {t("common.density")}
      </Checkbox>
      {optional.length > 0 && <p>{t("common.columns")}</p>}
      {optional.map((column) => (
        <Checkbox
          key={column.key}
          checked={!props.hidden.includes(column.key)}
          onChange={(event) =>
            props.onHidden(
              event.target.checked
                ? props.hidden.filter((key) => key !== column.key)
                : [...props.hidden, column.key],
            )
          }
        >
          {column.title}
        </Checkbox>
      ))}
    </div>
  );
  return (
    <Popover content={content} trigger="click" placement="bottomRight">
      <Button
        className="table-settings-button"
        type="text"
        size="small"
        icon={<SettingOutlined />}
        aria-label={t("common.tableSettings")}
      />
    </Popover>
  );
}
