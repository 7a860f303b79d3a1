import { describe, expect, it } from "vitest";
import { kitOf } from "../support/kit.ts";
import type { Asked, Kit, KitOptions } from "../support/kit.ts";

const byTheBook: KitOptions = { route: { invalidateOnUnsafe: true } };

/** A cache that holds `/a` of one origin, in these groups. */
function holding(groups: string, options: KitOptions = byTheBook): Kit {
  const kit = kitOf(options);
  kit.ask({ target: "/a" }, { headers: { "cache-groups": groups } });
  return kit;
}

function invalidating(kit: Kit, groups: string, asked: Asked = {}, status = 200): string {
  kit.ask(
    { method: "POST", target: "/other", ...asked },
    { status, headers: { "cache-group-invalidation": groups } },
  );
  return kit.now({ target: "/a" }).kind;
}

describe("a group that a response to an unsafe request invalidates", () => {
  it.each([
    ['"users"', '"users"'],
    ['"users", "reports"', '"colours", "reports"'],
    ['"users";a=1', '"users"; b="x" , "y"'],
    ['"a\\"b"', '"a\\"b"'],
  ])("removes the responses that name it: %s, by %s", (said, invalidated) => {
    expect(invalidating(holding(said), invalidated)).toBe("fill");
  });

  it.each([
    ['"users"', '"Users"'],
    ['"users"', '"user"'],
    ['"users"', "users"],
    ["users", '"users"'],
    ['"users", 1', '"users"'],
    ['"users"', '"users",'],
    ['"users"', '"users'],
    ['"users"', ""],
  ])("is matched as a string of a valid list, or not at all: %s, by %s", (said, invalidated) => {
    expect(invalidating(holding(said), invalidated)).toBe("serve");
  });

  it("is the group of its own origin only", () => {
    const kit = holding('"users"');

    expect(invalidating(kit, '"users"', { origin: "http://evil.example" })).toBe("serve");
  });

  it("is not reached by an origin that is spelled like another origin and its group", () => {
    const kit = kitOf(byTheBook);
    kit.ask({ target: "/a" }, { headers: { "cache-groups": '"b|users"' } });

    expect(invalidating(kit, '"users"', { origin: "http://example.org|b" })).toBe("serve");
  });

  it("is left alone by a safe method", () => {
    expect(invalidating(holding('"users"'), '"users"', { method: "GET", target: "/b" })).toBe("serve");
  });

  it.each([["OPTIONS"], ["QUERY"]])(
    "is left alone by %s, whose response the cache does not see",
    (method) => {
      expect(kitOf(byTheBook).now({ method }).kind).toBe("bypass");
    },
  );

  it("is left alone by a request that failed", () => {
    expect(invalidating(holding('"users"'), '"users"', {}, 500)).toBe("serve");
  });

  it("is ignored where unsafe requests invalidate nothing", () => {
    expect(holding('"users"', {}).now({ method: "POST" }).kind).toBe("bypass");
  });
});

describe("groups and tags", () => {
  it("have separate names, so that a handler cannot invalidate what the application has tagged", () => {
    const kit = kitOf({ route: { ...byTheBook.route, tags: ["users"] } });
    kit.ask({ target: "/a" });

    expect(invalidating(kit, '"users"')).toBe("serve");
  });

  it("can belong to one response", async () => {
    const kit = kitOf({ route: { ...byTheBook.route, tags: ["reports"] } });
    kit.ask({ target: "/a" }, { headers: { "cache-groups": '"users"' } });

    await kit.cache.invalidate({ tag: "reports" });

    expect(kit.now({ target: "/a" }).kind).toBe("fill");
  });
});
