/** Small pictures of our own for the ways to pay: no brand's drawing, only shapes that help the eye. */
import type { Kind } from "./model";

const SVG = "http://www.w3.org/2000/svg";

const paths: Record<Kind, string> = {
  wechatpay: "M4 4h16v12h-9l-4 4v-4H4zM9 6.5l3 3.5 3-3.5M12 10v4M9.5 11h5",
  alipay: "M7 2h10v20H7zM9.5 7.5 12 11l2.5-3.5M12 11v6M9.5 12.5h5M9.5 15h5",
  unionpay: "M3 7h18v11H3zM3 10.5h18M6 15h4",
  bank: "M3 10 12 4l9 6zM5 10v7M10 10v7M14 10v7M19 10v7M3 20h18",
  balance: "M4 7h14a2 2 0 0 1 2 2v9a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1zM4 7l11-3v3M16 13.5h1",
};

export function markOf(kind: Kind): SVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", "way-mark");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", paths[kind]);
  svg.append(path);
  return svg;
}
