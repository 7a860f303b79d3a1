import { describe, expect, it } from "vitest";
import { forwardedFields, HitFields, staleFields } from "../../../src/core/reply/hit-fields.ts";
import type { Entry } from "../../../src/index.ts";
import { platformDigest } from "../../../src/platform.ts";
import { kitOf } from "../../support/kit.ts";

const digest = platformDigest(new Uint8Array());
const { policy } = kitOf();
const ENTRY = {
  key: "a",
  variant: "",
  fields: [["cache-status", "origin;hit"]],
  storedAt: 0,
  staleAt: 60_999,
} as Partial<Entry> as Entry;

describe("the fields that a hit adds to its entry", () => {
  it("are worked out once in a second", () => {
    const hits = new HitFields(digest);

    const [first, same, next] = [1000, 1999, 2000].map((now) => hits.of(ENTRY, policy, now));

    expect(same).toBe(first);
    expect([first?.fields, next?.fields].map((fields) => fields?.[0])).toEqual([
      ["age", "1"],
      ["age", "2"],
    ]);
  });

  it("are those of its own policy", () => {
    const hits = new HitFields(digest);
    const silent = kitOf({ cache: { cacheStatus: false, statusHeader: false } }).policy;
    hits.of(ENTRY, policy, 1000);

    expect(hits.of(ENTRY, silent, 1000).fields).toEqual([
      ["age", "1"],
      ["cache-status", "origin;hit"],
    ]);
  });
});

describe("the fields that are added to an entry", () => {
  it.each([
    [
      "for a follower",
      new HitFields(digest).collapsed(ENTRY, policy, 1000, "uri-miss").fields,
      "MISS",
      "fwd=uri-miss;collapsed",
    ],
    [
      "for the leader",
      forwardedFields(policy, ENTRY, 1000, digest, { fwd: "stale", stored: true }),
      "MISS",
      "fwd=stale;stored",
    ],
    [
      "that stands in for an error",
      staleFields(policy, ENTRY, 1000, digest, "failed"),
      "HIT",
      "fwd=stale;detail=failed",
    ],
  ])("%s", (_, fields, word, status) => {
    expect(fields).toEqual([
      ["age", "1"],
      ["x-cache", word],
      ["cache-status", `origin;hit, caching-route;${status}`],
    ]);
  });
});
