/** A decimal with its point moved, exactly: `0.0038` by 2 is `0.38`. */
export function shiftPoint(text: string, places: number): string {
  const [whole = "0", rest = ""] = text.split(".");
  const digits = whole + rest;
  const point = whole.length + places;
  const padded = point <= 0 ? "0".repeat(1 - point) + digits : digits.padEnd(point, "0");
  const at = Math.max(point, 1);
  const fraction = padded.slice(at).replace(/0+$/, "");
  const head = padded.slice(0, at).replace(/^0+(?=\d)/, "");
  return fraction ? `${head}.${fraction}` : head;
}
