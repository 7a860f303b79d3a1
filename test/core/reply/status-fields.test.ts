import * as fc from "fast-check";
import { isInnerList, parseList } from "structured-headers";
import { describe, expect, it } from "vitest";
import { statusFields } from "../../../src/core/reply/status-fields.ts";
import { bypassOf, kitOf, said } from "../../support/kit.ts";
import type { Kit } from "../../support/kit.ts";

const POLICY = kitOf().policy;

/** The members of a Cache-Status field as a parser of structured fields reads them. */
function membersOf(field: string | undefined): readonly (readonly [string, Record<string, unknown>])[] {
  return parseList(field!).map(([item, parameters]) => [
    String(isInnerList([item, parameters] as never) ? "inner list" : item),
    Object.fromEntries(
      [...parameters].map(([name, value]) => [name, typeof value === "object" ? String(value) : value]),
    ),
  ]);
}

function statusesOf({ now, ask }: Kit): readonly (string | undefined)[] {
  const miss = ask();
  const hit = ask();
  const bypass = bypassOf(now({ method: "DELETE" }));
  return [miss, hit, bypass].map((message) => said(message, "cache-status"));
}

describe("Cache-Status", () => {
  it("is a structured field that tells what happened (RFC 9211)", () => {
    expect(statusesOf(kitOf()).map(membersOf)).toEqual([
      [["caching-route", { fwd: "uri-miss", "fwd-status": 200, stored: true }]],
      [["caching-route", { hit: true, ttl: 60 }]],
      [["caching-route", { fwd: "method", detail: "method" }]],
    ]);
  });

  it("is one whatever the cache is called", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.nat(0x10ffff).map((code) => String.fromCodePoint(code)), minLength: 1 }),
        (cacheStatus) => {
          const members = statusesOf(kitOf({ cache: { cacheStatus } })).map(membersOf);

          expect(members.map(({ length }) => length)).toEqual([1, 1, 1]);
        },
      ),
      { numRuns: 50 },
    );
  });

  it("stands after that of caches nearer to the handler", () => {
    const fields = statusFields(POLICY, { hit: true }, ["a;hit", "b;fwd=miss"]);

    expect(membersOf(said({ fields }, "cache-status")).map(([name]) => name)).toEqual([
      "a",
      "b",
      "caching-route",
    ]);
  });

  it("does not disclose the key", () => {
    const { ask } = kitOf();

    const statuses = [ask({ target: "/secret?token=x" }), ask({ target: "/secret?token=x" })].map((reply) =>
      said(reply, "cache-status"),
    );

    expect(statuses.join()).not.toMatch(/secret|token|key/);
  });
});
