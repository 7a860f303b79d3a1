import { Readable } from "node:stream";
import type { Context, Middleware } from "koa";
import { describe, expect, it } from "vitest";
import { route } from "./support.ts";

/** The names that Koa and Node have for the URL and its query. */
function namesOf(ctx: Context): Readonly<Record<string, unknown>> {
  const { query, querystring, search, url, originalUrl, href, URL: parsed, req, request } = ctx;
  return {
    query: { ...query },
    querystring,
    search,
    url,
    originalUrl,
    href: href.replace(/^http:\/\/[^/]+/, ""),
    URL: parsed.pathname + parsed.search,
    "req.url": req.url,
    "request.originalUrl": request.originalUrl,
  };
}

const reading: Middleware = async (ctx, next) => {
  namesOf(ctx);
  await next();
};

const narrowed = {
  query: { a: "1" },
  querystring: "a=1",
  search: "?a=1",
  url: "/a?a=1",
  originalUrl: "/a?a=1",
  href: "/a?a=1",
  URL: "/a?a=1",
  "req.url": "/a?a=1",
  "request.originalUrl": "/a?a=1",
};

describe("an undeclared parameter", () => {
  it("is hidden from the handler under each name that Koa has for it", async () => {
    let seen: unknown;
    const { ask } = await route(
      (ctx) => {
        seen = namesOf(ctx);
        ctx.body = "page";
      },
      { front: [reading], options: { query: ["a"] } },
    );

    await ask({}, "/a?evil=1&a=1");

    expect(seen).toEqual(narrowed);
  });

  it("is shown to middleware in front once the handler is done, as the client's conditions are", async () => {
    let seen: unknown;
    const logging: Middleware = async (ctx, next) => {
      await next();
      seen = [namesOf(ctx)["url"], ctx.originalUrl, ctx.URL.search, ctx.get("if-none-match")];
    };
    const { ask } = await route((ctx) => (ctx.body = "page"), {
      front: [logging],
      options: { query: ["a"] },
    });

    await ask({ "if-none-match": '"x"' }, "/a?evil=1&a=1");

    expect(seen).toEqual(["/a?evil=1&a=1", "/a?evil=1&a=1", "?evil=1&a=1", '"x"']);
  });

  it("is hidden from a stream that reads the request while it is sent", async () => {
    const { ask } = await route(
      (ctx) => {
        const parts = async function* (): AsyncGenerator<string> {
          yield "page ";
          await new Promise(setImmediate);
          yield JSON.stringify(namesOf(ctx));
        };
        ctx.body = Readable.from(parts());
      },
      { options: { query: ["a"] } },
    );

    const { text } = await ask({}, "/a?evil=1&a=1");

    expect(JSON.parse(text.replace("page ", ""))).toEqual(narrowed);
  });
});

describe("a URL that middleware in front rewrites", () => {
  it("is in the key, beside the one that was received", async () => {
    const rewriting: Middleware = async (ctx, next) => {
      ctx.url = `/a?lang=${ctx.get("x-lang")}`;
      await next();
    };
    const { ask, runs } = await route((ctx) => (ctx.body = ctx.query["lang"]), { front: [rewriting] });

    const texts = [
      await ask({ "x-lang": "de" }, "/"),
      await ask({ "x-lang": "en" }, "/"),
      await ask({ "x-lang": "de" }, "/"),
    ].map(({ text }) => text);

    expect(texts).toEqual(["de", "en", "de"]);
    expect(runs()).toBe(2);
  });
});

describe("a prefix that a mounted application is not shown", () => {
  /** As koa-mount does. */
  const mounted: Middleware = async (ctx, next) => {
    const { path } = ctx;
    ctx["mountPath"] = "/api";
    ctx.path = path.slice("/api".length) || "/";
    await next();
    ctx.path = path;
  };

  it("is part of the route's path and of the URL that the handler sees", async () => {
    const { ask, cache } = await route((ctx) => (ctx.body = ctx.originalUrl), {
      front: [mounted],
      options: { query: ["a"] },
    });
    const states = async (): Promise<readonly (string | undefined)[]> => {
      const { text, header } = await ask({}, "/api/a?evil=1&a=1");
      return [text, header("x-cache")];
    };

    const before = [await states(), await states()];
    await cache.invalidate({ route: "/api/a" });

    expect(before).toEqual([
      ["/api/a?a=1", "MISS"],
      ["/api/a?a=1", "HIT"],
    ]);
    expect(await states()).toEqual(["/api/a?a=1", "MISS"]);
  });
});

describe("the origin of a request", () => {
  it("is that of the proxy where the application trusts it", async () => {
    const { ask, runs } = await route((ctx) => (ctx.body = ctx.host), {
      front: [
        async (ctx, next) => {
          ctx.app.proxy = true;
          await next();
        },
      ],
    });

    const [one, two] = [
      await ask({ "x-forwarded-host": "one.test" }),
      await ask({ "x-forwarded-host": "two.test" }),
    ];

    expect([one.text, two.text, runs()]).toEqual(["one.test", "two.test", 2]);
  });
});

describe("a Host that Koa reads as another one", () => {
  it.each([
    ["user information", "evil@a.test"],
    ["a list", "a.test, evil.test"],
    ["what is no host", "evil@a.test:x"],
  ])("has an entry of its own, because a handler may read it as it was sent: %s", async (_what, host) => {
    const { ask } = await route((ctx) => (ctx.body = `for ${ctx.get("host")}`));

    const evil = await ask({ host });
    const victim = await ask({ host: "a.test" });

    expect([evil.text, victim.text]).toEqual([`for ${host}`, "for a.test"]);
  });
});
