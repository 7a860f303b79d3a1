import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import type { RequestListener, Server } from "node:http";
import { createServer, request } from "node:https";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";
import fastifyCompress from "@fastify/compress";
import compression from "compression";
import fastify from "fastify";
import type { FastifyInstance } from "fastify";
import { describe, expect, it, onTestFinished } from "vitest";
import { cacheRoute as cacheExpress } from "../../../src/adapters/express.ts";
import { cacheRoute as cacheFastify } from "../../../src/adapters/fastify.ts";
import { createCache } from "../../../src/index.ts";
import type { Cache, CacheOptions } from "../../../src/index.ts";
import { testClock } from "../../../src/testing/index.ts";
import { Client } from "../../../src/testing/adapter-contract/client.ts";
import { versions } from "../express/support.ts";
import { until } from "../express/stale-site.ts";

/** Keys agreed upon beforehand: TLS without a certificate (RFC 4279). */
const psk = Buffer.from("a key of this test only");
const tls = {
  server: { pskCallback: () => psk, ciphers: "PSK", maxVersion: "TLSv1.2" },
  client: {
    pskCallback: () => ({ psk, identity: "test" }),
    checkServerIdentity: () => undefined,
    ciphers: "PSK",
    maxVersion: "TLSv1.2",
  },
} as const;

/** An application whose one route, `/a`, is stale after a minute and sends the protocol and number of its requests. */
interface Site {
  readonly server: Server;
  readonly cache: Cache;
}

type Make = (options: CacheOptions, isSecure: boolean, isCompressed: boolean) => Promise<Site>;

const options = { ttl: 60, staleWhileRevalidate: 60 } as const;
const said = (run: number, how: string): string => `run ${run} ${how} `.repeat(200);

const makeFastify: Make = async (cacheOptions, isSecure, isCompressed) => {
  const app = (isSecure ? fastify({ https: tls.server }) : fastify()) as FastifyInstance;
  const cache = createCache(cacheOptions);
  let runs = 0;
  if (isCompressed) await app.register(fastifyCompress, { threshold: 1 });
  await app.register(cacheFastify, { cache });
  app.get("/a", { cache: options }, async (req, reply) =>
    reply.type("text/plain").send(said(++runs, req.protocol)),
  );
  await app.listen({ port: 0, host: "127.0.0.1" });
  onTestFinished(() => app.close());
  return { server: app.server, cache };
};

const makeExpress =
  (express: (typeof versions)[number][1]): Make =>
  async (cacheOptions, isSecure, isCompressed) => {
    const app = express();
    const cache = createCache(cacheOptions);
    let runs = 0;
    if (isCompressed) app.use(compression({ threshold: 1 }));
    app.get("/a", cacheExpress(cache, options), (req, res) => {
      res.type("text/plain").send(said(++runs, `${req.protocol} ${String(req.secure)}`));
    });
    const listener = app as unknown as RequestListener;
    const server = isSecure ? createServer(tls.server, listener) : createHttpServer(listener);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => void server.close());
    return { server, cache };
  };

const frameworks: readonly (readonly [string, Make])[] = [
  ["Fastify", makeFastify],
  ...versions.map(([name, express]) => [name, makeExpress(express)] as const),
];

describe.each(frameworks)("%s: a refresh in the background", (_name, make) => {
  const clock = testClock();
  const errors: unknown[] = [];
  const quiet: CacheOptions = { clock, reporter: false, onError: (error) => void errors.push(error) };

  it("is a request over TLS, like the client's", async () => {
    const { server, cache } = await make(quiet, true, false);
    const { port } = server.address() as AddressInfo;
    const ask = async (): Promise<string> => {
      const asked = request({ host: "127.0.0.1", port, path: "/a", agent: false, ...tls.client }).end();
      const [message] = (await once(asked, "response")) as [NodeJS.ReadableStream];
      return text(message);
    };
    const first = await ask();
    clock.advance(61);

    const stale = await ask();
    await until(() => cache.stats().stored === 2);

    expect(first).toMatch(/^run 1 https/);
    expect(stale).toBe(first);
    expect(await ask()).toBe(first.replaceAll("run 1", "run 2"));
    expect([cache.stats().refreshes, errors]).toEqual([1, []]);
  });

  it("stores plain content, and each client is sent the coding that it accepts", async () => {
    const { server, cache } = await make(quiet, false, true);
    const { port } = server.address() as AddressInfo;
    const client = new Client(`http://127.0.0.1:${port}`, 5000);
    onTestFinished(() => client.close());
    const ask = (coding: string): ReturnType<Client["ask"]> =>
      client.ask({ path: "/a", headers: { "accept-encoding": coding } });
    await ask("gzip");
    clock.advance(61);

    const stale = await ask("gzip");
    await until(() => cache.stats().stored === 2);
    const [coded, plain] = [await ask("gzip"), await ask("identity")];

    expect(gunzipSync(stale.body).toString()).toMatch(/^run 1 http/);
    expect(coded.header("content-encoding")).toBe("gzip");
    expect(gunzipSync(coded.body).toString()).toBe(plain.text);
    expect(plain.text).toMatch(/^run 2 http/);
    expect([plain.header("x-cache"), plain.header("content-encoding")]).toEqual(["HIT", undefined]);
    expect([cache.stats().refreshes, errors]).toEqual([1, []]);
  });
});
