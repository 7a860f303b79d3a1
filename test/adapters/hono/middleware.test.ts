import { gunzipSync } from "node:zlib";
import type { HttpBindings } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import { Hono } from "hono";
import type { MiddlewareHandler } from "hono";
import { compress } from "hono/compress";
import { cors } from "hono/cors";
import { etag } from "hono/etag";
import { secureHeaders } from "hono/secure-headers";
import { describe, expect, it, onTestFinished } from "vitest";
import { cacheRoute } from "../../../src/adapters/hono.ts";
import { Client } from "../../../src/testing/adapter-contract/client.ts";
import { listen } from "../harness/hono.ts";
import type { Served } from "../harness/hono.ts";
import { heldCache } from "./support.ts";

const LONG = "caching ".repeat(400);
const GZIP = { "accept-encoding": "gzip" };

const outside = (middleware: MiddlewareHandler, cached: MiddlewareHandler): MiddlewareHandler[] => [
  middleware,
  cached,
];
const inside = (middleware: MiddlewareHandler, cached: MiddlewareHandler): MiddlewareHandler[] => [
  cached,
  middleware,
];
const ORDERS = [
  ["outside", outside],
  ["inside", inside],
] as const;

/** Serves a long text behind these handlers, over a real socket. */
async function site(handlers: MiddlewareHandler[]): Promise<Client> {
  const app = new Hono();
  app.on("GET", ["/"], ...handlers, (c) => c.text(LONG));
  return visit(app);
}

/** Serves an application until the test is over. */
async function visit(app: Served): Promise<Client> {
  const { origin, close } = await listen(app);
  const client = new Client(origin, 10_000);
  onTestFinished(async () => {
    client.close();
    await close();
  });
  return client;
}

const cached = (): MiddlewareHandler => cacheRoute(heldCache().cache, { ttl: 60 });

describe.each(ORDERS)("Hono's own middleware %s the cache", (_place, order) => {
  it("compresses misses and hits, each client its own coding, and no tag of one names the other", async () => {
    const client = await site(order(compress(), cached()));

    const coded = [
      await client.ask({ path: "/", headers: GZIP }),
      await client.ask({ path: "/", headers: GZIP }),
    ];
    const plain = [await client.ask({ path: "/" }), await client.ask({ path: "/" })];

    expect(coded.map(({ body }) => gunzipSync(body).toString())).toEqual([LONG, LONG]);
    expect(plain.map(({ text }) => text)).toEqual([LONG, LONG]);
    expect(
      [...coded, ...plain].map(({ header }) => header("x-cache")).filter((one) => one === "HIT").length,
    ).toBe(order === outside ? 3 : 2);
    expect(coded[1]?.header("etag")).not.toBe(plain[1]?.header("etag"));
  });

  it("sends a 304 with the tag that a client has of its own coding", async () => {
    const client = await site(order(compress(), cached()));
    const first = await client.ask({ path: "/", headers: GZIP });
    const tag = first.header("etag") ?? (await client.ask({ path: "/", headers: GZIP })).header("etag") ?? "";

    const same = await client.ask({ path: "/", headers: { ...GZIP, "if-none-match": tag } });

    expect([same.status, same.header("etag")]).toEqual([304, tag]);
  });

  it("gives an entity tag by etag, and a 304 to who has it", async () => {
    const client = await site(order(etag(), cached()));
    await client.ask({ path: "/" });
    const hit = await client.ask({ path: "/" });

    const same = await client.ask({ path: "/", headers: { "if-none-match": hit.header("etag") ?? "" } });

    expect([hit.header("x-cache"), hit.text, same.status, same.text]).toEqual(["HIT", LONG, 304, ""]);
  });

  it("sends the fields of cors and secureHeaders with misses and hits, once", async () => {
    const fields = (middleware: MiddlewareHandler): Promise<Client> => site(order(middleware, cached()));
    const [crossed, secured] = [
      await fields(cors({ origin: "http://a.test" })),
      await fields(secureHeaders()),
    ];
    const headers = { origin: "http://a.test" };

    const ofCors = [await crossed.ask({ path: "/", headers }), await crossed.ask({ path: "/", headers })];
    const ofSecurity = [await secured.ask({ path: "/" }), await secured.ask({ path: "/" })];

    expect([ofCors[1], ofSecurity[1]].map((hit) => hit?.header("x-cache"))).toEqual(["HIT", "HIT"]);
    expect(ofCors.map(({ lines }) => lines("access-control-allow-origin"))).toEqual([
      ["http://a.test"],
      ["http://a.test"],
    ]);
    expect(ofSecurity.map(({ lines }) => lines("x-frame-options"))).toEqual([["SAMEORIGIN"], ["SAMEORIGIN"]]);
  });
});

describe("compression in front of a Hono route", () => {
  it("is kept off a part, whose bytes are those of the plain content", async () => {
    const client = await site([compress({ threshold: 0 }), cached()]);
    await client.ask({ path: "/" });

    const part = await client.ask({ path: "/", headers: { ...GZIP, range: "bytes=8-14" } });

    expect([part.status, part.text, part.header("content-encoding")]).toEqual([206, "caching", undefined]);
  });

  it("leaves a response to HEAD without the strong tag of the plain content", async () => {
    const client = await site([compress(), cached()]);
    const plain = await client.ask({ path: "/" });

    const head = await client.ask({ method: "HEAD", path: "/", headers: GZIP });

    expect(head.header("etag")).toBe(`W/${plain.header("etag")}`);
  });

  it("is known in a router with an error handler of its own", async () => {
    const inner = new Hono();
    inner.onError((_error, c) => c.text("page", 500));
    inner.use(compress());
    inner.get("/", cached(), (c) => c.text(LONG));
    const client = await visit(new Hono().route("/", inner));
    const plain = await client.ask({ path: "/" });

    const head = await client.ask({ method: "HEAD", path: "/", headers: GZIP });

    expect(head.header("etag")).toBe(`W/${plain.header("etag")}`);
  });
});

describe("a Hono handler that writes to the connection of its server itself", () => {
  it("is not stored, and runs for each request", async () => {
    let runs = 0;
    const app = new Hono<{ Bindings: HttpBindings }>();
    app.get("/", cached(), (c) => {
      c.env.outgoing.end(`run ${++runs}`);
      return RESPONSE_ALREADY_SENT;
    });
    const client = await visit(app);

    const answers = [await client.ask({ path: "/" }), await client.ask({ path: "/" })];

    expect(answers.map(({ status, text }) => [status, text])).toEqual([
      [200, "run 1"],
      [200, "run 2"],
    ]);
  });
});
