import { connect } from "node:http2";
import type {
  ClientHttp2Session,
  Http2ServerRequest,
  Http2ServerResponse,
  ServerHttp2Stream,
} from "node:http2";
import { Readable } from "node:stream";
import Fastify from "fastify";
import type { FastifyReply, FastifyRequest } from "fastify";
import { describe, expect, it, onTestFinished } from "vitest";
import { createCache } from "../../../src/index.ts";
import type { Cache, RouteOptions } from "../../../src/index.ts";
import { cacheRoute } from "../../../src/adapters/fastify.ts";
import { testClock } from "../../../src/testing/index.ts";
import { until } from "./support.ts";

type Handler = (request: FastifyRequest, reply: FastifyReply, run: number) => unknown;

interface Site {
  readonly cache: Cache;
  readonly errors: readonly unknown[];
  /** Lets what is stored go stale. */
  age(): void;
  ask(headers: Readonly<Record<string, string>>): Promise<string>;
}

/** A server that speaks HTTP/2, with one route at `/a`. */
async function site(handler: Handler, options: RouteOptions<unknown> = {}): Promise<Site> {
  const clock = testClock();
  const errors: unknown[] = [];
  const cache = createCache({ clock, reporter: false, onError: (error) => errors.push(error) });
  const app = Fastify({ http2: true });
  await app.register(cacheRoute, { cache });
  let runs = 0;
  app.get("/a", { cache: { ttl: 10, staleWhileRevalidate: 60, ...options } }, async (request, reply) =>
    handler(request as unknown as FastifyRequest, reply as unknown as FastifyReply, ++runs),
  );
  const client = connect(await app.listen({ host: "127.0.0.1", port: 0 }));
  onTestFinished(async () => {
    client.destroy();
    await app.close();
  });
  return { cache, errors, age: () => clock.advance(11), ask: (headers) => ask(client, headers) };
}

function ask(client: ClientHttp2Session, headers: Readonly<Record<string, string>>): Promise<string> {
  return new Promise((resolve, reject) => {
    const stream = client.request({ ":path": "/a", ...headers });
    let body = "";
    stream.setEncoding("utf8");
    stream.on("data", (part: string) => (body += part));
    stream.on("end", () => resolve(body));
    stream.on("error", reject);
    stream.end();
  });
}

type Raw = Http2ServerRequest & { readonly stream: ServerHttp2Stream };

/** Asks, lets it go stale, asks again and waits until it is refreshed. */
async function refreshed(
  { ask: get, age, cache }: Site,
  headers: Readonly<Record<string, string>>,
): Promise<void> {
  await get(headers);
  age();
  await get(headers);
  await until(() => cache.stats().stored === 2);
}

describe("a refresh for a client of HTTP/2", () => {
  it.each<[string, (reply: FastifyReply, run: number) => unknown]>([
    [
      "a trailer that Fastify sends",
      (reply, run) => {
        reply.trailer("x-sum", (_reply, _payload, done) => done(null, "1"));
        return reply.send(Readable.from([`run ${run}`], { objectMode: false }));
      },
    ],
    [
      "a trailer beside a length",
      (reply, run) => {
        reply.trailer("x-sum", (_reply, _payload, done) => done(null, "1"));
        return reply.header("content-length", "5").send(Readable.from([`run ${run}`], { objectMode: false }));
      },
    ],
    [
      "early hints",
      (reply, run) => {
        (reply.raw as unknown as Http2ServerResponse).writeEarlyHints({ link: "</a.css>; rel=preload" });
        return reply.send(`run ${run}`);
      },
    ],
    [
      "an informational head",
      (reply, run) => {
        (reply.raw as unknown as Http2ServerResponse).stream.additionalHeaders({ ":status": 102 });
        return reply.send(`run ${run}`);
      },
    ],
    [
      "a pushed response",
      (reply, run) => {
        (reply.raw as unknown as Http2ServerResponse).createPushResponse(
          { ":path": "/b" },
          (error, pushed) => {
            if (error === null) pushed.end("pushed");
          },
        );
        return reply.send(`run ${run}`);
      },
    ],
  ])("may say %s", async (_name, answer) => {
    const made = await site((_request, reply, run) => answer(reply, run));
    await refreshed(made, {});
    expect([await made.ask({}), made.errors]).toEqual(["run 2", []]);
  });

  it("shows its handler the request that the client sent", async () => {
    const seen: unknown[] = [];
    const made = await site((request) => {
      const raw = request.raw as unknown as Raw;
      const { authority, scheme, httpVersion, method, url, headers, rawHeaders, stream, socket } = raw;
      seen.push({
        said: [authority, scheme, httpVersion, method, url, rawHeaders, { ...headers }],
        framework: [request.host, request.protocol, request.ip],
        stream: [stream.id !== undefined, stream.endAfterHeaders, stream.aborted, stream.destroyed],
        port: socket.remotePort,
      });
      return "text";
    });
    await refreshed(made, { ":authority": "a.example", "x-own": "1", cookie2: "a" });
    expect(seen[1]).toEqual(seen[0]);
    expect(seen[0]).toMatchObject({ framework: ["a.example", "http", "127.0.0.1"] });
  });

  it("asks by GET where the client asked by HEAD", async () => {
    const seen: unknown[] = [];
    const made = await site(({ raw, headers }) => {
      seen.push([raw.method, headers[":method"]]);
      return "text";
    });
    await made.ask({});
    made.age();
    await made.ask({ ":method": "HEAD" });
    await until(() => made.cache.stats().stored === 2);
    expect(seen[1]).toEqual(["GET", "GET"]);
  });

  it("keeps what is stored where it fails", async () => {
    const made = await site((_request, _reply, run) => {
      if (run === 2) throw new Error("no");
      return `run ${run}`;
    });
    await made.ask({});
    made.age();
    await made.ask({});
    await until(() => made.cache.stats().refusals.failed === 1);
    expect(await made.ask({})).toBe("run 1");
    expect(made.errors).toEqual([new Error("no")]);
  });
});

describe("39: over HTTP/2, what is not in the key", () => {
  it("is not seen by the handler, in the field that says the path either", async () => {
    const seen: unknown[] = [];
    const made = await site(
      ({ raw, headers, url }) => {
        const { rawHeaders } = raw;
        seen.push([url, headers[":path"], raw.headers[":path"], rawHeaders[rawHeaders.indexOf(":path") + 1]]);
        return "text";
      },
      { query: ["page"] },
    );
    await refreshed(made, { ":path": "/a?page=1&evil=2" });
    const shown = ["/a?page=1", "/a?page=1", "/a?page=1", "/a?page=1"];
    expect(seen).toEqual([shown, shown]);
  });
});
