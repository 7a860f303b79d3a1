import type { ServerResponse } from "node:http";
import { Readable } from "node:stream";
import Fastify from "fastify";
import type { FastifyReply } from "fastify";
import { H3 } from "h3";
import { Hono } from "hono";
import type { Context } from "hono";
import { describe, expect, it, onTestFinished } from "vitest";
import { cacheRoute } from "../../src/adapters/express.ts";
import { cacheRoute as fastifyPlugin } from "../../src/adapters/fastify.ts";
import { cacheRoute as cacheH3 } from "../../src/adapters/h3.ts";
import { cacheRoute as cacheHono } from "../../src/adapters/hono.ts";
import { createCache } from "../../src/index.ts";
import type { Cache, RouteOptions } from "../../src/index.ts";
import { testClock } from "../../src/testing/index.ts";
import { Client } from "./express/client.ts";
import type { Answer } from "./express/client.ts";
import { listen, versions } from "./harness/express.ts";
import { streamOf } from "./harness/fetch.ts";
import { listen as listenBySrvx } from "./harness/h3.ts";
import { listen as listenByHono } from "./harness/hono.ts";

type Value = string | string[];

/** The fields of a response, in the words of no framework. */
interface Head {
  get(name: string): Value | undefined;
  set(name: string, value: Value): void;
  take(name: string): void;
}

/** A handler, and the middleware before it, which receives the number of the request. */
interface Play {
  readonly front: (head: Head, count: number) => void;
  readonly handler: (head: Head) => void;
  readonly isStream?: boolean;
}

type Start = (cache: Cache, options: RouteOptions, play: Play) => Promise<Client>;

const body = "a report";
const parts = (): Readable => Readable.from([Buffer.from("a "), Buffer.from("report")]);

const frameworks: Record<string, Start> = {
  ...Object.fromEntries(
    versions.map(([name, express]): [string, Start] => [
      name,
      async (cache, options, { front, handler, isStream }) => {
        let count = 0;
        const app = express();
        app.set("etag", false);
        const headOf = (res: Parameters<Parameters<typeof app.get>[1]>[1] & object): Head => {
          const raw = res as unknown as ServerResponse;
          return {
            get: (field) => raw.getHeader(field) as Value | undefined,
            set: (field, value) => void raw.setHeader(field, value),
            take: (field) => raw.removeHeader(field),
          };
        };
        app.use((_req, res, next) => {
          front(headOf(res as never), ++count);
          next();
        });
        app.get("/a", cacheRoute(cache, options as never), (_req, res) => {
          handler(headOf(res as never));
          if (isStream === true) parts().pipe(res);
          else res.send(body);
        });
        const server = await listen(app);
        onTestFinished(() => server.close());
        return new Client(server.origin);
      },
    ]),
  ),
  Fastify: async (cache, options, { front, handler, isStream }) => {
    let count = 0;
    const app = Fastify({ forceCloseConnections: true });
    const headOf = (reply: FastifyReply): Head => ({
      get: (field) => reply.getHeader(field) as Value | undefined,
      set: (field, value) => void reply.removeHeader(field).header(field, value),
      take: (field) => void reply.removeHeader(field),
    });
    await app.register(fastifyPlugin, { cache });
    app.addHook("onRequest", async (_request, reply) => front(headOf(reply), ++count));
    app.get("/a", { cache: options as never }, async (_request, reply) => {
      handler(headOf(reply));
      return isStream === true ? parts() : body;
    });
    onTestFinished(() => app.close());
    return new Client(await app.listen({ port: 0, host: "127.0.0.1" }));
  },
  Hono: async (cache, options, { front, handler, isStream }) => {
    let count = 0;
    const app = new Hono();
    // To read `c.res` would change which fields win; a response that is made of the context has its fields.
    const headOf = (c: Context): Head => ({
      get: (field) => valueIn(new Headers(c.body(null).headers), field),
      set(field, value) {
        for (const [at, line] of [value].flat().entries()) c.header(field, line, { append: at > 0 });
      },
      take: (field) => c.header(field),
    });
    app.use(async (c, next) => {
      front(headOf(c), ++count);
      await next();
    });
    app.get("/a", cacheHono(cache, options as never), (c) => {
      handler(headOf(c));
      return isStream === true ? c.body(streamed()) : c.body(body);
    });
    const { origin, close } = await listenByHono(app);
    onTestFinished(close);
    return new Client(origin);
  },
  h3: async (cache, options, { front, handler, isStream }) => {
    let count = 0;
    const headOf = (headers: Headers): Head => ({
      get: (field) => valueIn(headers, field),
      set(field, value) {
        headers.delete(field);
        for (const line of [value].flat()) headers.append(field, line);
      },
      take: (field) => headers.delete(field),
    });
    const app = new H3().use((event) => front(headOf(event.res.headers), ++count));
    app.get(
      "/a",
      cacheH3(cache, options as never, (event) => {
        handler(headOf(event.res.headers));
        return isStream === true ? streamed() : body;
      }),
    );
    const { origin, close } = await listenBySrvx(app);
    onTestFinished(close);
    return new Client(origin);
  },
};

function valueIn(headers: Headers, field: string): Value | undefined {
  return field === "set-cookie" ? headers.getSetCookie() : (headers.get(field) ?? undefined);
}

const streamed = (): ReadableStream<Uint8Array> => streamOf(parts());

const joined = (value: Value | undefined): string => [value ?? []].flat().join(", ");
const lines = (value: Value | undefined): string[] => [value ?? []].flat();

/** What handlers do to a field that earlier middleware sets differently each time, and the values that are expected. */
const deeds: Record<
  string,
  {
    field: string;
    said: (count: number) => Value;
    deed: (head: Head) => void;
    has: (count: number) => string;
  }
> = {
  "take away": {
    field: "x-frame-options",
    said: () => "SAMEORIGIN",
    deed: (head) => head.take("X-Frame-Options"),
    has: () => "",
  },
  "take away cookies": {
    field: "set-cookie",
    said: (count) => `sid=${count}`,
    deed: (head) => head.take("set-cookie"),
    has: () => "",
  },
  "add a line": {
    field: "link",
    said: (count) => `</front-${count}>`,
    deed: (head) => head.set("link", [...lines(head.get("link")), "</own>; rel=next"]),
    has: (count) => `</front-${count}>, </own>; rel=next`,
  },
  "add two lines to two": {
    field: "link",
    said: (count) => [`</front-${count}>`, "</b>"],
    deed: (head) => head.set("link", [...lines(head.get("link")), "</c>", "</d>"]),
    has: (count) => `</front-${count}>, </b>, </c>, </d>`,
  },
  "add to the text": {
    field: "link",
    said: (count) => `</front-${count}>`,
    deed: (head) => head.set("link", `${joined(head.get("link"))}, </own>`),
    has: (count) => `</front-${count}>, </own>`,
  },
  "add a policy": {
    field: "content-security-policy",
    said: (count) => `img-src img${count}.test`,
    deed: (head) =>
      head.set("content-security-policy", [...lines(head.get("content-security-policy")), "font-src 'self'"]),
    has: (count) => `img-src img${count}.test, font-src 'self'`,
  },
  "add to Vary": {
    field: "vary",
    said: (count) => `X-Front-${count}`,
    deed: (head) => head.set("vary", `${joined(head.get("vary"))}, X-Own`),
    has: (count) => `X-Front-${count}, X-Own`,
  },
  replace: {
    field: "content-security-policy",
    said: (count) => `img-src img${count}.test`,
    deed: (head) => head.set("content-security-policy", "default-src 'self'"),
    has: () => "default-src 'self'",
  },
  "replace by a longer one": {
    field: "cache-control",
    said: () => "public",
    deed: (head) => head.set("cache-control", "public, max-age=9"),
    has: () => "public, max-age=9",
  },
};

const cases = Object.entries(frameworks).flatMap(([name, start]) =>
  Object.entries(deeds).map(([deed, what]) => [name, deed, start, what] as const),
);

describe.each(cases)(
  "on %s, a handler that changes earlier fields: %s (hazard 42)",
  (_name, _deed, start, what) => {
    const { field, said, deed, has } = what;
    const options: RouteOptions = { ttl: 60, staleWhileRevalidate: 60, scope: () => "one" };
    const play: Play = {
      front: (head, count) => head.set(field, said(count)),
      handler: deed,
    };
    // The members of a `Vary` are names, whose case means nothing.
    const valueOf = (answer: Answer): string => answer.lines(field).join(", ").replaceAll("x-own", "X-Own");
    const site = (more: Partial<Play> = {}, clock = testClock()): Promise<Client> =>
      start(createCache({ clock, reporter: false }), options, { ...play, ...more });

    it("has the same fields on a miss, on a hit and on a HEAD", async () => {
      const client = await site();
      const answers = [
        await client.ask({ path: "/a" }),
        await client.ask({ path: "/a" }),
        await client.ask({ path: "/a", method: "HEAD" }),
      ];
      expect(answers.map(({ header }) => header("x-cache"))).toEqual(["MISS", "HIT", "HIT"]);
      expect(answers.map(valueOf)).toEqual([has(1), has(2), has(3)]);
    });

    it("has the same fields on a 206 and on a stale response", async () => {
      const clock = testClock();
      const client = await site({}, clock);
      await client.ask({ path: "/a" });
      const part = await client.ask({ path: "/a", headers: { range: "bytes=0-2" } });
      clock.advance(61);
      const stale = await client.ask({ path: "/a" });
      expect([part.status, stale.header("cache-status")]).toEqual([
        206,
        expect.stringMatching(/^caching-route;hit;ttl=-/),
      ]);
      expect([valueOf(part), valueOf(stale)]).toEqual([has(2), has(3)]);
    });

    it("has no other fields on a 304", async () => {
      const client = await site();
      const { header } = await client.ask({ path: "/a" });
      const headers = { "if-none-match": header("etag") ?? "" };
      const same = await client.ask({ path: "/a", headers });
      expect([same.status, same.header("x-cache")]).toEqual([304, "HIT"]);
      // A 304 has only some of the handler's fields, and all of the middleware's.
      const isOwn = ["vary", "cache-control"].includes(field);
      const front = [said(2)].flat().join(", ");
      expect(valueOf(same)).toBe(has(2) === "" || isOwn ? has(2) : front);
    });

    it("has the same fields for followers of its stream", async () => {
      const client = await site({ isStream: true });
      const answers = await Promise.all([client.ask({ path: "/a" }), client.ask({ path: "/a" })]);
      expect(answers.map(({ text }) => text)).toEqual([body, body]);
      expect(answers.map(valueOf).toSorted()).toEqual([has(1), has(2)].toSorted());
    });
  },
);
