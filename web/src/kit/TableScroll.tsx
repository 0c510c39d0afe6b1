import { type ReactNode, useLayoutEffect, useRef, useState } from "react";

/**
 * The box of a wide table. While the table fits, its head sticks to the window; when it does not, the box scrolls
 * sideways and can be reached by keyboard.
 */
export function TableScroll({ label, children }: { label: string; children: ReactNode }) {
  const ref = useRef<HTMLElement>(null);
  const [fits, setFits] = useState(true);
  useLayoutEffect(() => {
    const box = ref.current;
    const table = box?.firstElementChild;
    if (!box || !table) return;
    const measure = () => setFits(table.scrollWidth <= box.clientWidth + 1);
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(box);
    observer.observe(table);
    return () => observer.disconnect();
  }, []);
  return (
    <section
      ref={ref}
      className={fits ? "table-scroll fits" : "table-scroll"}
      aria-label={label}
      tabIndex={fits ? undefined : 0}
    >
      {children}
    </section>
  );
}
