import { H3, HTTPError, onError } from "h3";
import type { H3Event } from "h3";
import { describe, expect, it } from "vitest";
import { cacheMiddleware, cacheRoute } from "../../../src/adapters/h3.ts";
import type { CacheRouteOptions } from "../../../src/adapters/h3.ts";
import { ask, heldCache } from "../hono/support.ts";
import type { HeldCache } from "../hono/support.ts";

const NOT_FOUND = Symbol.for("h3.notFound");

const raise = (thrown: unknown): never => {
  throw thrown;
};

/** An application whose handler runs for each request that is not a hit. */
function site(
  { cache }: HeldCache,
  options: CacheRouteOptions,
  handler: (event: H3Event, run: number) => unknown,
  app: H3 = new H3({ silent: true }),
): H3 {
  let runs = 0;
  return app.get(
    "/",
    cacheRoute(cache, { ttl: 60, ...options }, (event) => handler(event, ++runs)),
  );
}

describe("an error of an h3 handler", () => {
  it("is not stored, and is reported once, by h3", async () => {
    const told: string[] = [];
    const held = heldCache();
    const app = new H3({ silent: true, onError: ({ message }) => void told.push(message) });
    site(held, {}, (_event, run) => raise(new Error(`run ${run}`)), app);

    const answers = [await ask(app, "/"), await ask(app, "/")];

    expect(answers.map(({ status, cache }) => [status, cache])).toEqual([
      [500, "MISS"],
      [500, "MISS"],
    ]);
    expect(answers[0]?.headers.get("cache-status")).toContain("detail=failed");
    expect([told, held.errors, held.cache.stats().stored]).toEqual([["run 1", "run 2"], [], 0]);
  });

  it("tells in Cache-Status why nothing was stored, whatever makes its page", async () => {
    const failing = (): never => raise(new Error("the handler fails, as it was told to"));
    const page = (): Response => new Response("page", { status: 500 });
    const apps = [
      new H3({ silent: true, onError: () => "a value" }),
      new H3({ silent: true }).use(onError(page)),
      new H3({ silent: true }).use(onError(() => "a value")),
    ].map((app) => site(heldCache(), {}, failing, app));

    const answers = await Promise.all(apps.map((app) => ask(app, "/")));

    expect(answers.map(({ headers }) => headers.get("cache-status"))).toEqual(
      apps.map(() => expect.stringContaining("detail=failed")),
    );
  });

  it("reaches the middleware in front, which decides what is sent, as without a cache", async () => {
    const told: unknown[] = [];
    const thrown = HTTPError.status(404, "Gone", { message: "no such report" });
    const app = new H3().use(
      onError((error) => {
        told.push(error);
        return new Response("page", { status: 410 });
      }),
    );
    site(heldCache(), {}, () => raise(thrown), app);

    const { status, cache, text } = await ask(app, "/");

    expect([status, cache, text, told]).toEqual([410, "MISS", "page", [thrown]]);
  });

  it("with a status that is an answer is stored as h3 sends it, if the route stores that status", async () => {
    const held = heldCache();
    const app = site(held, { statuses: { 404: 60 } }, (_event, run) =>
      raise(new HTTPError({ status: 404, message: `run ${run}`, headers: { "x-error": "1" } })),
    );

    const answers = [await ask(app, "/"), await ask(app, "/")];

    expect(
      answers.map(({ status, cache, text, headers }) => [
        status,
        cache,
        (JSON.parse(text) as { message: string }).message,
        headers.get("x-error"),
      ]),
    ).toEqual([
      [404, "MISS", "run 1", "1"],
      [404, "HIT", "run 1", "1"],
    ]);
  });

  it("is stored as the application's onError sends it, which is asked once", async () => {
    const told: number[] = [];
    const app = new H3({
      onError({ status }, event) {
        told.push(status);
        event.res.status = status;
        return `page ${told.length}`;
      },
    });
    site(heldCache(), { statuses: [404] }, () => raise(HTTPError.status(404)), app);

    const answers = [await ask(app, "/"), await ask(app, "/")];

    expect([answers.map(({ cache, text }) => [cache, text]), told]).toEqual([
      [
        ["MISS", "page 1"],
        ["HIT", "page 1"],
      ],
      [404],
    ]);
  });

  it("is never stored if it is a failure, whatever statuses are", async () => {
    const held = heldCache();
    const errors = [new Error("no status"), HTTPError.status(500), HTTPError.status(503), new Response("a")];
    const app = site(held, { statuses: "any", errorStatuses: [500, 503] }, (_event, run) =>
      raise(errors[run - 1]),
    );

    const statuses: number[] = [];
    for (const error of errors) statuses.push((await ask(app, "/")).status + (error === undefined ? 1 : 0));

    expect([statuses, held.cache.stats().stored]).toEqual([[500, 500, 503, 500], 0]);
  });

  it("is a failure if it is no Error, whatever status it has", async () => {
    const options = { statuses: "any" } as const;
    for (const thrown of [{ status: 404, secret: 1 }, "text", 404, undefined]) {
      const plain = new H3({ silent: true }).get("/", () => raise(thrown));
      const cached = site(heldCache(), options, () => raise(thrown));
      const [one, other] = [await ask(plain, "/"), await ask(cached, "/")];

      expect([other.cache, other.status, other.text]).toEqual(["MISS", one.status, one.text]);
    }
  });

  it("keeps its own fields, and its cookies once", async () => {
    const headers = new Headers({ "cache-control": "max-age=5", "x-error": "1" });
    headers.append("set-cookie", "a=1");
    const app = site(heldCache(), { clientCacheControl: "max-age=7" }, () =>
      raise(new HTTPError({ status: 404, headers })),
    );

    const seen = await ask(app, "/");

    expect(["cache-control", "x-error", "set-cookie"].map((name) => seen.headers.get(name))).toEqual([
      "max-age=5",
      "1",
      "a=1",
    ]);
  });

  it("removes what is stale if it is an answer", async () => {
    const held = heldCache();
    const app = site(held, { ttl: 10, staleIfError: 60 }, (_event, run) =>
      // The second run is a refresh that the client waits for; the third one is the client's own.
      run === 1 ? "run 1" : raise(run < 4 ? HTTPError.status(410) : new Error("down")),
    );
    await ask(app, "/");
    held.clock.advance(11);

    const answers = [await ask(app, "/"), await ask(app, "/")];

    expect(answers.map(({ status }) => status)).toEqual([410, 500]);
  });
});

describe("an h3 handler that does not respond", () => {
  it.each([
    ["a wrapped handler", (held: HeldCache) => site(held, {}, () => NOT_FOUND)],
    [
      "a handler behind the middleware",
      ({ cache }: HeldCache) =>
        new H3({ silent: true }).use(cacheMiddleware(cache, { ttl: 60 })).get("/", () => NOT_FOUND),
    ],
    [
      "no handler",
      ({ cache }: HeldCache) => new H3({ silent: true }).use(cacheMiddleware(cache, { ttl: 60 })),
    ],
  ])("leaves the page to h3, and to what is in front: %s", async (_, make) => {
    const held = heldCache();
    const passed: unknown[] = [];
    const inner = make(held);
    const app = new H3({ silent: true });
    app.use(async (_event, next) => {
      const value = await next();
      passed.push(value);
      return value;
    });
    app.mount("", inner);

    const { status } = await ask(app, "/");

    expect([status, passed, held.cache.stats().stored, held.errors]).toEqual([404, [NOT_FOUND], 0, []]);
  });

  it("has its page stored if the route stores the status", async () => {
    const app = site(heldCache(), { statuses: [404] }, () => NOT_FOUND);

    const answers = [await ask(app, "/"), await ask(app, "/")];

    expect(answers.map(({ status, cache }) => [status, cache])).toEqual([
      [404, "MISS"],
      [404, "HIT"],
    ]);
  });
});
