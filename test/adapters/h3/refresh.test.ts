import { H3, HTTPError } from "h3";
import type { H3Event, Middleware } from "h3";
import { describe, expect, it, vi } from "vitest";
import { cacheMiddleware, cacheRoute } from "../../../src/adapters/h3.ts";
import { ask, heldCache } from "../hono/support.ts";
import type { HeldCache } from "../hono/support.ts";

const STALE = { ttl: 10, staleWhileRevalidate: 60 };

/** Asks for a path, which is stored, and again once that is stale. Returns the stale text. */
async function goStale(app: H3, path: string, { clock }: HeldCache): Promise<string> {
  await ask(app, path);
  clock.advance(10);
  return (await ask(app, path)).text;
}

const stored = (held: HeldCache, count: number): Promise<void> =>
  vi.waitFor(() => expect(held.cache.stats().stored).toBe(count));

const failed = (held: HeldCache): Promise<void> =>
  vi.waitFor(() => expect(held.cache.stats().refusals.failed).toBe(1));

/** A handler that counts its runs. */
function counting(tell: (event: H3Event) => string = () => "run"): (event: H3Event) => string {
  let runs = 0;
  return (event) => `${tell(event)} ${++runs}`;
}

describe("a refresh of an h3 route", () => {
  it("passes the guards of all applications around it, with the same parameters", async () => {
    const held = heldCache();
    const guarded: string[] = [];
    const inner = new H3();
    inner.use((event) => void guarded.push(`inner ${event.req.method} ${event.url.pathname}`));
    inner.get(
      "/:id",
      cacheRoute(
        held.cache,
        STALE,
        counting((event) => String(event.context.params?.["id"])),
      ),
    );
    const app = new H3().use((event) => void guarded.push(`outer ${event.url.pathname}`));
    app.mount("/teams/:team", inner).mount("/teams/1", inner);

    const stale = await goStale(app, "/teams/1/a%2Fb", held);
    await stored(held, 2);

    expect([stale, (await ask(app, "/teams/1/a%2Fb")).text]).toEqual(["a%2Fb 1", "a%2Fb 2"]);
    expect(guarded.slice(4, 6)).toEqual(["outer /teams/1/a%2Fb", "inner GET /a%2Fb"]);
  });

  it("of HEAD fetches the content, and passes the hook of the application and the middleware of the route", async () => {
    const held = heldCache();
    const guarded: string[] = [];
    const guard: Middleware = (event) => void guarded.push(`route ${event.req.method}`);
    const app = new H3({ onRequest: (event) => void guarded.push(`hook ${event.req.method}`) });
    app.get("/", cacheRoute(held.cache, STALE, counting()), { middleware: [guard] });
    await ask(app, "/");
    held.clock.advance(10);

    await ask(app, "/", { method: "HEAD" });
    await stored(held, 2);

    expect((await ask(app, "/")).text).toBe("run 2");
    expect(guarded.slice(4, 6)).toEqual(["hook GET", "route GET"]);
  });

  it("that a guard refuses keeps what is stored", async () => {
    const held = heldCache();
    let asked = 0;
    const app = new H3({ silent: true }).use(() => {
      if (++asked === 3) throw HTTPError.status(401);
    });
    app.get("/", cacheRoute(held.cache, STALE, counting()));

    await goStale(app, "/", held);
    await failed(held);

    expect((await ask(app, "/")).text).toBe("run 1");
  });

  it("begins with an empty context, which guards fill again", async () => {
    const held = heldCache();
    const seen: unknown[] = [];
    const app = new H3().use((event) => {
      seen.push(event.context["user"]);
      event.context["user"] = "ann";
    });
    const scope = (event: H3Event): string => String(event.context["user"]);
    app.get("/", cacheRoute(held.cache, { ...STALE, scope }, counting(scope)));

    await goStale(app, "/", held);
    await stored(held, 2);

    expect(seen).toEqual([undefined, undefined, undefined]);
    expect((await ask(app, "/")).text).toBe("ann 2");
  });

  it("cannot be forged: a request that repeats its fields is looked up", async () => {
    const held = heldCache();
    const seen: Headers[] = [];
    const app = new H3().get(
      "/",
      cacheRoute(held.cache, STALE, (event) => `run ${seen.push(new Headers(event.req.headers))}`),
    );
    await goStale(app, "/", held);
    await stored(held, 2);

    const again = await ask(app, "/", { headers: seen[1]! });

    expect([again.cache, again.text]).toEqual(["HIT", "run 2"]);
  });

  it("that fails is told to onError of the cache, not to that of h3, and keeps what is stored", async () => {
    const held = heldCache();
    const error = new Error("the handler fails, as it was told to");
    const told: unknown[] = [];
    let runs = 0;
    const app = new H3({ silent: true, onError: (thrown) => void told.push(thrown) });
    app.get(
      "/",
      cacheRoute(held.cache, STALE, () => {
        if (++runs > 1) throw error;
        return "run 1";
      }),
    );

    await goStale(app, "/", held);
    await failed(held);
    await new Promise(setImmediate);

    expect([told, held.errors]).toEqual([[], [error]]);
    expect((await ask(app, "/")).text).toBe("run 1");
  });

  it("passes another cache in front, which stores nothing of it", async () => {
    const [held, front] = [heldCache(), heldCache()];
    const app = new H3().use(cacheMiddleware(front.cache, { ttl: 600, vary: ["x-try"] }));
    app.get("/a", cacheRoute(held.cache, STALE, counting()));
    const askAs = (name: string): ReturnType<typeof ask> => ask(app, "/a", { headers: { "x-try": name } });

    await askAs("one");
    held.clock.advance(10);
    const stale = await askAs("two");
    await stored(held, 2);

    expect([stale.text, (await askAs("three")).text]).toEqual(["run 1", "run 2"]);
    expect(front.cache.stats().stored).toBe(3);
  });

  it("lets no cache of another kind in front keep what it returns, which has no content", async () => {
    const held = heldCache();
    const passed: unknown[] = [];
    const app = new H3().use(async (_event, next) => {
      const response = await next();
      passed.push((response as Response).headers.get("cache-control"));
      return response;
    });
    app.get("/a", cacheRoute(held.cache, STALE, counting()));

    await goStale(app, "/a", held);
    await stored(held, 2);

    await vi.waitFor(() => expect(passed).toEqual([null, null, "no-store"]));
  });

  it("stores none of the fields that middleware in front has staged", async () => {
    const held = heldCache();
    let request = 0;
    const app = new H3().use((event) => event.res.headers.set("x-request", `${++request}`));
    app.get("/", cacheRoute(held.cache, { ...STALE, key: () => "one" }, counting()));

    await goStale(app, "/", held);
    await stored(held, 2);

    const { fields = [] } = (await held.cache.get("one")) ?? {};
    expect(fields.map(([name]) => name)).not.toContain("x-request");
  });

  it("is awaited by a runtime that can", async () => {
    const held = heldCache();
    const waitedFor: Promise<unknown>[] = [];
    const app = new H3().get("/", cacheRoute(held.cache, STALE, counting()));
    const send = async (): Promise<string> => {
      const waitUntil = (promise: Promise<unknown>): void => void waitedFor.push(promise);
      const request = Object.assign(new Request("http://localhost/"), { waitUntil });
      return (await app.fetch(request)).text();
    };
    await send();
    held.clock.advance(10);

    const stale = await send();
    await Promise.all(waitedFor);

    expect([stale, waitedFor.length, held.cache.stats().stored]).toEqual(["run 1", 1, 2]);
  });

  it("of a handler that is used without an application runs the handler again", async () => {
    const held = heldCache();
    const cached = cacheRoute(held.cache, STALE, counting());
    await cached.fetch("/");
    held.clock.advance(10);

    const stale = await (await cached.fetch("/")).text();
    await stored(held, 2);

    expect([stale, await (await cached.fetch("/")).text()]).toEqual(["run 1", "run 2"]);
  });
});
