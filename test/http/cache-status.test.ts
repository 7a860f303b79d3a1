import * as fc from "fast-check";
import { parseList } from "structured-headers";
import { describe, expect, it } from "vitest";
import { appendCacheStatus, formatCacheStatus } from "../../src/http/cache-status.ts";
import { isFieldValue } from "../../src/http/fields.ts";

const anyText = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({
    unit: fc.constantFrom(",", ";", "=", '"', "\\", " ", "a", "%", "\r", "\n", "\uD800", "\u{1F600}"),
  }),
);

describe("a Cache-Status member", () => {
  it("has the ttl of a hit", () => {
    expect(formatCacheStatus({ cache: "caching-route", hit: true, ttl: 30 })).toBe(
      "caching-route;hit;ttl=30",
    );
  });

  it("has the reason and the outcome of a forwarded request", () => {
    const status = {
      cache: "caching-route",
      hit: false,
      fwd: "uri-miss",
      fwdStatus: 200,
      stored: true,
      collapsed: true,
      ttl: 60,
      key: "a key",
      detail: "no-store",
    } as const;

    expect(formatCacheStatus(status)).toBe(
      'caching-route;fwd=uri-miss;fwd-status=200;stored;collapsed;ttl=60;key="a key";detail=no-store',
    );
  });

  it("has an explicit ?0 for what was not done", () => {
    expect(formatCacheStatus({ cache: "a", fwd: "miss", stored: false, collapsed: false })).toBe(
      "a;fwd=miss;stored=?0;collapsed=?0",
    );
  });

  it("never has hit and fwd of one request", () => {
    expect(formatCacheStatus({ cache: "a", hit: true, fwd: "stale", fwdStatus: 500, stored: true })).toBe(
      "a;hit",
    );
  });

  it("has only the name where nothing else is known", () => {
    expect(formatCacheStatus({ cache: "a" })).toBe("a");
  });

  it("quotes a name that is not a token", () => {
    expect(formatCacheStatus({ cache: "my cache", detail: "2 late" })).toBe('"my cache";detail="2 late"');
  });

  it("always quotes the key", () => {
    expect(formatCacheStatus({ cache: "a", key: "token" })).toBe('a;key="token"');
  });

  it("escapes quotes and backslashes, and percent-encodes what is not ASCII", () => {
    expect(formatCacheStatus({ cache: "a", detail: '"\\\n\u007Fé\u{1F600}\uD800' })).toBe(
      'a;detail="\\"\\\\%0A%7F%C3%A9%F0%9F%98%80%EF%BF%BD"',
    );
  });

  it.each([
    [Infinity, 999_999_999_999_999],
    [-Infinity, -999_999_999_999_999],
    [0.9, 0],
    [-0.5, -1],
    [-0, 0],
  ])("has an integer of at most 15 digits for a ttl of %d", (ttl, expected) => {
    expect(formatCacheStatus({ cache: "a", hit: true, ttl })).toBe(`a;hit;ttl=${expected}`);
  });

  it("leaves out NaN", () => {
    expect(formatCacheStatus({ cache: "a", hit: true, ttl: NaN })).toBe("a;hit");
  });

  it("is one valid structured field member, whatever the strings are", () => {
    fc.assert(
      fc.property(anyText, anyText, anyText, fc.double(), (cache, key, detail, ttl) => {
        const member = formatCacheStatus({ cache, fwd: "miss", stored: true, key, detail, ttl });

        const list = parseList(member);

        expect(isFieldValue(member)).toBe(true);
        expect(list).toHaveLength(1);
        expect([...(list[0]?.[1].keys() ?? [])].filter((name) => name !== "ttl")).toEqual([
          "fwd",
          "stored",
          "key",
          "detail",
        ]);
      }),
    );
  });

  it("keeps printable ASCII as it is", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme-ascii" }), (text) => {
        const list = parseList(formatCacheStatus({ cache: text, key: text, detail: text }));

        expect([list[0]?.[0], list[0]?.[1].get("key"), list[0]?.[1].get("detail")].map(String)).toEqual([
          text,
          text,
          text,
        ]);
      }),
    );
  });

  it("cannot be forged by a comma in the key or the detail", () => {
    const forged = 'x", other;hit, "y';

    const member = formatCacheStatus({ cache: "a", fwd: "miss", key: forged, detail: forged });

    expect(parseList(member).map(([name]) => String(name))).toEqual(["a"]);
  });
});

describe("Cache-Status", () => {
  it("is the member alone where no other cache set the field", () => {
    expect([appendCacheStatus(undefined, "a;hit"), appendCacheStatus("", "a;hit")]).toEqual([
      "a;hit",
      "a;hit",
    ]);
  });

  it("has the member after those of the caches nearer to the origin", () => {
    expect(appendCacheStatus(["origin;hit", "inner;fwd=miss"], "a;hit")).toBe(
      "origin;hit, inner;fwd=miss, a;hit",
    );
  });
});
