import { describe, expect, test } from "vitest";
import {
  ceilTo,
  decimal,
  divide,
  floorTo,
  formatDecimal,
  multiply,
  ONE,
  parseDecimal,
  parseTyped,
  placesOf,
  plainDecimal,
  readableDecimal,
} from "../../src/data/decimal";

describe("reading", () => {
  test.each([
    ["0", 0n],
    ["1", ONE],
    ["-1.5", (-3n * ONE) / 2n],
    ["0.000000000000000001", 1n],
    ["999999999999999999.999999999999999999", ONE * ONE - 1n],
  ])("%s", (text, value) => {
    expect(parseDecimal(text)).toBe(value);
  });

  test.each(["", ".", "1e3", "1,5", "+1", " 1", "1_0", "0x1", "NaN", "１", "1.2.3"])(
    "%s is no number",
    (text) => {
      expect(parseDecimal(text)).toBeNull();
    },
  );

  test.each([
    [".5", ONE / 2n],
    ["5.", 5n * ONE],
    [" 7 ", 7n * ONE],
  ])("what a person typed: %s", (text, value) => {
    expect(parseTyped(text)).toBe(value);
  });

  test.each(["", ".", "-1", "1e3", "1,000"])("typed %s is nothing yet", (text) => {
    expect(parseTyped(text)).toBeNull();
  });

  test("what the API never sends is a mistake of ours", () => {
    expect(() => decimal("abc")).toThrow(RangeError);
  });
});

describe("writing", () => {
  test("cuts off and never rounds up", () => {
    expect(formatDecimal(decimal("1.999"), 2)).toBe("1.99");
    expect(formatDecimal(decimal("-1.999"), 2)).toBe("-1.99");
    expect(formatDecimal(decimal("-0.001"), 2)).toBe("0.00");
    expect(formatDecimal(decimal("12"), 0)).toBe("12");
  });

  test("plain numbers have no zeros at their end", () => {
    expect(plainDecimal(decimal("1.50000"))).toBe("1.5");
    expect(plainDecimal(decimal("100.00"))).toBe("100");
    expect(plainDecimal(0n)).toBe("0");
  });

  test("thousands are set apart for reading", () => {
    expect(readableDecimal(decimal("1234567.891"), 2)).toBe("1,234,567.89");
    expect(readableDecimal(decimal("-1234"), 0)).toBe("-1,234");
    expect(readableDecimal(decimal("123"), 1)).toBe("123.0");
  });
});

describe("arithmetic", () => {
  test("has no rounding where a float has", () => {
    expect(plainDecimal(decimal("0.1") + decimal("0.2"))).toBe("0.3");
    expect(plainDecimal(multiply(decimal("78000.01"), decimal("0.00001")))).toBe("0.7800001");
  });

  test("divides downwards, and by zero gives nothing", () => {
    expect(divide(ONE, 3n * ONE)).toBe(ONE / 3n);
    expect(divide(ONE, 0n)).toBe(0n);
  });

  test("steps", () => {
    const step = decimal("0.05");
    expect(plainDecimal(floorTo(decimal("1.07"), step))).toBe("1.05");
    expect(plainDecimal(ceilTo(decimal("1.07"), step))).toBe("1.1");
    expect(plainDecimal(ceilTo(decimal("1.05"), step))).toBe("1.05");
    expect(placesOf(step)).toBe(2);
    expect(placesOf(decimal("10"))).toBe(0);
    expect(placesOf(0n)).toBe(0);
  });
});
