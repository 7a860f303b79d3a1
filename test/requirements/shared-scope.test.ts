import { describe, expect, it } from "vitest";
import { answer, fillOf, kitOf, openWith, said, textOf } from "../support/kit.ts";
import type { Asked, Kit, Said } from "../support/kit.ts";
import { staleKit } from "../support/staged.ts";

type Headers = NonNullable<Said["headers"]>;

const ANN: Asked = { headers: { authorization: "Bearer ann" } };

const shared = (): Kit => kitOf({ route: { scope: "shared" } });

describe('a request with Authorization, under scope "shared" (RFC 9111 §3.5),', () => {
  it.each([["public"], ["public, max-age=60"], ["s-maxage=60"], ["must-revalidate, max-age=60"]])(
    "has its response stored where that has %s",
    (value) => {
      const { ask, now } = shared();
      ask(ANN, { headers: { "cache-control": value } });

      expect([now().kind, now(ANN).kind]).toEqual(["serve", "serve"]);
    },
  );

  it.each([["max-age=60"], ["proxy-revalidate"], ["immutable"], ["public, private"], [""]])(
    "does not have its response stored where that has %j",
    (value) => {
      const { ask, now } = shared();
      ask(ANN, { headers: { "cache-control": value } });

      expect(now().kind).toBe("fill");
    },
  );

  it("has the reason in Cache-Status where its response is not stored", () => {
    expect(said(shared().ask(ANN), "cache-status")).toBe(
      "caching-route;fwd=uri-miss;fwd-status=200;detail=credentials",
    );
  });

  it("is served what was stored for requests without", () => {
    const { ask, now } = shared();
    ask();

    expect(now(ANN).kind).toBe("serve");
  });

  it("may have cookies instead, which are no credentials then", () => {
    const { ask, now } = shared();
    ask({ headers: { cookie: "a=1" } });

    expect(now({ headers: { cookie: "b=2" } }).kind).toBe("serve");
  });

  it("neither leads other requests nor waits for them", () => {
    const { begin } = shared();

    const decisions = [begin(ANN), begin(), begin(ANN)];

    expect(decisions.map((decision) => decision instanceof Promise)).toEqual([false, false, false]);
  });

  it("does not make its resource uncacheable for others", () => {
    const { ask, now, begin } = shared();
    ask(ANN);
    const leader = fillOf(now());

    expect(leader.hidden).toContain("range");
    expect(begin()).toBeInstanceOf(Promise);
    openWith(leader).complete("made");
  });
});

describe("one user's response to a revalidation (hazard 35)", () => {
  const eve = { authorization: "Bearer eve" };
  const shared = { scope: "shared", revalidate: true, ttl: "response" } as const;
  const forAll = { "cache-control": "public, max-age=10" };

  it.each<[string, Headers]>([
    ["no directive", {}],
    ["max-age", { "cache-control": "max-age=60" }],
    ["private", { "cache-control": "private" }],
    ["no-store", { "cache-control": "no-store" }],
    ["another tag", { etag: '"v2"' }],
    ["Vary: *", { vary: "*" }],
  ])("is not shared with others where it has %s: a 304", (_, headers) => {
    const { ask, now } = staleKit(forAll, { route: shared });

    const own = ask({ headers: eve }, { status: 304, headers: { "x-account": "eve", ...headers } });
    const next = fillOf(now());

    expect([textOf(own), said(own, "x-account")]).toEqual(["stored", "eve"]);
    expect(next.conditions).toEqual([["if-none-match", '"v1"']]);
    expect(said(answer(next, { status: 304 }), "x-account")).toBeUndefined();
  });

  it.each<[string, Headers]>([
    ["no directive", { etag: '"v1"' }],
    ["private", { "cache-control": "private" }],
    ["another tag", { etag: '"v2"' }],
    ["another length", { "content-length": "7" }],
  ])("is not shared with others where it has %s: a HEAD", (_, headers) => {
    const { ask, now } = staleKit(forAll, { route: shared });

    ask({ method: "HEAD", headers: eve }, { headers: { "x-account": "eve", ...headers } });
    const next = fillOf(now());

    expect(next.conditions).toEqual([["if-none-match", '"v1"']]);
    expect(said(answer(next, { status: 304 }), "x-account")).toBeUndefined();
  });

  it.each([["public"], ["must-revalidate"], ["s-maxage=60"]])(
    "freshens the entry for all where it has %s itself (RFC 9111 §3.5)",
    (directive) => {
      const { ask } = staleKit(forAll, { route: shared });

      const headers = { "x-a": "new", "cache-control": `${directive}, max-age=60` };
      ask({ headers: eve }, { status: 304, headers });

      expect(said(ask(), "x-a")).toBe("new");
    },
  );

  it("does not remove the entry where it is an error for that user alone", () => {
    const { ask, now } = staleKit(forAll, { route: shared });

    ask({ headers: eve }, { status: 403 });

    expect(fillOf(now()).conditions).toEqual([["if-none-match", '"v1"']]);
  });

  it("freshens that principal's entry alone under a scope function", () => {
    const scope = ({ headers }: { headers?: Readonly<Record<string, string>> }): string =>
      headers?.["authorization"] ?? "nobody";
    const { ask } = staleKit({}, { route: { scope } });
    ask({ headers: eve }, { headers: { etag: '"v1"' } });

    ask({ headers: eve }, { status: 304, headers: { "x-account": "eve" } });
    const nobodys = ask({}, { status: 304 });

    expect(said(nobodys, "x-account")).toBeUndefined();
  });
});
