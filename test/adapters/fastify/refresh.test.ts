import type { IncomingMessage } from "node:http";
import type { FastifyInstance, FastifyRequest, FastifyServerOptions } from "fastify";
import { describe, expect, it } from "vitest";
import type { Answer } from "../../../src/testing/adapter-contract/client.ts";
import { stage, until } from "./support.ts";
import type { Stage } from "./support.ts";

const cache = { ttl: 10, staleWhileRevalidate: 60 };

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly originalUrl: string;
  readonly protocol: string;
  readonly host: string;
  readonly ip: string;
  readonly headers: FastifyRequest["headers"];
  readonly rawHeaders: readonly string[];
}

const seenOf = (request: FastifyRequest): Seen => {
  const { method, url, originalUrl, protocol, host, ip, headers, raw } = request;
  return {
    method,
    url,
    originalUrl,
    protocol,
    host,
    ip,
    headers: { ...headers },
    rawHeaders: raw.rawHeaders,
  };
};

interface Watched extends Stage {
  /** What a hook in front of the cache saw. */
  readonly seen: Seen[];
  readonly runs: () => number;
}

/** A route in front of which a hook looks at each request. */
async function watched(
  server: FastifyServerOptions = {},
  guard: (request: FastifyRequest) => void = () => undefined,
): Promise<Watched> {
  const seen: Seen[] = [];
  let runs = 0;
  const prepare = (app: FastifyInstance): unknown =>
    app.addHook("onRequest", async (request) => void seen.push(seenOf(request)));
  const before = async (request: FastifyRequest): Promise<void> => guard(request);
  const at = await stage(
    (app) => {
      app.get("/a/:id", { cache: { ...cache, before } }, async () => `run ${++runs}`);
    },
    prepare,
    server,
  );
  return { ...at, seen, runs: () => runs };
}

const headers = {
  host: "example.test:81",
  "x-name": ["one", "two"],
  "x-forwarded-proto": "https",
  "x-forwarded-for": "203.0.113.7",
};

describe("a background refresh", () => {
  it("is the request that found the response stale, to every hook: fields, host, protocol, address and URL", async () => {
    const { client, clock, seen, cache: made } = await watched({ trustProxy: true });
    const ask = (): Promise<Answer> => client.ask({ path: "/a/1?b=2&a=%31", headers });

    await ask();
    clock.advance(11);
    await ask();
    await until(() => made.stats().stored === 2);
    const [, trigger, refresh] = seen;

    expect(refresh).toEqual(trigger);
    expect(refresh).toMatchObject({
      method: "GET",
      url: "/a/1?b=2&a=%31",
      protocol: "https",
      host: "example.test:81",
      ip: "203.0.113.7",
    });
  });

  it("has its URL rewritten again, from the URL that the client sent", async () => {
    const rewriteUrl = ({ url }: IncomingMessage): string => String(url).replace("/x", "");
    const { client, clock, seen, runs, cache: made } = await watched({ rewriteUrl });

    await client.ask({ path: "/x/a/x" });
    clock.advance(11);
    await client.ask({ path: "/x/a/x" });
    await until(() => made.stats().stored === 2);

    expect(seen.map(({ url, originalUrl }) => [url, originalUrl])).toEqual(
      Array.from({ length: 3 }, () => ["/a/x", "/x/a/x"]),
    );
    expect(runs()).toBe(2);
  });

  it("passes the guards, which may refuse it: then the client is served what is stale all the same", async () => {
    let allowed = 2;
    const refuse = (): void => {
      if (allowed-- <= 0) throw Object.assign(new Error("refused"), { statusCode: 401 });
    };
    const { client, clock, runs, cache: made } = await watched({}, refuse);

    await client.ask({ path: "/a/1" });
    clock.advance(11);
    const stale = await client.ask({ path: "/a/1" });
    await until(() => made.stats().refusals.failed === 1);

    expect([stale.status, stale.text, runs()]).toEqual([200, "run 1", 1]);
  });

  it("cannot be forged: it carries no field of its own, and a client that sends the same is one like any other", async () => {
    const { client, clock, seen, runs, cache: made } = await watched();

    await client.ask({ path: "/a/1", headers });
    clock.advance(11);
    await client.ask({ path: "/a/1", headers });
    await until(() => made.stats().stored === 2);
    const [first, , refresh] = seen;
    const again = await client.ask({ path: "/a/1", headers: { ...headers, ...refresh?.headers } });

    expect(refresh?.rawHeaders).toEqual(first?.rawHeaders);
    expect([again.text, again.header("x-cache"), runs()]).toEqual(["run 2", "HIT", 2]);
  });

  it("does not show to the client: its connection stays as it is", async () => {
    const { client, clock, cache: made } = await watched();
    const both = "GET /a/1 HTTP/1.1\r\nhost: a\r\n\r\n".repeat(2);

    await client.ask({ path: "/a/1", headers: { host: "a" } });
    clock.advance(11);
    const text = await client.raw(`${both}GET /a/1 HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`);
    await until(() => made.stats().stored === 2);

    expect(text.match(/HTTP\/1.1 200 OK/g)).toHaveLength(3);
    expect(text.match(/run \d/g)).toHaveLength(3);
  });
});
