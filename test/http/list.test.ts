import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseList } from "../../src/http/list.ts";

describe("a comma-separated list", () => {
  it("is split at its commas, without the whitespace around members", () => {
    expect(parseList("a,b ,\tc d\t, e")).toEqual(["a", "b", "c d", "e"]);
  });

  it("has no empty members", () => {
    expect(parseList(", ,a,,\t,b,")).toEqual(["a", "b"]);
  });

  it("is empty where nothing but whitespace was sent", () => {
    expect(parseList(" \t")).toEqual([]);
  });

  it("keeps the commas of a quoted argument", () => {
    expect(parseList('private="a, b", max-age=1')).toEqual(['private="a, b"', "max-age=1"]);
  });

  it("keeps the commas of a quoted member", () => {
    expect(parseList(' "a, b" , c')).toEqual(['"a, b"', "c"]);
  });

  it("tells an escaped quote from the one that ends a quoted-string", () => {
    expect(parseList('x="a\\", b\\\\", c')).toEqual(['x="a\\", b\\\\"', "c"]);
  });

  it("hides no member behind a quote that nobody closes", () => {
    expect(parseList('x="a, no-store')).toEqual(['x="a', "no-store"]);
  });

  it("hides no member behind a quote inside a word", () => {
    expect(parseList('public", no-store, "')).toEqual(['public"', "no-store", '"']);
  });

  it("trims only the whitespace that HTTP knows", () => {
    expect(parseList("\u00A0a\u00A0")).toEqual(["\u00A0a\u00A0"]);
  });

  it("is read as the members that it was joined from", () => {
    const members = fc.array(fc.stringMatching(/^[a-z0-9=;/*-]+$/));
    fc.assert(
      fc.property(members, (list) => {
        expect(parseList(list.join(" ,\t"))).toEqual(list);
      }),
    );
  });

  it("is read as any text that was quoted", () => {
    const texts = fc.array(fc.string(), { minLength: 1 });
    const quote = (text: string): string => `x="${text.replace(/["\\]/g, "\\$&")}"`;
    fc.assert(
      fc.property(texts, (list) => {
        expect(parseList(list.map(quote).join(","))).toEqual(list.map(quote));
      }),
    );
  });
});
