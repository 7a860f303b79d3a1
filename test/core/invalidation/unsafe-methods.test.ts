import { describe, expect, it } from "vitest";
import { isUnsafe, outdatedResources } from "../../../src/core/invalidation/unsafe-methods.ts";
import { TargetCache } from "../../../src/core/request/normalized-target.ts";
import { toFields } from "../../../src/http/fields.ts";
import { parseNoVarySearch } from "../../../src/http/no-vary-search.ts";
import { requestOf } from "../../support/kit.ts";
import type { Said } from "../../support/kit.ts";

const ORIGIN = "http://example.org";

function resources(
  said: Said,
  names: readonly TargetCache[] = [new TargetCache("", undefined)],
): readonly string[] {
  const head = { status: said.status ?? 200, fields: toFields(said.headers ?? {}) };
  return outdatedResources(requestOf({ method: "POST", target: "/a/b?x=1" }), head, ORIGIN, names);
}

describe("a method", () => {
  it.each(["GET", "HEAD", "OPTIONS", "TRACE", "QUERY"])(
    "is safe: %s (RFC 9110 §9.2.1, RFC 10008 §2)",
    (method) => {
      expect(isUnsafe(method)).toBe(false);
    },
  );

  it.each(["POST", "PUT", "PATCH", "DELETE", "FROBNICATE", "get"])(
    "is unsafe where it is not known to be safe: %s",
    (method) => {
      expect(isUnsafe(method)).toBe(true);
    },
  );
});

describe("the resources that an unsafe request outdates", () => {
  it.each([200, 399])("are its target where it succeeds with %d (RFC 9111 §4.4)", (status) => {
    expect(resources({ status })).toEqual([`${ORIGIN}/a/b?x=1`]);
  });

  it.each([199, 400, 500])("are none where it ends with %d", (status) => {
    expect(resources({ status, headers: { location: "/c" } })).toEqual([]);
  });

  it("are those in Location and Content-Location, resolved against its target, with their query", () => {
    expect(resources({ headers: { location: "c?y=2#d", "content-location": `${ORIGIN}:80/e` } })).toEqual([
      `${ORIGIN}/a/b?x=1`,
      `${ORIGIN}/a/c?y=2`,
      `${ORIGIN}/e`,
    ]);
  });

  it.each(["http://example.com/c", "https://example.org/c", "//example.com/c", "http://[/c", "data:,c"])(
    "are none of another origin: %s",
    (location) => {
      expect(resources({ headers: { location } })).toEqual([`${ORIGIN}/a/b?x=1`]);
    },
  );

  it("are named as each route names them, each once", () => {
    const whole = new TargetCache("", undefined);
    const declared = new TargetCache("", new Map());

    expect(resources({}, [whole, declared, whole])).toEqual([`${ORIGIN}/a/b?x=1`, `${ORIGIN}/a/b`]);
  });

  it("are named by the rule of their path, and as before the rule was known", () => {
    const targets = new TargetCache("p|", undefined);
    targets.setRule(ORIGIN, "/a/b", parseNoVarySearch('params=("x")'));

    expect(resources({}, [targets])).toEqual([targets.of(ORIGIN, "/a/b").resource, `p|${ORIGIN}/a/b?x=1`]);
  });
});
