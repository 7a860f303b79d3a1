import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  combined,
  endToEnd,
  fieldOf,
  isFieldName,
  isFieldValue,
  subtractFields,
  toFields,
} from "../../src/http/fields.ts";
import type { Fields } from "../../src/http/fields.ts";

describe("the fields of a message", () => {
  it("are found by their lower-case name", () => {
    expect(fieldOf([["etag", '"a"']], "etag")).toBe('"a"');
  });

  it("have no value for a name that is not there", () => {
    expect(fieldOf([["etag", '"a"']], "vary")).toBeUndefined();
  });

  it("are joined by a comma where there are several lines of one", () => {
    expect(combined(["a", "b, c"])).toBe("a, b, c");
  });

  it("are themselves where there is one line", () => {
    expect(combined("a")).toBe("a");
  });

  it("are absent where there is no line", () => {
    expect([combined(undefined), combined([])]).toEqual([undefined, undefined]);
  });
});

describe("fields from a record", () => {
  it("have lower-case names, and text for numbers", () => {
    expect(toFields({ "Content-Length": 12, ETag: '"a"' })).toEqual([
      ["content-length", "12"],
      ["etag", '"a"'],
    ]);
  });

  it("keep repeated values in their order", () => {
    expect(toFields({ "set-cookie": ["b=1", "a=2", "b=1"] })).toEqual([
      ["set-cookie", ["b=1", "a=2", "b=1"]],
    ]);
  });

  it("group names that differ in case only", () => {
    expect(toFields({ Link: "a", link: ["b", "c"] })).toEqual([["link", ["a", "b", "c"]]]);
  });

  it("leave out what has no value", () => {
    expect(toFields({ vary: undefined, link: [] })).toEqual([]);
  });

  it("have text for a single line", () => {
    expect(toFields({ link: ["a"] })).toEqual([["link", "a"]]);
  });

  it("do not share the caller's arrays", () => {
    const lines = ["a", "b"];

    const fields = toFields({ link: lines });
    lines.push("c");

    expect(fields).toEqual([["link", ["a", "b"]]]);
  });
});

describe("field syntax", () => {
  it("allows a token as a name", () => {
    expect(isFieldName("X-Custom_1!#$%&'*+.^`|~")).toBe(true);
  });

  it.each(["", "a b", "a:", "é", "a\n", "a\r\nb"])("refuses %j as a name", (name) => {
    expect(isFieldName(name)).toBe(false);
  });

  it.each(["", "a b\tc", "\u0080\u00FF~"])("allows %j as a value", (value) => {
    expect(isFieldValue(value)).toBe(true);
  });

  it.each(["a\r\nset-cookie: b", "a\n", "\0", "\u007F", "\u001B", "\u0100", "\u{1F600}"])(
    "refuses %j as a value, which would split or garble the response",
    (value) => {
      expect(isFieldValue(value)).toBe(false);
    },
  );
});

describe("the difference that a handler made to earlier fields", () => {
  it("is everything where no field was there", () => {
    const after: Fields = [["etag", '"a"']];

    expect(subtractFields(after, [])).toBe(after);
  });

  it("is what is new or has changed", () => {
    const before = toFields({ "x-request-id": "1", "cache-control": "no-cache", link: ["a", "b"] });
    const after = toFields({
      "x-request-id": "1",
      "cache-control": "max-age=1",
      link: ["a", "b"],
      etag: '"a"',
    });

    expect(subtractFields(after, before)).toEqual([
      ["cache-control", "max-age=1"],
      ["etag", '"a"'],
    ]);
  });

  it("is the whole field where a line was added to it", () => {
    expect(subtractFields([["link", ["a", "b"]]], [["link", "a"]])).toEqual([["link", ["a", "b"]]]);
  });

  it("is only the added cookies", () => {
    const before = toFields({ "set-cookie": ["sid=1", "csrf=2"] });
    const after = toFields({ "set-cookie": ["sid=1", "csrf=2", "theme=dark"] });

    expect(subtractFields(after, before)).toEqual([["set-cookie", "theme=dark"]]);
  });

  it("includes a cookie that was set a second time", () => {
    expect(subtractFields([["set-cookie", ["a=1", "a=1"]]], [["set-cookie", "a=1"]])).toEqual([
      ["set-cookie", "a=1"],
    ]);
  });

  it("has no Set-Cookie where no cookie was added", () => {
    expect(subtractFields([["set-cookie", ["a=1"]]], [["set-cookie", "a=1"]])).toEqual([]);
  });

  it("is only the Vary members that are new, whatever their case", () => {
    const after = toFields({ vary: "origin, Accept-Language, Accept" });

    expect(subtractFields(after, toFields({ vary: ["Origin", "accept"] }))).toEqual([
      ["vary", "Accept-Language"],
    ]);
  });

  it("has no Vary where no member is new", () => {
    expect(subtractFields([["vary", "Accept, Origin"]], [["vary", "origin,accept"]])).toEqual([]);
  });

  it("keeps Vary: * even where it was there before", () => {
    expect(subtractFields([["vary", "Origin, *"]], [["vary", "*, Origin"]])).toEqual([["vary", "*"]]);
  });

  it("is empty where no field was set", () => {
    const record = fc.dictionary(fc.stringMatching(/^[a-z]{1,6}$/), fc.array(fc.string({ maxLength: 3 })));
    fc.assert(
      fc.property(record, (said) => {
        expect(subtractFields(toFields(said), toFields(said))).toEqual([]);
      }),
    );
  });
});

describe("the end-to-end fields", () => {
  it("are those that are not about one connection", () => {
    const fields = toFields({
      connection: "close",
      "keep-alive": "timeout=5",
      "proxy-authenticate": "Basic",
      "proxy-authentication-info": "a",
      "proxy-authorization": "Basic a",
      "proxy-connection": "close",
      te: "trailers",
      trailer: "x",
      "transfer-encoding": "chunked",
      upgrade: "h2c",
      etag: '"a"',
    });

    expect(endToEnd(fields)).toEqual([["etag", '"a"']]);
  });

  it("are without those that Connection names", () => {
    const fields = toFields({
      connection: ["close, X-Hop", "x-other"],
      "x-hop": "1",
      "x-other": "2",
      "x-end": "3",
    });

    expect(endToEnd(fields)).toEqual([["x-end", "3"]]);
  });

  it("keep their order and values", () => {
    const fields = toFields({ b: "1", a: ["2", "3"] });

    expect(endToEnd(fields)).toEqual(fields);
  });
});
