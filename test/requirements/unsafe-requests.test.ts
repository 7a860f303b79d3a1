import { describe, expect, it } from "vitest";
import { answer, asyncStore, fillOf, kitOf, openWith, said, settle, textOf } from "../support/kit.ts";
import type { Asked, Kit, Said } from "../support/kit.ts";

const TARGETS = ["/a", "/b", "/c?x=1"];

function kitWith(...targets: readonly string[]): Kit {
  const kit = kitOf({ route: { invalidateOnUnsafe: true } });
  targets.forEach((target) => kit.ask({ target }));
  return kit;
}

/** Which of the targets are still stored. */
function stored({ now }: Kit, targets: readonly string[] = TARGETS): readonly string[] {
  return targets.filter((target) => now({ target }).kind === "serve");
}

const post = (target = "/a"): Asked => ({ method: "POST", target });

describe("an unsafe request on a route that invalidates", () => {
  it("is counted, and not reported as a mistake", () => {
    const told: unknown[] = [];
    const kit = kitOf({
      cache: { reporter: (report) => told.push(report) },
      route: { invalidateOnUnsafe: true },
    });

    kit.ask(post());

    expect([told, kit.cache.stats().refusals]).toEqual([[], { method: 1 }]);
  });

  it("is explained without a remedy", async () => {
    const { cache } = kitOf({ route: { invalidateOnUnsafe: true } });

    const { reason, remedy, text } = await cache.explain({ url: "/reports", method: "POST" });

    expect([reason, remedy]).toEqual(["method", undefined]);
    expect(text).toContain("what is stored for this URI is removed (invalidateOnUnsafe)");
  });

  it("is told to be named in methods where the route does not invalidate", async () => {
    const { cache } = kitOf();

    const { remedy } = await cache.explain({ url: "/reports", method: "POST" });

    expect(remedy).toContain('methods: ["GET", "POST"]');
  });
});

describe("an unsafe request that succeeds", () => {
  it.each([["POST"], ["PUT"], ["PATCH"], ["DELETE"], ["FROBNICATE"]])(
    "removes what is stored for its URI: %s",
    (method) => {
      const kit = kitWith(...TARGETS);

      kit.ask({ method, target: "/a" });

      expect(stored(kit)).toEqual(["/b", "/c?x=1"]);
    },
  );

  it.each([[200], [201], [204], [303], [304], [399]])(
    "removes what is stored for its URI with status %d",
    (status) => {
      const kit = kitWith("/a");

      kit.ask(post(), { status });

      expect(stored(kit, ["/a"])).toEqual([]);
    },
  );

  it.each<[string, Said["headers"]]>([
    ["Location", { location: "/b" }],
    ["Content-Location", { "content-location": "http://example.org/b" }],
    ["a relative Location", { location: "b#part" }],
  ])("removes what is stored for the URI in %s of its origin", (_, headers) => {
    const kit = kitWith(...TARGETS);

    kit.ask(post(), { status: 201, headers: headers! });

    expect(stored(kit)).toEqual(["/c?x=1"]);
  });

  it("removes what is stored for both, with their query", () => {
    const kit = kitWith(...TARGETS);

    kit.ask(post("/z"), { headers: { location: "/b", "content-location": "/c?x=1" } });

    expect(stored(kit)).toEqual(["/a"]);
  });

  it.each([
    ["http://example.com/b"],
    ["https://example.org/b"],
    ["//example.com/b"],
    ["http://example.org:81/b"],
    ["http://[/b"],
    ["data:,b"],
  ])("removes nothing of another origin: %s", (location) => {
    const kit = kitWith(...TARGETS);

    kit.ask(post(), { headers: { location, "content-location": location } });

    expect(stored(kit)).toEqual(["/b", "/c?x=1"]);
  });

  it("keeps a run that began before it from storing what it read (hazard 22)", () => {
    const kit = kitOf({ route: { invalidateOnUnsafe: true } });
    const reading = fillOf(kit.now({ target: "/a" }));

    kit.ask(post());
    answer(reading, { body: "old" });

    expect(stored(kit, ["/a"])).toEqual([]);
  });

  it("removes entries from an asynchronous store, too", async () => {
    const { begin, cache } = kitOf({ route: { invalidateOnUnsafe: true }, cache: { store: asyncStore() } });
    answer(fillOf(await begin({ target: "/a" })));
    await settle();

    answer(fillOf(await begin(post())));
    await settle();

    expect((await begin({ target: "/a" })).kind).toBe("fill");
    expect(cache.stats().storeErrors).toBe(0);
  });

  it("has its own response passed on and not stored", () => {
    const { now, cache } = kitWith();
    const open = openWith(fillOf(now(post())), {
      status: 201,
      headers: {
        etag: '"v1"',
        "cache-control": "max-age=60",
        "set-cookie": "a=1",
        "cache-status": "inner;hit",
      },
    });
    open.refuse("too-large");

    const reply = open.complete("made");

    expect([open.storable, reply.status, textOf(reply)]).toEqual([false, 201, "made"]);
    expect(["etag", "set-cookie", "x-cache"].map((name) => said(reply, name))).toEqual([
      '"v1"',
      "a=1",
      "MISS",
    ]);
    expect(said(reply, "cache-status")).toBe(
      "inner;hit, caching-route;fwd=method;fwd-status=201;detail=method",
    );
    expect([open.stream().sink, cache.stats().outcomes.bypass, cache.stats().stored]).toEqual([
      undefined,
      1,
      0,
    ]);
  });

  it("shows its handler conditions and ranges", () => {
    expect(fillOf(kitWith().now(post()))).toMatchObject({ hidden: [], conditions: [], target: undefined });
  });
});

describe("a stored response is left alone", () => {
  it.each([[400], [404], [409], [412], [500], [503]])("by an unsafe request that fails with %d", (status) => {
    const kit = kitWith(...TARGETS);

    kit.ask(post(), { status, headers: { location: "/b" } });

    expect(stored(kit)).toEqual(TARGETS);
  });

  it("by an unsafe request whose handler fails or whose client disconnects", () => {
    const kit = kitWith("/a");

    fillOf(kit.now(post())).abandon("failed");
    fillOf(kit.now(post())).abandon("aborted");

    expect(stored(kit, ["/a"])).toEqual(["/a"]);
  });

  it.each([["OPTIONS"], ["TRACE"], ["QUERY"]])("by a safe method: %s", (method) => {
    const kit = kitWith("/a");

    expect(kit.now({ method, target: "/a" }).kind).toBe("bypass");
    expect(stored(kit, ["/a"])).toEqual(["/a"]);
  });

  it("by an unsafe request to another host", () => {
    const kit = kitWith("/a");

    kit.ask({ ...post(), origin: "http://example.com" });

    expect(stored(kit, ["/a"])).toEqual(["/a"]);
  });

  it("by an unsafe request to a route without invalidateOnUnsafe", () => {
    const kit = kitOf();
    kit.ask({ target: "/a" });

    expect(kit.now(post()).kind).toBe("bypass");
    expect(stored(kit, ["/a"])).toEqual(["/a"]);
  });
});
