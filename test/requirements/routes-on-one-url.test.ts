import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { engineOf } from "../../src/adapter.ts";
import type { Policy, RouteContext } from "../../src/adapter.ts";
import { keyParts } from "../../src/core/request/cache-key.ts";
import { keyOf } from "../../src/core/request/cache-key.ts";
import { createCache, memoryStore } from "../../src/index.ts";
import type { Cache, Report, RouteOptions } from "../../src/index.ts";
import { platformDigest } from "../../src/platform.ts";
import { answer, fillOf, requestOf, settled, textOf } from "../support/kit.ts";
import type { Asked } from "../support/kit.ts";

const digest = platformDigest(new Uint8Array(1));

function declare(cache: Cache, context: RouteContext, options: RouteOptions<Asked> = {}): Policy<Asked> {
  return engineOf(cache).policy<Asked>({ ttl: 60, ...options }, context);
}

/** What a route sends, where its handler would send `own`. */
function ask(cache: Cache, policy: Policy<Asked>, own: string, asked: Asked = {}): string | undefined {
  const { rewritten } = asked as { readonly rewritten?: string };
  const decision = settled(engineOf(cache).begin({ ...requestOf(asked), rewritten }, policy));
  return textOf(decision.kind === "serve" ? decision.reply : answer(fillOf(decision), { body: own }));
}

function quiet(): Cache {
  return createCache({ reporter: false });
}

describe("two routes on one URL", () => {
  it.each<[string, RouteContext, RouteContext]>([
    ["whose framework knows them apart", { route: "GET /a" }, { route: "GET /a (2)" }],
    ["that were declared alike", { route: "GET /a" }, { route: "GET /a" }],
    ["of which nothing is known", { route: "a", name: undefined }, { route: "a", name: undefined }],
  ])("share nothing: %s", (_, one, other) => {
    const cache = quiet();
    const [first, second] = [declare(cache, one), declare(cache, other)];

    const answers = [first, second, first, second].map((policy, at) =>
      ask(cache, policy, policy === first ? `first ${at}` : `second ${at}`),
    );

    expect(answers).toEqual(["first 0", "second 1", "first 0", "second 1"]);
  });

  it("share nothing where both have one name, which is reported once", () => {
    const told: Report[] = [];
    const cache = createCache({ reporter: (report) => void told.push(report) });
    const [first, second, third] = ["GET /a", "GET /b", "GET /c"].map((route) =>
      declare(cache, { route }, { route: "mine" }),
    ) as [Policy<Asked>, Policy<Asked>, Policy<Asked>];

    const answers = [first, second, third].map((policy) => ask(cache, policy, policy.route));

    expect(answers).toEqual(["GET /a", "GET /b", "GET /c"]);
    expect(told.map(({ route, reason }) => [route, reason])).toEqual([["GET /b", "same-name"]]);
  });

  it("are one where one declaration is resolved again", () => {
    const cache = quiet();
    const declaration = {};
    const [first, again] = [1, 2].map(() => declare(cache, { route: "GET /a", declaration })) as [
      Policy<Asked>,
      Policy<Asked>,
    ];
    ask(cache, first, "first");

    expect(ask(cache, again, "again")).toBe("first");
  });

  it("share what a key function names", () => {
    const cache = quiet();
    const key = (): string => "one";
    const [first, second] = [
      declare(cache, { route: "GET /a" }, { key }),
      declare(cache, { route: "GET /b" }, { key }),
    ];
    ask(cache, first, "first");

    expect(ask(cache, second, "second")).toBe("first");
  });

  it("are both cleared by a write to it, whatever parameters each of them declares", () => {
    const cache = quiet();
    const all = { invalidateOnUnsafe: true };
    const policies = [
      declare(cache, { route: "GET /a" }, all),
      declare(cache, { route: "GET /a (2)" }, { ...all, query: ["x"] }),
      declare(cache, { route: "GET /a (3)" }, { ...all, namespace: "three" }),
    ];
    const writer = declare(cache, { route: "POST /a" }, { ...all, query: ["z"] });
    const target = "/a?x=1&y=2";
    policies.forEach((policy) => ask(cache, policy, "old", { target }));
    ask(cache, writer, "done", { method: "POST", target });

    expect(policies.map((policy) => ask(cache, policy, "new", { target }))).toEqual(["new", "new", "new"]);
  });
});

describe("a route's name", () => {
  it("is the same in another process, in whatever order routes are declared", () => {
    const store = memoryStore();
    const [here, there] = [1, 2].map(() => createCache({ reporter: false, store })) as [Cache, Cache];
    const routes = ["GET /a", "GET /a (2)"];
    const mine = routes.map((route) => declare(here, { route }));
    const theirs = routes.toReversed().map((route) => declare(there, { route }));
    mine.forEach((policy) => ask(here, policy, policy.route));

    expect(theirs.map((policy) => ask(there, policy, "again"))).toEqual(routes.toReversed());
  });

  it("is unique where nothing is known of the route", () => {
    const store = memoryStore();
    const answers = ["mine", "theirs"].map((own) => {
      const cache = createCache({ reporter: false, store });
      return ask(cache, declare(cache, { route: "a", name: undefined }), own);
    });

    expect(answers).toEqual(["mine", "theirs"]);
  });

  it("is the route's own option where it has one", () => {
    const store = memoryStore();
    const answers = ["mine", "theirs"].map((own) => {
      const cache = createCache({ reporter: false, store });
      return ask(cache, declare(cache, { route: "a", name: undefined }, { route: "reports" }), own);
    });

    expect(answers).toEqual(["mine", "mine"]);
  });

  it("is a part of the variant, while the resource is the URL alone", () => {
    const key = keyOf(requestOf({ target: "/a?b=1" }), declare(quiet(), { route: "GET /a|%" }), digest);

    expect([key?.resource, key?.selector]).toEqual(["|u|GET|||http://example.org/a?b=1", "GET /a%7C%25||"]);
  });

  it("cannot be given to all routes of a cache", () => {
    expect(() => createCache({ defaults: { route: "mine" } })).toThrow(
      expect.objectContaining({ code: "ERR_CACHE_OPTION_INVALID" }),
    );
  });
});

describe("a rewritten URL", () => {
  const hello = { target: "/hello" };

  it("is in the key as received and as rewritten", () => {
    const cache = quiet();
    const policy = declare(cache, { route: "GET /:lang/hello" });
    const asked = [
      { ...hello, rewritten: "/de/hello" },
      { ...hello, rewritten: "/en/hello" },
      { target: "/bonjour", rewritten: "/en/hello" },
      { target: "/en/hello" },
    ];

    const answers = [...asked, ...asked].map((one, at) => ask(cache, policy, `run ${at}`, one));

    expect(answers).toEqual(["run 0", "run 1", "run 2", "run 3", "run 0", "run 1", "run 2", "run 3"]);
  });

  it("hides parameters that are not in the key from the handler, in both forms", () => {
    const cache = quiet();
    const policy = declare(cache, { route: "GET /:lang/hello" }, { query: ["page"] });
    const request = { ...requestOf({ target: "/hello?x=1&page=2" }), rewritten: "/de/hello?page=2&y=1" };
    const { target, received } = fillOf(settled(engineOf(cache).begin(request, policy)));

    expect([target, received]).toEqual(["/de/hello?page=2", "/hello?page=2"]);
  });

  it("is removed with the URL that was received", () => {
    const cache = quiet();
    const policy = declare(cache, { route: "GET /:lang/hello" }, { invalidateOnUnsafe: true });
    const german = { ...hello, rewritten: "/de/hello" };
    ask(cache, policy, "old", german);
    ask(cache, policy, "done", { ...hello, method: "POST" });

    expect(ask(cache, policy, "new", german)).toBe("new");
  });

  it("is shown by explain", async () => {
    const cache = quiet();
    const policy = declare(cache, { route: "GET /hello" });
    ask(cache, policy, "Hallo", { ...hello, rewritten: "/de/hello" } as Asked);

    const { outcome, key, text } = await cache.explain({
      url: "http://example.org/hello",
      rewritten: "/de/hello",
    });

    expect([outcome, key?.route, key?.rewritten]).toEqual([
      "hit",
      "GET /hello",
      "http://example.org/de/hello",
    ]);
    expect(text).toContain("rewritten to http://example.org/de/hello");
  });
});

describe("two routes that meet on one key of their own", () => {
  function met(one: RouteOptions<Asked>, other: RouteOptions<Asked>, asked: Asked = {}): readonly Report[] {
    const told: Report[] = [];
    const cache = createCache({ reporter: (report) => void told.push(report) });
    const [first, second] = [
      declare(cache, { route: "GET /a" }, one),
      declare(cache, { route: "GET /b" }, other),
    ];
    [first, second, first, second].forEach((policy) => ask(cache, policy, "x", asked));
    return told.filter(({ reason }) => reason === "same-key");
  }

  it("are reported once, with both names and the key", () => {
    const key = (): string => "user:1";

    const [report, ...others] = met({ key }, { key });

    expect(report?.message).toMatch(/GET \/a and GET \/b both use the key "user:1"/);
    expect(others).toEqual([]);
  });

  it("are not reported where something keeps them apart", () => {
    const key = (): string => "user:1";

    expect([met({ key }, { key, namespace: "b" }), met({ key }, { key: () => "user:2" })]).toEqual([[], []]);
  });
});

it("the parts of a key can be read back, whatever the names are", () => {
  const text = fc.string({ unit: "grapheme", minLength: 1 });
  fc.assert(
    fc.property(text, text, fc.string(), (route, namespace, path) => {
      const policy = declare(quiet(), { route }, { namespace });
      const request = { ...requestOf({ target: "/a" }), rewritten: `/${path}` };
      const key = keyOf(request, policy, digest);
      const parts = keyParts(key?.resource ?? "", key?.selector ?? "");

      expect([parts.route, parts.namespace, parts.uri]).toEqual([route, namespace, "http://example.org/a"]);
    }),
  );
});
