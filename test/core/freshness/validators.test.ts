import { describe, expect, it } from "vitest";
import { conditionsOf, freshened, isSameRepresentation } from "../../../src/core/freshness/validators.ts";
import type { Fields } from "../../../src/http/fields.ts";
import type { Entry } from "../../../src/index.ts";

const MODIFIED = "Thu, 01 Jan 2026 00:00:00 GMT";

function entryWith(fields: Fields, body = "report"): Entry {
  return { fields, body: new TextEncoder().encode(body) } as Partial<Entry> as Entry;
}

describe("the conditions of a stored response", () => {
  it.each<[string, Fields, Fields]>([
    ["its entity tag", [["etag", 'W/"1"']], [["if-none-match", 'W/"1"']]],
    ["its Last-Modified", [["last-modified", MODIFIED]], [["if-modified-since", MODIFIED]]],
    ["none without a validator", [["content-type", "text/plain"]], []],
  ])("are %s (RFC 9111 §4.3.1)", (_, fields, conditions) => {
    expect(conditionsOf(entryWith(fields))).toEqual(conditions);
  });

  it("are both where it has both", () => {
    const fields: Fields = [
      ["last-modified", MODIFIED],
      ["etag", '"1"'],
    ];

    expect(conditionsOf(entryWith(fields))).toEqual([
      ["if-none-match", '"1"'],
      ["if-modified-since", MODIFIED],
    ]);
  });

  it("are none where nothing is stored", () => {
    expect(conditionsOf(undefined)).toEqual([]);
  });
});

describe("a 304", () => {
  it("replaces the stored fields that it names, and leaves the others (RFC 9111 §3.2)", () => {
    const stored: Fields = [
      ["cache-control", "max-age=1"],
      ["x-a", "old"],
    ];

    expect(freshened(stored, [["cache-control", "max-age=60"]])).toEqual([
      ["x-a", "old"],
      ["cache-control", "max-age=60"],
    ]);
  });

  it.each([
    "content-digest",
    "content-encoding",
    "content-length",
    "content-md5",
    "content-range",
    "digest",
    "etag",
    "repr-digest",
  ])("leaves %s, which describes the stored content", (name) => {
    expect(freshened([[name, "old"]], [[name, "new"]])).toEqual([[name, "old"]]);
    expect(freshened([], [[name, "new"]])).toEqual([]);
  });
});

describe("a response to HEAD", () => {
  const entry = entryWith([
    ["etag", '"1"'],
    ["last-modified", MODIFIED],
  ]);

  it.each<[string, Fields]>([
    ["says nothing of it", []],
    ["has its length", [["content-length", "6"]]],
    ["has its entity tag", [["etag", '"1"']]],
    ["has its Last-Modified", [["last-modified", MODIFIED]]],
  ])("describes the stored content where it %s", (_, fields) => {
    expect(isSameRepresentation(entry, fields)).toBe(true);
  });

  it.each<[string, Fields]>([
    ["length", [["content-length", "7"]]],
    ["length, written otherwise", [["content-length", "06"]]],
    ["entity tag", [["etag", '"2"']]],
    ["weakness of its tag", [["etag", 'W/"1"']]],
    ["Last-Modified", [["last-modified", "Thu, 01 Jan 2026 00:00:01 GMT"]]],
  ])("describes other content where it has another %s", (_, fields) => {
    expect(isSameRepresentation(entry, fields)).toBe(false);
  });

  it("describes other content where it has a validator that nothing stored has", () => {
    expect(isSameRepresentation(entryWith([]), [["etag", '"1"']])).toBe(false);
  });
});
