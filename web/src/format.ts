/** Numbers and times as people read them. */

import { decimal, plainDecimal, readableDecimal } from "./data/decimal";
import type { Market } from "./data/markets";

export function priceText(market: Market, value: bigint | string): string {
  return readableDecimal(typeof value === "string" ? decimal(value) : value, market.pricePlaces);
}

export function amountText(market: Market, value: bigint | string): string {
  return readableDecimal(typeof value === "string" ? decimal(value) : value, market.quantityPlaces);
}

const MONEY_PLACES: Readonly<Record<string, number>> = { USD: 2, EUR: 2, GBP: 2, CHF: 2 };

/** An amount of an asset: money by two places, everything else by all that it has. */
export function assetText(asset: string, value: bigint | string, places = 8): string {
  const amount = typeof value === "string" ? decimal(value) : value;
  return readableDecimal(amount, Math.min(places, MONEY_PLACES[asset] ?? places));
}

/** Money that counts: small parts are shown too when there are any. */
export function exactText(value: bigint | string): string {
  const amount = typeof value === "string" ? decimal(value) : value;
  const places = plainDecimal(amount).split(".")[1]?.length ?? 0;
  return readableDecimal(amount, Math.max(places, 2));
}

export function percentText(text: string): string {
  const value = decimal(text);
  return `${value > 0n ? "+" : ""}${readableDecimal(value, 2)}%`;
}

export function toneOf(text: string): "up" | "down" | "flat" {
  const value = decimal(text);
  if (value === 0n) return "flat";
  return value > 0n ? "up" : "down";
}

const clock = new Intl.DateTimeFormat("en-GB", {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});
const dayAndClock = new Intl.DateTimeFormat("en-GB", {
  year: "numeric",
  month: "2-digit",
  day: "2-digit",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});

export function clockText(timeMs: number): string {
  return clock.format(timeMs);
}

export function dateText(timeMs: number): string {
  return dayAndClock.format(timeMs).replace(",", "");
}

export function microsecondsText(timeUs: number): string {
  return timeUs === 0 ? "–" : dateText(Math.floor(timeUs / 1000));
}

export function isoText(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
