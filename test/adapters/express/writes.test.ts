import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import compression from "compression";
import type { ErrorRequestHandler, Express, RequestHandler, Response } from "express";
import { describe, expect, it, onTestFinished } from "vitest";
import { cacheRoute, invalidates } from "../../../src/adapters/express.ts";
import { heldWrites } from "../../support/held-writes.ts";
import { fronts } from "../packages/fronts.mjs";
import { Client } from "../../../src/testing/adapter-contract/client.ts";
import { listen } from "../harness/express.ts";
import { counted, quietCache, versions } from "./support.ts";

const FILE = fileURLToPath(new URL("../../fixtures/localhost-cert.pem", import.meta.url));

const big = Buffer.alloc(2 ** 20, "a");

async function visit(app: Express): Promise<Client> {
  const server = await listen(app);
  const client = new Client(server.origin, 4000);
  onTestFinished(async () => {
    client.close();
    await server.close();
  });
  return client;
}

/** The ways in which an Express handler sends. */
const WAYS: readonly (readonly [string, (res: Response) => unknown])[] = [
  ["json", (res) => res.json({ a: 1 })],
  ["send", (res) => res.send("a")],
  ["sendStatus", (res) => res.sendStatus(204)],
  ["redirect", (res) => res.redirect(303, "/list")],
  ["end", (res) => res.end("a")],
  ["end without content", (res) => res.end()],
  ["writeHead and end", (res) => res.writeHead(201, { "x-a": "1" }).end("a")],
  ["write and end", (res) => (res.write("a"), res.end("b"))],
  ["flushHeaders, then end", (res) => (res.flushHeaders(), setImmediate(() => res.end("a")))],
  ["pipe", (res) => Readable.from(["a", "b"]).pipe(res)],
  ["more than fits into a buffer", (res) => res.end(big)],
  ["sendFile", (res) => res.sendFile(FILE)],
  ["the methods of the prototype", (res) => Object.getPrototypeOf(res).end.call(res, "a")],
];

const FRONTS: readonly (readonly [string, RequestHandler | undefined])[] = [
  ["nothing", undefined],
  ["compression", compression({ threshold: 0 })],
  ["express-session", fronts["express-session"]()],
];

describe.each(versions)("%s: no byte of a write is sent before it has invalidated", (_version, express) => {
  describe.each(FRONTS)("behind %s", (_front, front) => {
    it.each(WAYS)("by %s", async (_way, send) => {
      const { cache, begun, open } = heldWrites(quietCache());
      const app = express();
      if (front !== undefined) app.use(front);
      app.get("/other", (_req, res) => void res.send("other"));
      app.post("/write", invalidates(cache, { tags: ["list"] }), (_req, res) => void send(res));
      const client = await visit(app);
      let isAnswered = false;
      const written = client.open({ method: "POST", path: "/write" }).then((answer) => {
        isAnswered = true;
        return answer;
      });
      while (begun() === 0) await client.ask({ path: "/other" });
      await client.ask({ path: "/other" });
      const wasAnswered = isAnswered;
      open();
      const answer = await written;
      let length = 0;
      for (let part = await answer.next(); part !== undefined; part = await answer.next())
        length += part.length;

      expect([wasAnswered, answer.status < 400, Number.isFinite(length)]).toEqual([false, true, true]);
    });
  });

  it("and all that was sent by then arrives, on a connection that lives on", async () => {
    const { cache, open } = heldWrites(quietCache());
    const app = express();
    app.post("/write", invalidates(cache, { tags: ["list"] }), (_req, res) => void res.end(big));
    app.get("/other", (_req, res) => void res.send("other"));
    const client = await visit(app);
    setImmediate(open);

    const written = await client.ask({ method: "POST", path: "/write" });

    expect(written.body.length).toBe(big.length);
    expect((await client.ask({ path: "/other" })).text).toBe("other");
  });
});

/** A list that is cached, and `write` as an application declares it; returns the outcome of the list after it. */
async function listAfter(
  express: () => Express,
  declare: (app: Express, cache: ReturnType<typeof quietCache>) => void,
  write: (client: Client) => Promise<unknown>,
): Promise<string | undefined> {
  const cache = quietCache();
  const app = express();
  const list = cacheRoute(cache, { ttl: 60, tags: ["list", "todo:7"] });
  app.get(
    "/list",
    list,
    counted((_req, res) => void res.send("list")),
  );
  declare(app, cache);
  const client = await visit(app);
  await client.ask({ path: "/list" });
  await write(client);
  return (await client.ask({ path: "/list" })).header("cache-status");
}

const post = async (client: Client, path = "/todos/7"): Promise<unknown> =>
  client.ask({ method: "POST", path });

const HIT = /hit/;
const GONE = /fwd=uri-miss/;
const STALE = /fwd=stale/;

describe.each(versions)("%s: a write", (_version, express) => {
  it("names its tags by the route's parameters, even where an error handler responds", async () => {
    const tags: RequestHandler = (req, _res, next) =>
      next(new Error(`todo ${String(req.params["id"])} fails`));
    const page: ErrorRequestHandler = (_error, _req, res, _next) =>
      void res.status(500).send("the error page");

    const outcome = await listAfter(
      express,
      (app, cache) => {
        app.post(
          "/todos/:id",
          invalidates(cache, { tags: (req) => [`todo:${String(req.params["id"])}`] }),
          tags,
        );
        app.use(page);
      },
      post,
    );

    expect(outcome).toMatch(STALE);
  });

  it("that throws is a failed one even if its error handler redirects", async () => {
    const fail: RequestHandler = (_req, _res, next) => next(new Error("no"));
    const page: ErrorRequestHandler = (_error, _req, res, _next) => res.redirect(303, "/form");

    const outcome = await listAfter(
      express,
      (app, cache) => {
        app.post("/todos/:id", invalidates(cache, { tags: ["list"] }), fail);
        app.use(page);
      },
      post,
    );

    expect(outcome).toMatch(STALE);
  });

  it("that a guard in front refuses by a redirect invalidates nothing", async () => {
    const outcome = await listAfter(
      express,
      (app, cache) => {
        const guard: RequestHandler = (_req, res) => res.redirect(303, "/login");
        app.post("/todos/:id", guard, invalidates(cache, { tags: ["list"] }), (_req, res) => res.end());
      },
      post,
    );

    expect(outcome).toMatch(HIT);
  });

  it("may be any of those below a path: safe methods pass", async () => {
    const declare = (app: Express, cache: ReturnType<typeof quietCache>): void => {
      app.use("/todos", invalidates(cache, { tags: ["list"] }));
      app.all("/todos/:id", (_req, res) => void res.send("todo"));
    };
    const get = async (client: Client): Promise<unknown> => client.ask({ path: "/todos/7" });

    expect([await listAfter(express, declare, get), await listAfter(express, declare, post)]).toEqual([
      expect.stringMatching(HIT),
      expect.stringMatching(GONE),
    ]);
  });

  it("that breaks off midway makes stale what was stored since its first byte", async () => {
    let breakOff = (): void => undefined;
    const outcome = await listAfter(
      express,
      (app, cache) => {
        app.post("/todos/:id", invalidates(cache, { tags: ["list"] }), (_req, res) => {
          res.write("half");
          breakOff = () => res.destroy();
        });
      },
      async (client) => {
        const written = await client.open({ method: "POST", path: "/todos/7" });
        await written.next();
        await client.ask({ path: "/list" });
        breakOff();
        await written.next().catch(() => undefined);
      },
    );

    expect(outcome).toMatch(STALE);
  });

  it("that handlers end behind next() is told once it is sent", async () => {
    const outcome = await listAfter(
      express,
      (app, cache) => {
        app.post("/todos/:id", invalidates(cache, { tags: ["list"] }), (_req, res, next) => {
          res.status(201).json({});
          next();
        });
      },
      post,
    );

    expect(outcome).toMatch(GONE);
  });
});

describe("the options of invalidates", () => {
  it.each<[unknown, string]>([
    [undefined, "the options are undefined; write an object, such as"],
    [["list"], 'the options are ["list"]'],
    [{}, 'the option "tags" is undefined'],
    [{ tag: ["list"] }, "write tags"],
    [{ tags: "list" }, 'write a list, such as ["list"]'],
  ])("are refused if they are %j", (options, message) => {
    expect(() => invalidates(quietCache(), options as never)).toThrow(message);
  });

  it("come second: the cache is first", () => {
    expect(() => invalidates({ tags: ["list"] } as never, quietCache() as never)).toThrow(
      "expected the cache that createCache() returns",
    );
  });
});
