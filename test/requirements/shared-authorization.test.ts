import { describe, expect, it } from "vitest";
import { fillOf, kitOf, openWith, said } from "../support/kit.ts";
import type { Asked, Kit } from "../support/kit.ts";

const ANN: Asked = { headers: { authorization: "Bearer ann" } };

const shared = (): Kit => kitOf({ route: { scope: "shared" } });

describe("a shared cache, and a request with Authorization (RFC 9111 §3.5)", () => {
  it.each([["public"], ["public, max-age=60"], ["s-maxage=60"], ["must-revalidate, max-age=60"]])(
    "stores a response that says %s",
    (value) => {
      const { ask, now } = shared();
      ask(ANN, { headers: { "cache-control": value } });

      expect([now().kind, now(ANN).kind]).toEqual(["serve", "serve"]);
    },
  );

  it.each([["max-age=60"], ["proxy-revalidate"], ["immutable"], ["public, private"], [""]])(
    "stores none that says %j",
    (value) => {
      const { ask, now } = shared();
      ask(ANN, { headers: { "cache-control": value } });

      expect(now().kind).toBe("fill");
    },
  );

  it("says why it stored none", () => {
    expect(said(shared().ask(ANN), "cache-status")).toBe(
      "caching-route;fwd=uri-miss;fwd-status=200;detail=credentials",
    );
  });

  it("answers it from what was stored for those without", () => {
    const { ask, now } = shared();
    ask();

    expect(now(ANN).kind).toBe("serve");
  });

  it("lets cookies alone, which are no credentials to it", () => {
    const { ask, now } = shared();
    ask({ headers: { cookie: "a=1" } });

    expect(now({ headers: { cookie: "b=2" } }).kind).toBe("serve");
  });

  it("neither leads others nor waits for them", () => {
    const { begin } = shared();

    const decisions = [begin(ANN), begin(), begin(ANN)];

    expect(decisions.map((decision) => decision instanceof Promise)).toEqual([false, false, false]);
  });

  it("does not make the resource count as uncacheable for others", () => {
    const { ask, now, begin } = shared();
    ask(ANN);
    const leader = fillOf(now());

    expect(leader.hidden).toContain("range");
    expect(begin()).toBeInstanceOf(Promise);
    openWith(leader).complete("made");
  });
});
