import { BarChartOutlined, TableOutlined } from "@ant-design/icons";
import { Button } from "antd";
import type { EChartsType } from "echarts/core";
import { useEffect, useRef, useState } from "react";
import { useWords } from "../words";
import { AppLink, useOpen } from "./AppLink";
import { type ChartColours, type ChartData, chartOption } from "./chartOption";
import { Panel } from "./layout";
import { Money } from "./Money";
import { currencyUnit } from "./money";
import { Empty } from "./states";
import { useRemembered } from "./useRemembered";

interface ChartProps {
  title: string;
  /** Head of the first column of the table. */
  category: string;
  data: ChartData;
  /** The list behind a point. */
  href: (index: number) => string;
  height?: number;
}

function colours(): ChartColours {
  const style = getComputedStyle(document.documentElement);
  const read = (name: string) => style.getPropertyValue(name).trim();
  return {
    main: read("--accent"),
    soft: read("--chart-soft"),
    second: read("--ink"),
    quiet: read("--chart-quiet"),
    text: read("--ink-2"),
    line: read("--line"),
    surface: read("--surface"),
    font: getComputedStyle(document.body).fontFamily,
  };
}

/** A chart with its exact table one click away, for those who read, use a keyboard or a screen reader. */
export function ChartPanel(props: ChartProps) {
  const { t } = useWords();
  const [asTable, setAsTable] = useRemembered("charts.asTable", false);
  const empty = props.data.series.every((series) => series.values.every((value) => value === 0));
  const height = props.height ?? 260;
  return (
    <Panel
      title={props.title}
      aside={
        <Button
          type="text"
          size="small"
          icon={asTable ? <BarChartOutlined /> : <TableOutlined />}
          aria-label={`${props.title}: ${asTable ? t("chart.asChart") : t("chart.asTable")}`}
          title={asTable ? t("chart.asChart") : t("chart.asTable")}
          onClick={() => setAsTable(!asTable)}
        />
      }
    >
      <div className="chart-box" style={{ minHeight: height }}>
        {empty ? <Empty title="empty.chart" /> : asTable ? <ChartTable {...props} /> : <Canvas {...props} />}
      </div>
    </Panel>
  );
}

function Canvas({ title, data, href }: ChartProps) {
  const { t, language } = useWords();
  const open = useOpen();
  const box = useRef<HTMLDivElement>(null);
  const [chart, setChart] = useState<EChartsType | null>(null);
  const onPick = useRef<(index: number) => void>(() => undefined);
  onPick.current = (index) => {
    if (index >= 0 && index < data.categories.length) open(href(index));
  };

  useEffect(() => {
    const element = box.current;
    if (!element) return;
    let made: EChartsType | null = null;
    let gone = false;
    const observer = new ResizeObserver(() => made?.resize());
    void import("./echarts").then(({ init }) => {
      if (gone) return;
      const instance = init(element);
      made = instance;
      instance.getZr().on("click", (event) => {
        const point = [event.offsetX, event.offsetY];
        if (!instance.containPixel("grid", point)) return;
        const [index] = instance.convertFromPixel({ seriesIndex: 0 }, point);
        if (index !== undefined) onPick.current(Math.round(index));
      });
      observer.observe(element);
      setChart(instance);
    });
    return () => {
      gone = true;
      observer.disconnect();
      made?.dispose();
    };
  }, []);

  useEffect(() => {
    if (!chart) return;
    const animation = !window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    const paint = () =>
      chart.setOption({ ...chartOption(data, colours(), language), animation }, { notMerge: true });
    paint();
    // The canvas does not inherit colours: paint again when the theme changes.
    const observer = new MutationObserver(paint);
    observer.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    return () => observer.disconnect();
  }, [chart, data, language]);

  return <div className="chart" ref={box} role="img" aria-label={t("chart.aria", { title })} />;
}

function ChartTable({ category, data, href, title }: ChartProps) {
  const { language } = useWords();
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className="table-scroll chart-table" aria-label={title} tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col">{category}</th>
            {data.series.map((series) => (
              <th scope="col" className="right" key={series.name}>
                {series.name} <small>{currencyUnit(data.currency, language)}</small>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {data.categories.map((name, index) => (
            <tr key={name}>
              <td>
                <AppLink href={href(index)}>{name}</AppLink>
              </td>
              {data.series.map((series) => (
                <td className="right" key={series.name}>
                  <Money minor={series.values[index] ?? 0} currency={data.currency} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
