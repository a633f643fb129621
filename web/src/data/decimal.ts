/**
 * Decimal numbers as integers: one is 10^18 units, so that nothing about money is ever a float.
 * The API speaks decimals as text; this is the only place that turns them into numbers and back.
 */

export const PLACES = 18;
export const ONE = 10n ** BigInt(PLACES);

const DECIMAL = /^(-?)(\d{1,18})(?:\.(\d{0,18}))?$/;
const TYPED = /^\d{0,18}(?:\.\d{0,18})?$/;

/** What the text says, or null when it is no plain decimal number. */
export function parseDecimal(text: string): bigint | null {
  const found = DECIMAL.exec(text);
  if (!found) return null;
  const [, sign = "", whole = "0", part = ""] = found;
  const units = BigInt(whole) * ONE + BigInt(part.padEnd(PLACES, "0"));
  return sign === "-" ? -units : units;
}

/** As parseDecimal, for what the API has sent: it never sends anything else. */
export function decimal(text: string): bigint {
  const value = parseDecimal(text);
  if (value === null) throw new RangeError(`not a decimal number: ${text}`);
  return value;
}

/** What a person typed: empty and "." are nothing yet, ".5" and "5." are numbers. */
export function parseTyped(text: string): bigint | null {
  const trimmed = text.trim();
  if (!TYPED.test(trimmed) || !/\d/.test(trimmed)) return null;
  return parseDecimal(trimmed.startsWith(".") ? `0${trimmed}` : trimmed);
}

/** The number with so many places; what does not fit is cut off, towards zero. */
export function formatDecimal(value: bigint, places: number): string {
  const negative = value < 0n;
  const digits = (negative ? -value : value).toString().padStart(PLACES + 1, "0");
  const whole = digits.slice(0, -PLACES);
  const part = digits.slice(-PLACES).slice(0, places);
  const text = places > 0 ? `${whole}.${part}` : whole;
  return negative && /[1-9]/.test(text) ? `-${text}` : text;
}

/** The number without zeros at its end: as a person would write it into a form. */
export function plainDecimal(value: bigint, places: number = PLACES): string {
  const text = formatDecimal(value, places);
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

/** With separators between thousands, for reading only. */
export function readableDecimal(value: bigint, places: number): string {
  const [whole = "0", part] = formatDecimal(value, places).split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return part === undefined ? grouped : `${grouped}.${part}`;
}

/** The places that a step such as 0.01 has. */
export function placesOf(step: bigint): number {
  if (step <= 0n) return 0;
  let places = PLACES;
  for (let rest = step; places > 0 && rest % 10n === 0n; rest /= 10n) places -= 1;
  return places;
}

/** a x b, cut off at the last unit. */
export function multiply(a: bigint, b: bigint): bigint {
  return (a * b) / ONE;
}

/** a / b, cut off at the last unit; zero for a division by zero, which only an empty form asks for. */
export function divide(a: bigint, b: bigint): bigint {
  return b === 0n ? 0n : (a * ONE) / b;
}

export function floorTo(value: bigint, step: bigint): bigint {
  return step <= 0n ? value : value - (value % step);
}

export function ceilTo(value: bigint, step: bigint): bigint {
  if (step <= 0n) return value;
  const over = value % step;
  return over === 0n ? value : value + step - over;
}

export function minimum(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

/** For drawing only: where a pixel or a bar's height is wanted, never for money. */
export function forDrawing(value: bigint): number {
  return Number(value) / 1e18;
}

export function maximum(a: bigint, b: bigint): bigint {
  return a < b ? b : a;
}
