import { expect, test } from "vitest";
import { apiAddress, ccxtSnippet } from "../../src/data/ccxt-snippet";
import { qrPicture } from "../../src/data/qr";

test("a QR code has its three finders and a quiet zone", () => {
  const { size, path } = qrPicture("otpauth://totp/x?secret=ABC");
  const dark = new Set([...path.matchAll(/M(\d+) (\d+)h/g)].map(([, x, y]) => `${x},${y}`));
  const corners = [
    [4, 4],
    [size - 11, 4],
    [4, size - 11],
  ] as const;
  for (const [x, y] of corners) {
    for (let step = 0; step < 7; step += 1) expect(dark.has(`${x + step},${y}`)).toBe(true);
    expect(dark.has(`${x + 1},${y + 1}`)).toBe(false);
    expect(dark.has(`${x + 3},${y + 3}`)).toBe(true);
  }
  expect([...dark].some((at) => at.startsWith("3,") || at.endsWith(",3"))).toBe(false);
});

test("the snippet holds the key, and trades only with a key that may", () => {
  const key = { apiKey: "k", secret: 's"x', symbol: "BTC/USD", mayTrade: false };
  const reading = ccxtSnippet(key, apiAddress("", "http://localhost:1"));
  expect(reading).toContain('"apiKey": "k"');
  expect(reading).toContain('"secret": "s\\"x"');
  expect(reading).toContain('address = "http://localhost:1"');
  expect(reading).not.toContain("create_limit_buy_order");
  expect(ccxtSnippet({ ...key, mayTrade: true }, "x")).toContain("create_limit_buy_order");
  expect(apiAddress("https://api.example", "https://page.example")).toBe("https://api.example");
});
