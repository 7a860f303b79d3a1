import { H3, HTTPError, setCookie, useSession } from "h3";
import type { EventHandler, H3Event, Middleware } from "h3";
import { describe, expect, it } from "vitest";
import { cacheMiddleware, cacheRoute, invalidates } from "../../../src/adapters/h3.ts";
import { ask, heldCache } from "../hono/support.ts";

const OPTIONS = { ttl: 60, statuses: [404] };
const PASSWORD = "a password of more than 32 characters";

const pass: Middleware = () => undefined;

function notFound(data?: unknown): never {
  throw HTTPError.status(404, "Not Found", { data });
}

/** The same handler behind the same middleware: without a cache, wrapped, and behind the middleware of a cache. */
function sites(front: Middleware, handler: EventHandler): readonly H3[] {
  const forms: ((app: H3) => H3)[] = [
    (app) => app.get("/", handler),
    (app) => app.get("/", cacheRoute(heldCache().cache, OPTIONS, handler)),
    (app) => app.use(cacheMiddleware(heldCache().cache, OPTIONS)).get("/", handler),
  ];
  return forms.map((declare) => declare(new H3({ silent: true }).use(front)));
}

/** What two requests are told: the outcome, and the names of the cookies. */
async function told(app: H3): Promise<unknown[]> {
  const rows: unknown[] = [];
  for (const { status, cache, headers } of [await ask(app, "/"), await ask(app, "/")]) {
    const names = headers.getSetCookie().map((line) => line.split("=", 1)[0]);
    rows.push([status, cache, ...names]);
  }
  return rows;
}

const startSession = async (event: H3Event): Promise<string | undefined> => {
  const { id } = await useSession(event, { password: PASSWORD });
  return id;
};

describe("an error page of an h3 handler that has set a cookie for error responses", () => {
  it.each<[string, EventHandler]>([
    ["by a session, and thrown", async (event) => notFound(await startSession(event))],
    [
      "by a session, and returned as a Response",
      async (event) => new Response(await startSession(event), { status: 404 }),
    ],
    [
      "by a session, and returned as a value",
      async (event) => {
        const id = await startSession(event);
        event.res.status = 404;
        return { id };
      },
    ],
  ])("is not shared: %s", async (_what, handler) => {
    const [plain, ...cached] = sites(pass, handler) as [H3, ...H3[]];

    expect(await told(plain)).toEqual([
      [404, null, "h3"],
      [404, null, "h3"],
    ]);
    for (const app of cached)
      expect(await told(app)).toEqual([
        [404, "MISS", "h3"],
        [404, "MISS", "h3"],
      ]);
  });

  it("is stored if the cookies are those of middleware in front, and each client has its own, once", async () => {
    const front: Middleware = async (event) => {
      setCookie(event, "front", "1");
      event.res.errHeaders.append("set-cookie", "seen=1");
      event.res.errHeaders.append("set-cookie", "front=1; Path=/");
    };
    const thrown = sites(front, () => notFound());
    const valued = sites(front, (event) => {
      event.res.status = 404;
      return "none";
    });

    for (const app of thrown.slice(1))
      expect(await told(app)).toEqual([
        [404, "MISS", "seen", "front"],
        [404, "HIT", "seen", "front"],
      ]);
    for (const app of valued.slice(1))
      expect(await told(app)).toEqual([
        [404, "MISS", "front", "seen"],
        [404, "HIT", "front", "seen"],
      ]);
  });

  it("has the cookie once if the handler writes", async () => {
    const app = new H3({ silent: true }).use((event) => event.res.errHeaders.append("set-cookie", "front=1"));
    app.post(
      "/",
      invalidates(heldCache().cache, { tags: ["a"] }, (event) => {
        event.res.errHeaders.append("set-cookie", "own=1");
        return new Response("none", { status: 404 });
      }),
    );

    const { headers } = await ask(app, "/", { method: "POST" });

    expect(headers.getSetCookie().toSorted()).toEqual(["front=1", "own=1"]);
  });
});
