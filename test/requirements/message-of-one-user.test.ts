import { describe, expect, it } from "vitest";
import { answer, fillOf, kitOf, said, textOf } from "../support/kit.ts";
import type { Kit, KitOptions, Said } from "../support/kit.ts";

type Headers = NonNullable<Said["headers"]>;

function staleKit(headers: Headers = {}, options: KitOptions = {}): Kit {
  const kit = kitOf({ ...options, route: { ttl: 10, revalidate: true, ...options.route } });
  kit.ask({}, { headers: { etag: '"v1"', ...headers }, body: "stored" });
  kit.clock.advance(10);
  return kit;
}

describe("the message of one user (hazard 35)", () => {
  const eve = { authorization: "Bearer eve" };
  const shared = { scope: "shared", revalidate: true, ttl: "response" } as const;
  const forAll = { "cache-control": "public, max-age=10" };

  it.each<[string, Headers]>([
    ["nothing of sharing", {}],
    ["max-age", { "cache-control": "max-age=60" }],
    ["private", { "cache-control": "private" }],
    ["no-store", { "cache-control": "no-store" }],
    ["another tag", { etag: '"v2"' }],
    ["Vary: *", { vary: "*" }],
  ])("is not told to others where it says %s: a 304", (_, headers) => {
    const { ask, now } = staleKit(forAll, { route: shared });

    const own = ask({ headers: eve }, { status: 304, headers: { "x-account": "eve", ...headers } });
    const next = fillOf(now());

    expect([textOf(own), said(own, "x-account")]).toEqual(["stored", "eve"]);
    expect(next.conditions).toEqual([["if-none-match", '"v1"']]);
    expect(said(answer(next, { status: 304 }), "x-account")).toBeUndefined();
  });

  it.each<[string, Headers]>([
    ["nothing of sharing", { etag: '"v1"' }],
    ["private", { "cache-control": "private" }],
    ["another tag", { etag: '"v2"' }],
    ["another length", { "content-length": "7" }],
  ])("is not told to others where it says %s: a HEAD", (_, headers) => {
    const { ask, now } = staleKit(forAll, { route: shared });

    ask({ method: "HEAD", headers: eve }, { headers: { "x-account": "eve", ...headers } });
    const next = fillOf(now());

    expect(next.conditions).toEqual([["if-none-match", '"v1"']]);
    expect(said(answer(next, { status: 304 }), "x-account")).toBeUndefined();
  });

  it.each([["public"], ["must-revalidate"], ["s-maxage=60"]])(
    "freshens for all where it says %s itself (RFC 9111 §3.5)",
    (directive) => {
      const { ask } = staleKit(forAll, { route: shared });

      const headers = { "x-a": "new", "cache-control": `${directive}, max-age=60` };
      ask({ headers: eve }, { status: 304, headers });

      expect(said(ask(), "x-a")).toBe("new");
    },
  );

  it("does not remove what all may see: an error that only this user is sent", () => {
    const { ask, now } = staleKit(forAll, { route: shared });

    ask({ headers: eve }, { status: 403 });

    expect(fillOf(now()).conditions).toEqual([["if-none-match", '"v1"']]);
  });

  it("is each principal's own under a scope function", () => {
    const scope = ({ headers }: { headers?: Readonly<Record<string, string>> }): string =>
      headers?.["authorization"] ?? "nobody";
    const { ask } = staleKit({}, { route: { scope } });
    ask({ headers: eve }, { headers: { etag: '"v1"' } });

    ask({ headers: eve }, { status: 304, headers: { "x-account": "eve" } });
    const nobodys = ask({}, { status: 304 });

    expect(said(nobodys, "x-account")).toBeUndefined();
  });
});

describe("a message that may not be stored", () => {
  it.each<[string, Headers, Said]>([
    [
      "private, though the stored response has a field for shared caches",
      { "cdn-cache-control": "max-age=10" },
      { headers: { "cache-control": "private" } },
    ],
    [
      "private before the cache, though the stored response is public",
      { "cache-control": "public, max-age=10" },
      { earlier: { "cache-control": "private" } },
    ],
  ])("freshens nothing: %s", (_, stored, head) => {
    const { ask, now } = staleKit(stored);

    ask({}, { status: 304, ...head });

    expect(fillOf(now()).conditions).toEqual([]);
  });
});
