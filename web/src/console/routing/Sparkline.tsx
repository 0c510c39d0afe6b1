import type { EChartsType } from "echarts/core";
import { useEffect, useRef } from "react";
import type { MinutePoint } from "../../api/types";
import { formatCount } from "../../kit/money";
import { formatClock } from "../../kit/time";
import { type Translate, useWords } from "../../words";

const MINUTES = 60;
const MINUTE_MS = 60_000;

/** Calls minute by minute of the last hour: what succeeded, what was refused, what went wrong. */
export function Sparkline(props: { name: string; minutes: MinutePoint[]; now: string }) {
  const { name, minutes, now } = props;
  const { t } = useWords();
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<EChartsType | null>(null);
  const calls = minutes.length > 0;

  useEffect(() => {
    const element = box.current;
    if (!element || !calls) return;
    let gone = false;
    const paint = () => chart.current?.setOption(optionOf(minutes, now, t), { notMerge: true });
    const resized = new ResizeObserver(() => chart.current?.resize());
    const themed = new MutationObserver(paint);
    void import("../../kit/echarts").then(({ init }) => {
      if (gone) return;
      chart.current ??= init(element);
      resized.observe(element);
      themed.observe(document.documentElement, { attributeFilter: ["data-theme"] });
      paint();
    });
    return () => {
      gone = true;
      resized.disconnect();
      themed.disconnect();
    };
  }, [minutes, now, calls, t]);

  useEffect(
    () => () => {
      chart.current?.dispose();
      chart.current = null;
    },
    [],
  );

  if (!calls) return <span className="quiet">–</span>;
  return <div className="spark" ref={box} role="img" aria-label={t("routing.spark", { name })} />;
}

function optionOf(minutes: MinutePoint[], now: string, t: Translate) {
  const style = getComputedStyle(document.documentElement);
  const colour = (variable: string) => style.getPropertyValue(variable).trim();
  const end = Math.floor(Date.parse(now) / MINUTE_MS) * MINUTE_MS;
  const at = new Map(minutes.map((point) => [Date.parse(point.at), point]));
  const moments = Array.from({ length: MINUTES }, (_, index) => end - (MINUTES - 1 - index) * MINUTE_MS);
  const series = (key: "succeeded" | "refused" | "faults", variable: string) => ({
    type: "bar",
    stack: "calls",
    name: t(`routing.outcome.${key}`),
    data: moments.map((moment) => at.get(moment)?.[key] ?? 0),
    itemStyle: { color: colour(variable) },
    barCategoryGap: "15%",
    cursor: "default",
    emphasis: { disabled: true },
  });
  return {
    animation: false,
    grid: { left: 0, right: 0, top: 2, bottom: 1 },
    tooltip: {
      trigger: "axis",
      axisPointer: { type: "none" },
      appendToBody: true,
      backgroundColor: colour("--surface"),
      borderColor: colour("--line"),
      textStyle: { color: colour("--ink"), fontSize: 12 },
      formatter: (hovered: { name: string; seriesName: string; value: number }[]) =>
        [
          hovered[0]?.name.slice(0, 5),
          ...hovered.map((point) => `${point.seriesName} ${formatCount(point.value)}`),
        ].join("<br>"),
    },
    xAxis: {
      type: "category",
      data: moments.map((moment) => formatClock(new Date(moment))),
      axisLabel: { show: false },
      axisTick: { show: false },
      axisLine: { lineStyle: { color: colour("--line-strong") } },
    },
    yAxis: { type: "value", show: false },
    series: [
      series("succeeded", "--chart-soft"),
      series("refused", "--chart-quiet"),
      series("faults", "--bad"),
    ],
  };
}
