import type { ReactNode } from "react";
import { formatClock, formatDay } from "./time";

export interface TimelineItem {
  key: string;
  at: string;
  title: ReactNode;
  actor?: string;
  detail?: string | null;
}

/** Who did what, when and why, oldest first; the day is written once. */
export function Timeline({ items }: { items: TimelineItem[] }) {
  let lastDay = "";
  return (
    <ol className="timeline">
      {items.map((item) => {
        const day = formatDay(item.at);
        const newDay = day !== lastDay;
        lastDay = day;
        return (
          <li key={item.key}>
            {newDay && <div className="timeline-day">{day}</div>}
            <div className="timeline-item">
              <time dateTime={item.at}>{formatClock(item.at)}</time>
              <div>
                <div className="timeline-title">{item.title}</div>
                {item.actor && <div className="timeline-actor">{item.actor}</div>}
                {item.detail && <div className="timeline-detail">{item.detail}</div>}
              </div>
            </div>
          </li>
        );
      })}
    </ol>
  );
}
