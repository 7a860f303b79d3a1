import { H3, setCookie } from "h3";
import type { H3Event, Middleware } from "h3";
import { describe, expect, it } from "vitest";
import { cacheMiddleware, cacheRoute } from "../../../src/adapters/h3.ts";
import type { CacheRouteOptions } from "../../../src/adapters/h3.ts";
import { ask, heldCache } from "../hono/support.ts";
import type { Seen } from "../hono/support.ts";

type Handler = (event: H3Event) => unknown;

/** The same handler behind the same middleware without a cache, as a wrapped handler, and behind the middleware. */
function sites(front: Middleware, handler: Handler, options: CacheRouteOptions = {}): readonly H3[] {
  const forms: ((app: H3) => H3)[] = [
    (app) => app.get("/", handler),
    (app) => app.get("/", cacheRoute(heldCache().cache, { ttl: 60, ...options }, handler)),
    (app) => app.use(cacheMiddleware(heldCache().cache, { ttl: 60, ...options })).get("/", handler),
  ];
  return forms.map((declare) => declare(new H3({ silent: true }).use(front)));
}

/** What each application answers to two requests: the first row has no cache. */
async function told(apps: readonly H3[], read: (seen: Seen) => unknown): Promise<unknown[]> {
  const rows: unknown[] = [];
  for (const app of apps)
    for (const seen of [await ask(app, "/"), await ask(app, "/")]) rows.push([seen.cache, read(seen)]);
  return rows;
}

describe("a field that is staged in front of an h3 route", () => {
  it("takes precedence over that of a handler's Response, as h3 wants it, on a miss and on a hit", async () => {
    const apps = sites(
      (event) => event.res.headers.set("x-by", "front"),
      () => new Response("a", { headers: { "x-by": "handler" } }),
    );

    expect(await told(apps, ({ headers }) => headers.get("x-by"))).toEqual(
      [null, null, "MISS", "HIT", "MISS", "HIT"].map((cache) => [cache, "front"]),
    );
  });

  it("gives way to what the handler stages", async () => {
    const apps = sites(
      (event) => event.res.headers.set("x-by", "front"),
      (event) => {
        event.res.headers.set("x-by", "handler");
        return { id: 1 };
      },
    );

    expect(await told(apps, ({ headers }) => [headers.get("x-by"), headers.get("content-type")])).toEqual(
      [null, null, "MISS", "HIT", "MISS", "HIT"].map((cache) => [
        cache,
        ["handler", "application/json;charset=UTF-8"],
      ]),
    );
  });

  it("is each request's own, beside the cookies that are stored", async () => {
    let request = 0;
    const [, ...apps] = sites(
      (event) => setCookie(event, "front", String(++request)),
      (event) => {
        setCookie(event, "own", "1");
        return "a";
      },
      { setCookie: "store" },
    );

    expect(await told(apps, ({ headers }) => headers.getSetCookie())).toEqual([
      ["MISS", ["front=1; Path=/", "own=1; Path=/"]],
      ["HIT", ["front=2; Path=/", "own=1; Path=/"]],
      ["MISS", ["front=3; Path=/", "own=1; Path=/"]],
      ["HIT", ["front=4; Path=/", "own=1; Path=/"]],
    ]);
  });

  it("after the handler is sent with a miss and with a hit, and not stored", async () => {
    let request = 0;
    const [, ...apps] = sites(
      async (event, next) => {
        const response = await next();
        event.res.headers.set("x-request", String(++request));
        return response;
      },
      () => "a",
    );

    expect(await told(apps, ({ headers }) => headers.get("x-request"))).toEqual([
      ["MISS", "1"],
      ["HIT", "2"],
      ["MISS", "3"],
      ["HIT", "4"],
    ]);
  });

  it("for error responses is each request's own, where such a response is stored", async () => {
    let request = 0;
    const [plain, ...apps] = sites(
      (event) => {
        event.res.headers.set("x-front", "front");
        event.res.errHeaders.append("x-request", String(++request));
      },
      (event) => {
        event.res.errHeaders.set("x-handler", "handler");
        return new Response("gone", { status: 404 });
      },
      { statuses: [404] },
    );
    const read = ({ headers }: Seen): unknown[] =>
      ["x-front", "x-request", "x-handler"].map((name) => headers.get(name));
    await ask(plain as H3, "/");

    expect(await told(apps, read)).toEqual([
      ["MISS", [null, "2", "handler"]],
      ["HIT", [null, "3", "handler"]],
      ["MISS", [null, "4", "handler"]],
      ["HIT", [null, "5", "handler"]],
    ]);
    expect(read(await ask(plain as H3, "/"))).toEqual([null, "6", "handler"]);
  });
});

describe("the status that is staged in front of an h3 route", () => {
  it("is that of a value on a miss, and of what is stored on a hit", async () => {
    const apps = sites(
      (event) => void (event.res.status = 203),
      () => "a",
      { statuses: [203] },
    );

    expect(await told(apps, ({ status }) => status)).toEqual(
      [null, null, "MISS", "HIT", "MISS", "HIT"].map((cache) => [cache, 203]),
    );
  });
});

describe("what an h3 handler returns", () => {
  const json = "application/json;charset=UTF-8";

  it.each([
    ["text", () => "a", "a", "text/plain;charset=UTF-8"],
    ["an object", () => ({ id: 1 }), '{"id":1}', json],
    ["a list", () => [1, 2], "[1,2]", json],
    ["a number", () => 7, "7", json],
    ["bytes", () => new TextEncoder().encode("bytes"), "bytes", null],
    ["a Blob", () => new Blob(["blob"], { type: "text/csv" }), "blob", "text/csv"],
    ["a stream", () => new Blob(["stream"]).stream(), "stream", null],
    ["a Response", () => new Response("response"), "response", "text/plain;charset=UTF-8"],
    ["nothing", () => undefined, "", "text/plain;charset=UTF-8"],
    ["a promise", async () => ({ id: 1 }), '{"id":1}', json],
  ])("is stored as h3 sends it: %s", async (_, handler: Handler, text, type) => {
    const [, ...apps] = sites(() => undefined, handler);

    const rows = await told(apps, (seen) => [seen.text, seen.headers.get("content-type")]);

    expect(rows).toEqual(["MISS", "HIT", "MISS", "HIT"].map((cache) => [cache, [text, type]]));
  });

  it("is sent without content to HEAD, from what GET has stored, and from its own miss", async () => {
    const { cache } = heldCache();
    const app = new H3();
    app.get(
      "/",
      cacheRoute(cache, { ttl: 60 }, () => "content"),
    );
    app.use("/middle", cacheMiddleware(cache, { ttl: 60 })).get("/middle", () => "content");

    const head = { method: "HEAD" };
    const answers = [await ask(app, "/", head), await ask(app, "/"), await ask(app, "/", head)];
    const middle = [await ask(app, "/middle"), await ask(app, "/middle", head)];

    expect([...answers, ...middle].map(({ cache: outcome, text }) => [outcome, text])).toEqual([
      ["MISS", ""],
      ["MISS", "content"],
      ["HIT", ""],
      ["MISS", "content"],
      ["HIT", ""],
    ]);
  });
});
