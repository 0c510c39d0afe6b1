import type { EChartsCoreOption } from "echarts/core";
import type { Language } from "../words";
import { formatCompact, formatMoney } from "./money";

export interface Series {
  name: string;
  /** Minor units, one for each category. */
  values: number[];
  kind: "bar" | "line" | "area";
  /** What the chart is about; paler where a line runs over it; a second measure; what it is compared with. */
  tone: "main" | "soft" | "second" | "quiet";
  stack?: boolean;
}

export interface ChartData {
  categories: string[];
  series: Series[];
  currency: string;
}

export interface ChartColours {
  main: string;
  soft: string;
  second: string;
  quiet: string;
  text: string;
  line: string;
  surface: string;
  font: string;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}

interface Hovered {
  dataIndex: number;
  seriesName?: string;
  value: unknown;
  marker?: unknown;
}

function tooltipHtml(data: ChartData, hovered: Hovered[]): string {
  const index = hovered[0]?.dataIndex ?? 0;
  const rows = hovered.map((point) => {
    const amount = formatMoney(Number(point.value), data.currency);
    const name = escapeHtml(point.seriesName ?? "");
    return `<tr><td>${String(point.marker ?? "")}${name}</td><td class="money">${amount}</td></tr>`;
  });
  return `<b>${escapeHtml(data.categories[index] ?? "")}</b><table class="chart-tip">${rows.join("")}</table>`;
}

function seriesOption(series: Series, colours: ChartColours): Record<string, unknown> {
  const colour = colours[series.tone];
  const line = series.kind !== "bar";
  return {
    name: series.name,
    type: line ? "line" : "bar",
    data: series.values,
    stack: series.stack ? "all" : undefined,
    itemStyle: { color: colour, borderRadius: line ? 0 : [2, 2, 0, 0] },
    lineStyle: line ? { width: 2, color: colour } : undefined,
    areaStyle: series.kind === "area" ? { color: colour, opacity: 0.16 } : undefined,
    showSymbol: series.values.length === 1,
    symbol: "circle",
    symbolSize: 7,
    barMaxWidth: 26,
    barGap: "10%",
    cursor: "pointer",
    emphasis: { focus: "none" },
  };
}

/** ECharts' option for amounts over time: quiet grid, short axis, exact tooltip. */
export function chartOption(data: ChartData, colours: ChartColours, language: Language): EChartsCoreOption {
  return {
    animationDuration: 250,
    textStyle: { fontFamily: colours.font },
    grid: { left: 4, right: 10, top: data.series.length > 1 ? 34 : 14, bottom: 2, containLabel: true },
    legend:
      data.series.length > 1
        ? {
            top: 0,
            right: 0,
            icon: "roundRect",
            itemWidth: 12,
            itemHeight: 8,
            textStyle: { color: colours.text },
          }
        : undefined,
    tooltip: {
      trigger: "axis",
      axisPointer: { type: "shadow", shadowStyle: { color: colours.text, opacity: 0.08 } },
      backgroundColor: colours.surface,
      borderColor: colours.line,
      textStyle: { color: colours.text, fontSize: 13 },
      confine: true,
      formatter: (hovered: Hovered | Hovered[]) =>
        tooltipHtml(data, Array.isArray(hovered) ? hovered : [hovered]),
    },
    xAxis: {
      type: "category",
      data: data.categories,
      axisLine: { lineStyle: { color: colours.line } },
      axisTick: { show: false },
      axisLabel: { color: colours.text, hideOverlap: true },
      boundaryGap: data.series.some((series) => series.kind === "bar"),
    },
    yAxis: {
      type: "value",
      splitNumber: 4,
      splitLine: { lineStyle: { color: colours.line, opacity: 0.7 } },
      axisLabel: {
        color: colours.text,
        formatter: (value: number) => formatCompact(value, data.currency, language),
      },
    },
    series: data.series.map((series) => seriesOption(series, colours)),
  };
}
