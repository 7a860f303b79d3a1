import { describe, expect, it } from "vitest";
import { rfc9111 } from "../../../src/index.ts";
import { kitOf } from "../../support/kit.ts";

describe("the options of a shared cache that obeys RFC 9111", () => {
  it("are exactly these", () => {
    expect(rfc9111).toEqual({
      ttl: "response",
      heuristic: true,
      scope: "shared",
      statuses: "any",
      query: "all",
      setCookie: "store",
      requestDirectives: true,
      revalidate: true,
      invalidateOnUnsafe: true,
      storeDate: true,
    });
    expect(Object.isFrozen(rfc9111)).toBe(true);
  });

  it("are those of a route, which may have others beside them", () => {
    const { policy } = kitOf({ route: { ...rfc9111, query: ["page"], maxBodyBytes: 1 } });

    expect(policy).toMatchObject({ scope: "shared", statuses: "any", defaultTtlMs: 0, maxBodyBytes: 1 });
    expect([...policy.query!.keys()]).toEqual(["page"]);
  });
});
