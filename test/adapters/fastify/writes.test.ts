import { once } from "node:events";
import { createReadStream } from "node:fs";
import { connect } from "node:http2";
import { Readable } from "node:stream";
import compress from "@fastify/compress";
import session from "@fastify/session";
import cookie from "@fastify/cookie";
import Fastify from "fastify";
import type { FastifyInstance, FastifyReply } from "fastify";
import { describe, expect, it, onTestFinished } from "vitest";
import { cacheRoute } from "../../../src/adapters/fastify.ts";
import { createCache } from "../../../src/index.ts";
import { heldWrites } from "../../support/held-writes.ts";
import { site } from "./support.ts";

const big = Buffer.alloc(2 ** 20, "a");

/** The ways in which a Fastify handler sends. */
const WAYS: readonly (readonly [string, (reply: FastifyReply) => unknown])[] = [
  ["an object", () => ({ a: 1 })],
  ["text", () => "a"],
  ["bytes", () => big],
  ["nothing", (reply) => reply.code(204).send()],
  ["a stream", () => Readable.from(["a", "b"])],
  ["a web stream", () => new Response("a").body],
  ["a Response", () => new Response("a", { status: 201 })],
  ["a redirect", (reply) => reply.redirect("/list", 303)],
  ["the raw response", (reply) => void reply.raw.writeHead(201).end("a")],
  ["the raw response in parts", (reply) => (reply.raw.write("a"), void reply.raw.end("b"))],
  ["a hijacked reply", (reply) => (reply.hijack(), void reply.raw.end("a"))],
];

const FRONTS: readonly (readonly [string, (app: FastifyInstance) => unknown])[] = [
  ["nothing", () => undefined],
  ["@fastify/compress", (app) => app.register(compress, { threshold: 0 })],
  [
    "@fastify/session",
    async (app) => {
      await app.register(cookie);
      await app.register(session, { secret: "s".repeat(32), cookie: { secure: false } });
    },
  ],
];

describe("no byte of a write is sent before it has invalidated", () => {
  describe.each(FRONTS)("behind %s", (_front, prepare) => {
    it.each(WAYS)("by %s", async (_way, send) => {
      const { app, cache, ask } = site();
      const { cache: held, begun, open } = heldWrites(cache);
      await prepare(app);
      await app.register(cacheRoute, { cache: held });
      app.get("/other", async () => "other");
      app.post("/write", { cache: { invalidates: ["list"] } }, (_request, reply) => {
        const sent = send(reply);
        if (sent !== undefined && sent !== reply) void reply.send(sent);
      });
      await ask("/other");
      let isAnswered = false;
      const written = ask("/write", { method: "POST", redirect: "manual" }).then((answer) => {
        isAnswered = true;
        return answer;
      });
      while (begun() === 0) await ask("/other");
      await ask("/other");
      const wasAnswered = isAnswered;
      open();

      expect([wasAnswered, (await written).status < 400]).toEqual([false, true]);
    });
  });

  it.each(WAYS.filter(([way]) => /raw|hijacked/.test(way)))("by %s over HTTP/2", async (_way, send) => {
    const { cache: held, begun, open } = heldWrites(createCache({ reporter: false }));
    const app = Fastify({ http2: true });
    await app.register(cacheRoute, { cache: held });
    app.post("/write", { cache: { invalidates: ["list"] } }, (_request, reply) => void send(reply as never));
    const client = connect(await app.listen({ port: 0, host: "127.0.0.1" }));
    onTestFinished(async () => {
      client.destroy();
      await app.close();
    });
    await once(client, "connect");
    const stream = client.request({ ":method": "POST", ":path": "/write" }).end();
    let content = "";
    let isAnswered = false;
    stream.on("response", () => (isAnswered = true));
    stream.on("data", (part: Buffer) => (content += part.toString()));
    const ended = new Promise((resolve) => stream.once("end", resolve));
    while (begun() === 0) await ping(client);
    await ping(client);
    const wasAnswered = isAnswered;
    open();
    await ended;

    expect([wasAnswered, content.startsWith("a")]).toEqual([false, true]);
  });

  it("is not put off where it invalidates at once: inject has the response in the same turn as without a cache", async () => {
    const { app, register } = site();
    await register();
    app.post("/write", { cache: { invalidates: ["list"] } }, async () => "written");

    const { statusCode, body } = await app.inject({ method: "POST", url: "/write" });

    expect([statusCode, body]).toEqual([200, "written"]);
  });
});

describe("while the response of a write is held", () => {
  it.each<readonly [string, number, string, (reply: FastifyReply) => unknown]>([
    ["a stream fails", 500, "", (reply) => reply.send(createReadStream("/no/such/file"))],
    ["the handler sends again", 200, "one", (reply) => (reply.send("one"), void reply.send("two"))],
    ["the handler sends, and throws", 200, "one", thrown],
  ])("%s: the client has what it would have without a cache", async (_what, status, text, send) => {
    const { app, cache, ask } = site();
    const { cache: held, begun, open } = heldWrites(cache);
    await app.register(cacheRoute, { cache: held });
    app.get("/other", async () => "other");
    app.post("/write", { cache: { invalidates: ["list"] } }, (_request, reply) => send(reply));
    const written = ask("/write", { method: "POST" });
    while (begun() === 0) await ask("/other");
    await ask("/other");
    open();

    expect([(await written).status, (await written).body].join(" ")).toContain(`${status} ${text}`);
  });
});

async function thrown(reply: FastifyReply): Promise<never> {
  void reply.send("one");
  throw new Error("after it has sent");
}

function ping(client: ReturnType<typeof connect>): Promise<void> {
  return new Promise((resolve) => client.ping(() => resolve()));
}

describe("a write", () => {
  it("is given request and reply, after the handler", async () => {
    const { app, register, ask } = site();
    await register();
    app.get("/list", { cache: { ttl: 60, tags: ["todo:7"] } }, async () => "list");
    const changes = (request: { params: unknown }, reply: FastifyReply): readonly string[] =>
      reply.statusCode === 201 ? [`todo:${(request.params as { id: string }).id}`] : [];
    app.post("/todos/:id", { cache: { invalidates: changes } }, async (_request, reply) => {
      reply.code(201);
      return {};
    });
    await ask("/list");
    await ask("/todos/7", { method: "POST" });

    expect((await ask("/list")).cache).toBe("MISS");
  });

  it("is not told where the request does not reach its handler: a hook redirects", async () => {
    const { app, register, ask } = site();
    await register();
    app.get("/list", { cache: { ttl: 60, tags: ["list"] } }, async () => "list");
    app.post(
      "/write",
      {
        cache: { invalidates: ["list"] },
        preHandler: async (_request, reply) => reply.redirect("/login", 303),
      },
      async () => "written",
    );
    await ask("/list");
    await ask("/write", { method: "POST", redirect: "manual" });

    expect((await ask("/list")).cache).toBe("HIT");
  });

  it("that throws is a failed one even if its error handler redirects", async () => {
    const { app, register, ask } = site();
    await register();
    app.setErrorHandler(async (_error, _request, reply) => reply.redirect("/form", 303));
    app.get("/list", { cache: { ttl: 60, tags: ["list"] } }, async () => "list");
    app.post("/write", { cache: { invalidates: ["list"] } }, async () => {
      throw new Error("no");
    });
    await ask("/list");
    await ask("/write", { method: "POST", redirect: "manual" });

    expect((await ask("/list")).headers.get("cache-status")).toContain("fwd=stale");
  });

  it("is not cached, and the reporter does not tell why", async () => {
    const reports: unknown[] = [];
    const { app, register, ask } = site({ reporter: (report) => reports.push(report) });
    await register();
    let runs = 0;
    app.post("/write", { cache: { invalidates: ["list"] } }, async () => `run ${++runs}`);
    await ask("/write", { method: "POST" });

    const second = await ask("/write", { method: "POST" });

    expect([second.body, second.cache, second.headers.get("cache-status"), reports]).toEqual([
      "run 2",
      null,
      null,
      [],
    ]);
  });

  it("may be one method of a route whose other is cached", async () => {
    const { app, register, ask } = site();
    await register();
    let runs = 0;
    app.route({
      method: ["GET", "POST"],
      url: "/list",
      cache: { ttl: 60, tags: ["list"], invalidates: ["list"] },
      handler: async () => `run ${++runs}`,
    });
    const reads = [await ask("/list"), await ask("/list")];
    await ask("/list", { method: "POST" });

    expect([...reads, await ask("/list")].map(({ body }) => body)).toEqual(["run 1", "run 1", "run 3"]);
  });

  it("that is cached, too, invalidates where its handler runs and not on a hit", async () => {
    const { app, register, ask } = site();
    await register();
    app.get("/list", { cache: { ttl: 60, tags: ["list"] } }, async () => "list");
    app.post(
      "/search",
      { cache: { ttl: 60, methods: ["POST"], invalidates: ["list"] } },
      async () => "found",
    );
    const search = async (): Promise<string | null> => {
      await ask("/list");
      const init = { method: "POST", body: "{}", headers: { "content-type": "application/json" } };
      await ask("/search", init);
      return (await ask("/list")).cache;
    };

    expect([await search(), await search()]).toEqual(["MISS", "HIT"]);
  });

  it("keeps its guards", async () => {
    const { app, register, ask } = site();
    await register();
    const before = async (_request: unknown, reply: FastifyReply): Promise<unknown> =>
      reply.code(401).send("no");
    app.post("/write", { cache: { before: [before], invalidates: ["list"] } }, async () => "written");

    expect((await ask("/write", { method: "POST" })).status).toBe(401);
  });
});

describe("the option invalidates", () => {
  const declaring =
    (invalidates: unknown, method = "POST") =>
    async (): Promise<unknown> => {
      const { app, register } = site();
      await register();
      const cache = { invalidates } as { invalidates: string[] };
      app.route({ method, url: "/write", cache, handler: async () => "written" });
      return app.ready();
    };

  it.each<[unknown, string]>([
    ["list", 'POST /write: the option "invalidates" is "list"; write a list, such as ["list"]'],
    [[], 'the option "invalidates" is []'],
    [[{ route: "/list" }], "only tags can be named"],
    [async () => ["list"], "is an async function"],
  ])("is refused if it is %j", async (invalidates, message) => {
    await expect(declaring(invalidates)).rejects.toThrow(message);
  });

  it("is refused on a route that does not write", async () => {
    await expect(declaring(["list"], "GET")).rejects.toThrow(
      'GET /write: the option "invalidates" is on a route that does not write',
    );
  });
});
