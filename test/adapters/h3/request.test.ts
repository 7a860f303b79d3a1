import { once } from "node:events";
import { connect } from "node:net";
import {
  assertBodySize,
  defineValidatedHandler,
  fromNodeHandler,
  getQuery,
  getRequestHost,
  getRequestIP,
  H3,
} from "h3";
import type { H3Event } from "h3";
import { afterEach, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { cacheMiddleware, cacheRoute } from "../../../src/adapters/h3.ts";
import type { ContractServer } from "../../../src/testing/index.ts";
import { listen } from "../harness/h3.ts";
import { ask, heldCache } from "../hono/support.ts";

const servers: ContractServer[] = [];

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

/** Serves an application by srvx, and returns what asks it. */
async function served(app: H3): Promise<(path: string, init?: RequestInit) => ReturnType<typeof ask>> {
  const server = await listen(app);
  servers.push(server);
  return (path, init) => ask({ request: (at, given) => fetch(server.origin + at, given) }, path, init);
}

/** Sends a request as it is written, and returns the content of the response. */
async function write(origin: string, head: string): Promise<string> {
  const socket = connect(Number(new URL(origin).port), "127.0.0.1");
  socket.write(`${head}\r\nConnection: close\r\n\r\n`);
  let text = "";
  socket.on("data", (part: Buffer) => (text += part.toString()));
  await once(socket, "close");
  return text.split("\r\n\r\n")[1] ?? "";
}

describe("a request to an h3 route that names two hosts", () => {
  it("is not cached: the key has one of them, and the handler may use the other", async () => {
    const app = new H3();
    const cached = cacheRoute(heldCache().cache, { ttl: 60 }, (event) => getRequestHost(event));
    app.get("/", cached);
    const server = await listen(app);
    servers.push(server);
    const heads = [
      "GET http://shop.test/ HTTP/1.1\r\nHost: evil.test",
      "GET / HTTP/1.1\r\nHost: shop.test",
      "GET http://shop.test/ HTTP/1.1\r\nHost: evil.test",
      "GET http://shop.test/ HTTP/1.1\r\nHost: shop.test",
    ];
    const hosts: string[] = [];
    for (const head of heads) hosts.push(await write(server.origin, head));

    expect(hosts).toEqual(["evil.test", "shop.test", "evil.test", "shop.test"]);
  });
});

describe("the schema that an h3 handler has for the fields of its request", () => {
  it("decides on a hit, too, as without a cache", async () => {
    let asked = 0;
    const headers = z.object({ "x-key": z.string() }).refine(async () => ++asked > 0);
    const handler = defineValidatedHandler({ validate: { headers }, handler: () => "a" });
    const options = { ttl: 60 };
    const apps = [handler, cacheRoute(heldCache().cache, options, handler)].map((declared) =>
      new H3({ silent: true }).get("/", declared),
    );
    const told: unknown[] = [];
    for (const app of apps)
      for (const init of [{ headers: { "x-key": "1" } }, { headers: { "x-key": "1" } }, {}]) {
        const { status, cache } = await ask(app, "/", init);
        told.push([status, cache]);
      }

    expect(told).toEqual([
      [200, null],
      [200, null],
      [400, null],
      [200, "MISS"],
      [200, "HIT"],
      [400, null],
    ]);
    expect(asked).toBeGreaterThan(0);
  });
});

describe("the request that an h3 handler sees on a miss", () => {
  it("lacks undeclared parameters and conditions, also for who reads it late", async () => {
    const late: unknown[] = [];
    const app = new H3().use(async (event, next) => {
      const response = await next();
      late.push(event.url.search, event.req.url.split("?")[1], event.req.headers.get("if-none-match"));
      return response;
    });
    app.get(
      "/",
      cacheRoute(heldCache().cache, { ttl: 60, query: ["a"] }, (event) => [
        getQuery(event),
        event.req.headers.get("if-none-match"),
      ]),
    );
    const askApp = await served(app);

    const { text } = await askApp("/?a=1&b=2", { headers: { "if-none-match": '"v1"' } });

    expect([text, late]).toEqual(['[{"a":"1"},null]', ["?a=1", "a=1", null]]);
  });

  it("has the address of its client, and that of a refresh, too", async () => {
    const held = heldCache();
    const app = new H3();
    let runs = 0;
    const options = { ttl: 10, staleWhileRevalidate: 60, query: ["a"] };
    app.get(
      "/",
      cacheRoute(held.cache, options, (event) => [getRequestIP(event), ++runs]),
    );
    const askApp = await served(app);
    const first = await askApp("/?b=1");
    held.clock.advance(10);
    await askApp("/?b=2");
    await vi.waitFor(() => expect(held.cache.stats().stored).toBe(2));

    const { text } = await askApp("/?b=3");

    expect([first.text, text]).toEqual(['["127.0.0.1",1]', '["127.0.0.1",2]']);
  });

  it("has a URL that its mounted application's middleware has cut", async () => {
    const inner = new H3().use(cacheMiddleware(heldCache().cache, { ttl: 60, query: ["a"] }));
    inner.use((event) => (event.url.pathname === "/b" ? event.url.search : undefined));
    const app = new H3().mount("/inner", inner);

    expect((await ask(app, "/inner/b?a=1&c=2")).text).toBe("?a=1");
  });

  it("still has content that is in the key, behind a limit of its size", async () => {
    const app = new H3().use((event) => assertBodySize(event, 100));
    let runs = 0;
    const schema = z.object({ id: z.number() });
    app.post(
      "/",
      cacheRoute(
        heldCache().cache,
        { ttl: 60, methods: ["POST"] },
        defineValidatedHandler({
          validate: { body: schema },
          handler: async (event) => [await event.req.json(), ++runs],
        }),
      ),
    );
    const askApp = await served(app);
    const post = (id: number): RequestInit => ({ method: "POST", body: JSON.stringify({ id }) });

    const answers = [await askApp("/", post(1)), await askApp("/", post(1)), await askApp("/", post(2))];

    expect(answers.map(({ cache, text }) => [cache, text])).toEqual([
      ["MISS", '[{"id":1},1]'],
      ["HIT", '[{"id":1},1]'],
      ["MISS", '[{"id":2},2]'],
    ]);
  });

  it("is not looked up if a guard has read its content, whose bytes are unknown", async () => {
    const { cache } = heldCache();
    const app = new H3().use(async (event) => void (await event.req.text()));
    let runs = 0;
    app.post(
      "/",
      cacheRoute(cache, { ttl: 60, methods: ["POST"] }, () => `run ${++runs}`),
    );
    const askApp = await served(app);

    const answers = [
      await askApp("/", { method: "POST", body: "a" }),
      await askApp("/", { method: "POST", body: "b" }),
    ];

    expect(answers.map(({ text }) => text)).toEqual(["run 1", "run 2"]);
    expect(cache.stats().stored).toBe(0);
  });
});

describe("the event in the functions of an h3 route", () => {
  it("has what guards have set, and the parameters of the path", async () => {
    const { cache } = heldCache();
    const app = new H3().use((event) => {
      event.context["user"] = event.req.headers.get("x-user");
    });
    let runs = 0;
    app.get(
      "/reports/:id",
      cacheRoute(
        cache,
        {
          ttl: 60,
          scope: (event) => String(event.context["user"]),
          tags: (event) => [`report:${event.context.params?.["id"]}`],
        },
        () => `run ${++runs}`,
      ),
    );
    const as = (user: string): Promise<{ text: string }> =>
      ask(app, "/reports/7", { headers: { "x-user": user } });

    const before = [await as("ann"), await as("bob"), await as("ann")];
    await cache.invalidate({ tag: "report:7" });
    const after = await as("ann");

    expect(before.map(({ text }) => text)).toEqual(["run 1", "run 2", "run 1"]);
    expect(after.text).toBe("run 3");
  });
});

describe("a Node handler behind an h3 cache", () => {
  it("sends its response itself: it is not stored, and nothing is sent after it", async () => {
    const { cache } = heldCache();
    let runs = 0;
    const app = new H3().get(
      "/",
      cacheRoute(
        cache,
        { ttl: 60 },
        fromNodeHandler((_req, res) => void res.end(`run ${++runs}`)),
      ),
    );
    const askApp = await served(app);

    const texts = [(await askApp("/")).text, (await askApp("/")).text];

    expect([texts, cache.stats().stored, cache.stats().refusals]).toEqual([
      ["run 1", "run 2"],
      0,
      expect.objectContaining({ unheard: 2 }),
    ]);
  });
});

describe("Node middleware in front of an h3 cache", () => {
  it("lets no refresh pass: it would write to a response that was sent", async () => {
    const held = heldCache();
    const passed: boolean[] = [];
    const app = new H3({ silent: true });
    app.use(
      fromNodeHandler((_req, res, next) => {
        passed.push(res.writableEnded);
        if (passed.length > 2) res.end("refused");
        else next();
      }) as (event: H3Event) => unknown,
    );
    const handler = (): string => "a";
    app.get("/", cacheRoute(held.cache, { ttl: 10, staleWhileRevalidate: 60 }, handler));
    const askApp = await served(app);
    await askApp("/");
    held.clock.advance(10);
    await askApp("/");

    await vi.waitFor(() => expect(held.cache.stats().refusals.failed).toBe(1));

    expect(passed).toEqual([false, false]);
  });
});
