import { describe, expect, it } from "vitest";
import { asSeconds, inWords, looksLikeMilliseconds } from "../../../src/core/contract/durations.ts";

describe("a duration as text", () => {
  it.each([
    ["60", 60],
    ["1.5", 1.5],
    ["250ms", 0.25],
    ["10s", 10],
    ["1m", 60],
    ["5 minutes", 300],
    ["1H", 3600],
    ["7d", 604_800],
    ["1 week", 604_800],
  ])("is told in seconds: %s", (text, seconds) => {
    expect(asSeconds(text)).toBe(`seconds as a number: ${JSON.stringify(text)} is ${seconds}`);
  });

  it.each([
    [60],
    [undefined],
    [""],
    ["m"],
    ["1 mile"],
    ["1  m"],
    ["1,5m"],
    ["-1"],
    ["1e3"],
    ["x".repeat(100_000)],
  ])("is not made of what is none: %j", (value) => {
    expect(asSeconds(value)).toBeUndefined();
  });
});

const HOUR = 3600;
const DAY = 86_400;

describe("a number of seconds", () => {
  it.each([
    [10_000],
    [30_000],
    [60_000],
    [300_000],
    [500_000],
    [140 * HOUR],
    [3_600_000],
    [86_400_000],
    [366 * DAY],
  ])("looks like milliseconds: %d", (seconds) => {
    expect(looksLikeMilliseconds(seconds)).toBe(true);
  });

  it.each([
    [0],
    [60],
    [9999],
    [3 * HOUR],
    [12 * HOUR],
    [DAY],
    [138 * HOUR],
    [7 * DAY],
    [365 * DAY],
    [Infinity],
    ["60000"],
  ])("does not: %s", (seconds) => {
    expect(looksLikeMilliseconds(seconds)).toBe(false);
  });

  it.each([
    [60_000, "16.7 hours"],
    [3_600_000, "41.7 days"],
    [86_400_000, "2.7 years"],
  ])("is told in words: %d", (seconds, words) => {
    expect(inWords(seconds)).toBe(words);
  });
});
