import { describe, expect, it } from "vitest";
import { faultOf, fromNow, withPrivate } from "../../src/http/client-cache-control.ts";

describe("a Cache-Control that an application writes for its clients", () => {
  it.each([
    "max-age=60",
    "public, max-age=60, stale-while-revalidate=30, stale-if-error=86400",
    "no-store",
    "no-store, no-cache, must-revalidate, max-age=0",
    "private, max-age=0, immutable, no-transform, must-understand, proxy-revalidate",
    'no-cache="set-cookie, x-a"',
    "Max-Age=60 , PUBLIC",
    "s-maxage=600,",
  ])("has known directives of responses, well-formed: %j", (text) => {
    expect(faultOf(text, false)).toBeUndefined();
  });

  it.each([
    ["", "it has no directive"],
    [" , ", "it has no directive"],
    ["maxage=60", 'there is no directive "maxage" in responses'],
    ["max-stale=60", 'there is no directive "max-stale" in responses'],
    ["only-if-cached", 'there is no directive "only-if-cached" in responses'],
    ["public; max-age=60", 'there is no directive "public; max-age" in responses'],
    ["public max-age=60", 'there is no directive "public max-age" in responses'],
    ["max-age", '"max-age" takes whole seconds, such as max-age=60'],
    ["max-age=1m", '"max-age" takes whole seconds, such as max-age=60'],
    ["max-age=-1", '"max-age" takes whole seconds, such as max-age=60'],
    ['max-age="60"', '"max-age" takes whole seconds, such as max-age=60'],
    ["max-age= 60", '"max-age" takes whole seconds, such as max-age=60'],
    ["s-maxage=", '"s-maxage" takes whole seconds, such as s-maxage=60'],
    ["max-age=60, max-age=60", 'it has "max-age" twice'],
    ["public=1", '"public" takes no argument'],
    ["private=x", '"private" takes no argument, or header names in quotes'],
    ['private=""', '"private" takes no argument, or header names in quotes'],
    ['private="x', '"private" takes no argument, or header names in quotes'],
    ["private, public", '"private" contradicts "public"'],
    ["private, s-maxage=60", '"private" contradicts "s-maxage"'],
  ])("has a fault otherwise: %j", (text, fault) => {
    expect(faultOf(text, false)).toBe(fault);
  });

  it.each([
    ["public, max-age=60", 'a scope function makes the response private, and it has "public"'],
    [
      "s-maxage=60, public",
      'a scope function makes the response private, and it has "public" and "s-maxage"',
    ],
    ["private, max-age=60", undefined],
    ["max-age=60", undefined],
  ])("may not let shared caches store what is private: %j", (text, fault) => {
    expect(faultOf(text, true)).toBe(fault);
  });
});

describe("a Cache-Control made private", () => {
  it.each([
    ["max-age=60", "private, max-age=60"],
    ["private, max-age=60", "private, max-age=60"],
    ["Private", "Private"],
    ["no-store", "no-store"],
    ['private="x-a", max-age=60', 'private, private="x-a", max-age=60'],
    ["no-cache", "private, no-cache"],
  ])("gets `private` unless shared caches are forbidden already: %j", (text, made) => {
    expect(withPrivate(text)).toBe(made);
  });
});

describe("lifetimes that begin now", () => {
  it.each([
    ["max-age=60", 0, "max-age=60"],
    ["max-age=60", 50, "max-age=110"],
    ["public, MAX-AGE=60, s-maxage=600", 50, "public, max-age=110, s-maxage=650"],
    // Stale at once stays stale at once.
    ["no-cache, max-age=0", 50, "no-cache, max-age=0"],
    // It begins when the response is stale.
    ["max-age=60, stale-while-revalidate=30", 50, "max-age=110, stale-while-revalidate=30"],
    ["max-age=2147483648", 50, "max-age=2147483648"],
    ['no-cache="x-a, x-b", max-age=1', 1, 'no-cache="x-a, x-b", max-age=2'],
  ])("are longer by the Age beside them: %j, %j", (text, age, made) => {
    expect(fromNow(text, age)).toBe(made);
  });
});
