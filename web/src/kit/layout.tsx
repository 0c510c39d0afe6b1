import type { ReactNode } from "react";
import { useDocumentTitle } from "./useDocumentTitle";

/** The head of a page: where it belongs, its title with state and amount, and what can be done. */
export function PageHead(props: {
  title: string;
  over?: ReactNode;
  tag?: ReactNode;
  aside?: ReactNode;
  below?: ReactNode;
}) {
  useDocumentTitle(props.title);
  return (
    <header className="page-head">
      <div className="page-head-main">
        {props.over && <div className="page-over">{props.over}</div>}
        <h1>
          {props.title} {props.tag}
        </h1>
        {props.below && <div className="page-below">{props.below}</div>}
      </div>
      {props.aside && <div className="page-aside">{props.aside}</div>}
    </header>
  );
}

export function Panel(props: { title?: ReactNode; aside?: ReactNode; children: ReactNode; flush?: boolean }) {
  return (
    <section className={props.flush ? "panel panel-flush" : "panel"}>
      {props.title && (
        <div className="panel-head">
          <h2>{props.title}</h2>
          {props.aside && <div className="panel-aside">{props.aside}</div>}
        </div>
      )}
      {props.children}
    </section>
  );
}

/** Facts of an object as a grid of names and values. */
export function Facts(props: { items: [name: string, value: ReactNode][]; narrow?: boolean }) {
  return (
    <dl className={props.narrow ? "facts facts-narrow" : "facts"}>
      {props.items.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** Sums of everything that is filtered, not only of the page that is seen. */
export function TotalsStrip({ items }: { items: [name: string, value: ReactNode][] }) {
  return (
    <dl className="totals">
      {items.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
