import { describe, expect, it } from "vitest";
import { fillOf, kitOf, openWith, said, textOf } from "../support/kit.ts";
import type { Kit, KitOptions, Said } from "../support/kit.ts";

const IGNORES_UTM = 'params=("utm")';

function saying(rule: string, body = "report"): Said {
  return { headers: { "no-vary-search": rule }, body };
}

/** A route with `noVarySearch` that has learned a rule for `/reports`. */
function taught(rule: string, route: KitOptions["route"] = {}): Kit {
  const kit = kitOf({ route: { noVarySearch: true, ...route } });
  kit.ask({ target: "/reports?first" }, saying(rule));
  return kit;
}

function kinds({ now }: Kit, ...targets: readonly string[]): readonly string[] {
  return targets.map((target) => {
    const decision = now({ target });
    if (decision.kind === "fill") decision.abandon("aborted");
    return decision.kind;
  });
}

describe("a response with No-Vary-Search", () => {
  it("is shared by requests that differ in those alone", () => {
    const kit = taught(IGNORES_UTM);
    kit.ask({ target: "/reports?utm=1&page=2" }, saying(IGNORES_UTM, "two"));

    expect(textOf(kit.ask({ target: "/reports?page=2&utm=9&utm=8" }))).toBe("two");
    expect(kinds(kit, "/reports?page=2", "/reports?page=3", "/reports?page=2&x=1", "/other?page=2")).toEqual([
      "serve",
      "fill",
      "fill",
      "fill",
    ]);
  });

  it("is shared by all whose excepted parameters are equal", () => {
    const rule = 'params, except=("page")';
    const kit = taught(rule);
    kit.ask({ target: "/reports?page=2&x=1" }, saying(rule));

    expect(kinds(kit, "/reports?y=1&page=2", "/reports?page=3", "/reports")).toEqual([
      "serve",
      "fill",
      "fill",
    ]);
  });

  it("is stored for its own target alone where it is the first with that rule", () => {
    const kit = kitOf({ route: { noVarySearch: true } });
    kit.ask({ target: "/reports?utm=1" }, saying(IGNORES_UTM));

    expect(kinds(kit, "/reports?utm=1", "/reports")).toEqual(["fill", "fill"]);
  });

  it("counts where earlier middleware set the field", () => {
    const kit = kitOf({ route: { noVarySearch: true } });
    const earlier = { earlier: { "no-vary-search": IGNORES_UTM } };
    kit.ask({ target: "/reports" }, earlier);
    kit.ask({ target: "/reports?utm=1" }, earlier);

    expect(kinds(kit, "/reports?utm=2")).toEqual(["serve"]);
  });

  it("is shared by nobody else by default", () => {
    const kit = taught(IGNORES_UTM, { noVarySearch: false });
    kit.ask({ target: "/reports?utm=1" }, saying(IGNORES_UTM));

    expect(kinds(kit, "/reports?utm=1", "/reports?utm=2")).toEqual(["serve", "fill"]);
  });

  it("does not count for other hosts", () => {
    const kit = taught(IGNORES_UTM);
    const origin = "http://other.example";
    kit.ask({ origin, target: "/reports?utm=1" });

    expect(kit.now({ origin, target: "/reports?utm=2" }).kind).toBe("fill");
  });

  it("does not count for other principals", () => {
    const kit = taught(IGNORES_UTM, { scope: ({ headers }) => headers?.["x-user"] ?? "nobody" });
    kit.ask({ target: "/reports?utm=1", headers: { "x-user": "a" } }, saying(IGNORES_UTM));

    expect(kit.now({ target: "/reports?utm=2", headers: { "x-user": "a" } }).kind).toBe("serve");
    expect(kit.now({ target: "/reports?utm=2", headers: { "x-user": "b" } }).kind).toBe("fill");
  });

  it("does not count for methods with content", () => {
    const kit = taught(IGNORES_UTM, { methods: ["GET", "QUERY"] });
    const query = { method: "QUERY", content: "x", headers: { "content-type": "text/plain" } };
    kit.ask({ ...query, target: "/reports?utm=1" });

    expect(kit.now({ ...query, target: "/reports?utm=1" }).kind).toBe("serve");
    expect(kit.now({ ...query, target: "/reports?utm=2" }).kind).toBe("fill");
  });

  it("leaves the query as it was sent for the handler", () => {
    expect(fillOf(taught(IGNORES_UTM).now({ target: "/reports?utm=1" })).target).toBeUndefined();
  });

  it("changes no rule where it may not be stored", () => {
    const kit = taught(IGNORES_UTM);
    kit.ask({ target: "/reports?utm=1" }, { status: 500 });
    kit.ask({ target: "/reports?utm=2" }, saying(IGNORES_UTM));

    expect(kinds(kit, "/reports?utm=3")).toEqual(["serve"]);
  });

  it("is explained with the URI as it counts", async () => {
    const { cache } = taught(IGNORES_UTM);

    const { key } = await cache.explain({ url: "http://example.org/reports?utm=1&page=2" });

    expect(key?.uri).toBe("http://example.org/reports?page=2");
  });
});

describe("a response with another rule than the one its request was looked up by", () => {
  it.each([
    ["none", {}],
    ["another", saying('params=("page")')],
    ["one that is invalid", saying("params=utm")],
  ])("is not stored: %s", (_, response) => {
    const kit = taught(IGNORES_UTM);

    kit.ask({ target: "/reports?utm=1" }, response);

    expect(kit.cache.stats().refusals).toEqual({ "search-rule": 1 });
    expect(kinds(kit, "/reports?utm=1", "/reports?utm=2")).toEqual(["fill", "fill"]);
  });

  it("sets the rule by which the next one is stored", () => {
    const kit = taught(IGNORES_UTM);
    const rule = 'params=("page")';
    kit.ask({ target: "/reports?utm=1" }, saying(rule));
    kit.ask({ target: "/reports?utm=1&page=1" }, saying(rule));

    expect(kinds(kit, "/reports?utm=1&page=2", "/reports?utm=2&page=1")).toEqual(["serve", "fill"]);
  });

  it("is not served where an earlier rule would have allowed it", () => {
    const kit = taught(IGNORES_UTM);
    kit.ask({ target: "/reports?utm=1" }, saying(IGNORES_UTM));
    kit.ask({ target: "/reports?page=7" }, saying('params=("page")'));

    // The entry is for no `page` and any `utm`; this request has a `page`, which did count for it.
    expect(kinds(kit, "/reports?page=8")).toEqual(["fill"]);
  });

  it("makes no later request run alone when the rule comes back", () => {
    const kit = taught(IGNORES_UTM);
    kit.ask({ target: "/reports?utm=1" });
    kit.ask({ target: "/reports?utm=1" }, saying(IGNORES_UTM));

    expect(fillOf(kit.now({ target: "/reports?utm=1" })).hidden).not.toEqual([]);
  });

  it("removes the entry where it is a 304", () => {
    const kit = taught(IGNORES_UTM, { revalidate: true, ttl: 1 });
    const tagged = { headers: { "no-vary-search": IGNORES_UTM, etag: '"1"' } };
    kit.ask({ target: "/reports?utm=1" }, tagged);
    kit.clock.advance(5000);
    kit.ask({ target: "/reports?utm=2" }, { status: 304, headers: { "no-vary-search": "params" } });

    expect(kit.cache.stats().refusals).toEqual({ "search-rule": 1 });
    expect(fillOf(kit.now({ target: "/reports?utm=2" })).conditions).toEqual([]);
  });

  it("keeps the rule where it is a 304 without the field", () => {
    const kit = taught(IGNORES_UTM, { revalidate: true, ttl: 1 });
    const tagged = { headers: { "no-vary-search": IGNORES_UTM, etag: '"1"' } };
    kit.ask({ target: "/reports?utm=1" }, tagged);
    kit.clock.advance(5000);
    kit.ask({ target: "/reports?utm=2" }, { status: 304 });

    expect(kinds(kit, "/reports?utm=3")).toEqual(["serve"]);
  });
});

describe("a route with declared parameters and noVarySearch", () => {
  const route = { noVarySearch: true, query: ["page", "lang"] };
  const OFFER = 'key-order, params, except=("lang" "page")';

  it("sends on misses and hits that only those parameters count", () => {
    const { ask } = kitOf({ route });

    expect([ask(), ask()].map((reply) => said(reply, "no-vary-search"))).toEqual([OFFER, OFFER]);
  });

  it("sends it with streams and with responses that are not stored", () => {
    const { ask, now } = kitOf({ route });
    const stream = openWith(fillOf(now())).stream();
    stream.sink?.abandon("failed");

    expect(said(stream, "no-vary-search")).toBe(OFFER);
    expect(said(ask({}, { headers: { "cache-control": "no-store" } }), "no-vary-search")).toBe(OFFER);
  });

  it("sends it with entries that a 304 made fresh", () => {
    const { ask, clock } = kitOf({ route: { ...route, revalidate: true, ttl: 1 } });
    ask({}, { headers: { etag: '"1"' } });
    clock.advance(5000);

    expect([ask({}, { status: 304 }), ask()].map((reply) => said(reply, "no-vary-search"))).toEqual([
      OFFER,
      OFFER,
    ]);
  });

  it("keeps the handler's own field", () => {
    const { ask } = taught(IGNORES_UTM, route);

    expect([ask({}, saying(IGNORES_UTM)), ask()].map((reply) => said(reply, "no-vary-search"))).toEqual([
      IGNORES_UTM,
      IGNORES_UTM,
    ]);
  });

  it("keeps a middleware's own field", () => {
    const reply = kitOf({ route }).ask({}, { earlier: { "no-vary-search": IGNORES_UTM } });

    expect(said(reply, "no-vary-search")).toBeUndefined();
  });

  it("takes names exactly, as it sends them: neither the key nor the handler has parts of them", () => {
    const { ask, now } = kitOf({ route });
    const fill = fillOf(now({ target: "/reports?page[x]=1&page=2" }));
    fill.abandon("aborted");

    expect([fill.target, fill.keepsParameter?.("page[x]")]).toEqual(["/reports?page=2", false]);
    ask({ target: "/reports?page=2" });
    expect(now({ target: "/reports?page.y=1&page=2" }).kind).toBe("serve");
  });

  it.each<[string, KitOptions["route"]]>([
    ["without the option", { query: ["page"] }],
    ["where all parameters count", { noVarySearch: true, query: "all" }],
    ["where the handler sees all of them", { ...route, key: () => "reports" }],
  ])("does not send the field %s", (_, other) => {
    expect(said(kitOf({ route: other ?? {} }).ask(), "no-vary-search")).toBeUndefined();
  });

  it("obeys its handler's field for the declared parameters", () => {
    const kit = taught('params=("lang")', route);
    kit.ask({ target: "/reports?page=1&lang=en" }, saying('params=("lang")'));

    expect(kinds(kit, "/reports?page=1&lang=de&x=1", "/reports?page=2")).toEqual(["serve", "fill"]);
  });
});

describe("an unsafe request", () => {
  it("removes what its URI shares with others, and what was stored before the rule was known", () => {
    const kit = kitOf({ route: { noVarySearch: true, invalidateOnUnsafe: true } });
    const target = "/reports?utm=1";
    kit.ask({ target }, saying(IGNORES_UTM));
    kit.ask({ target }, saying(IGNORES_UTM));
    const pass = fillOf(kit.now({ method: "POST", target }));
    openWith(pass).complete(undefined);

    expect(kinds(kit, "/reports?utm=2")).toEqual(["fill"]);
    kit.ask({ target: "/reports" }, {});
    expect(kinds(kit, target)).toEqual(["fill"]);
  });
});
