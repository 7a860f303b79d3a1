import { once } from "node:events";
import http2 from "node:http2";
import https from "node:https";
import type { IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import type { TLSSocket } from "node:tls";
import { Controller, Get, Module, Req } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { ExpressAdapter } from "@nestjs/platform-express";
import { FastifyAdapter } from "@nestjs/platform-fastify";
import Fastify from "fastify";
import type { FastifyInstance } from "fastify";
import Koa from "koa";
import { describe, expect, it, onTestFinished } from "vitest";
import { cacheRoute as cacheExpress } from "../../src/adapters/express.ts";
import { cacheRoute as cacheFastify } from "../../src/adapters/fastify.ts";
import { cacheRoute as cacheKoa } from "../../src/adapters/koa.ts";
import { CacheRoute, CachingRouteModule } from "../../src/adapters/nestjs.ts";
import { NodeRequest } from "../../src/adapters/node/request.ts";
import { createCache } from "../../src/index.ts";
import { alice, mallory, server as own } from "./harness/certificates.ts";
import type { Credentials } from "./harness/certificates.ts";
import { versions } from "./express/support.ts";

/** The `Cache-Status` and the content of a response. */
type Answer = readonly [status: unknown, text: string];
/** Asks for the one page, with a certificate or without. */
type Ask = (who?: Credentials) => Promise<Answer>;
type Open = (options: Options, isVerified: boolean) => Promise<Ask>;

interface Options {
  readonly credentials?: readonly string[];
  readonly scope?: "everyone";
}

const passedBy = "caching-route;fwd=bypass;detail=credentials";

/** Whom the handler takes for the client: what it reads off the connection. */
function nameOf(request: IncomingMessage): string {
  const { subject } = (request.socket as TLSSocket).getPeerCertificate();
  return `for ${(subject as { CN?: string } | undefined)?.CN ?? "all"}`;
}

/** Without what a clock and a status add. */
function said(cacheStatus: unknown): string {
  return String(cacheStatus).replaceAll(/;(?:ttl|fwd-status)=\d+/g, "");
}

function tls(isVerified: boolean): https.ServerOptions {
  return { ...own, ca: [alice.cert], requestCert: true, rejectUnauthorized: isVerified };
}

function overHttps(port: number): Ask {
  return (who) =>
    new Promise((resolve, reject) => {
      const options = { host: "127.0.0.1", port, path: "/me", agent: false, rejectUnauthorized: false };
      const request = https.get({ ...options, ...who }, (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (part: string) => (text += part));
        response.on("end", () => resolve([said(response.headers["cache-status"]), text]));
      });
      request.on("error", reject);
    });
}

function overHttp2(port: number): Ask {
  return async (who) => {
    const client = http2.connect(`https://127.0.0.1:${port}`, { rejectUnauthorized: false, ...who });
    const stream = client.request({ ":path": "/me" });
    stream.setEncoding("utf8");
    let [status, text]: [unknown, string] = [undefined, ""];
    stream.on("response", (headers) => (status = said(headers["cache-status"])));
    stream.on("data", (part: string) => (text += part));
    await once(stream, "end");
    client.close();
    return [status, text];
  };
}

const expressSites = versions.map(([name, express]): [string, Open] => [
  name,
  async (options, isVerified) => {
    const app = express();
    const cached = cacheExpress(createCache({ reporter: false }), { ttl: 60, ...options });
    app.get("/me", cached, (req, res) => res.send(nameOf(req)));
    const server = https.createServer(tls(isVerified), app).listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => void server.close());
    return overHttps((server.address() as AddressInfo).port);
  },
]);

const fastifySites = (["HTTP/1.1", "HTTP/2"] as const).map((version): [string, Open] => [
  `Fastify over ${version}`,
  async (options, isVerified) => {
    const app = Fastify({ http2: version === "HTTP/2", https: tls(isVerified) } as object) as FastifyInstance;
    onTestFinished(() => app.close());
    await app.register(cacheFastify, { cache: createCache({ reporter: false }) });
    app.get("/me", { cache: { ttl: 60, ...options } }, async (request) => nameOf(request.raw));
    await app.listen({ port: 0, host: "127.0.0.1" });
    const { port } = app.server.address() as AddressInfo;
    return version === "HTTP/2" ? overHttp2(port) : overHttps(port);
  },
]);

const koaSites = (["HTTP/1.1", "HTTP/2"] as const).map((version): [string, Open] => [
  `Koa over ${version}`,
  async (options, isVerified) => {
    const app = new Koa();
    app.use(cacheKoa(createCache({ reporter: false }), { ttl: 60, ...options }));
    app.use((ctx) => void (ctx.body = nameOf(ctx.req)));
    const handle = app.callback();
    const isNew = version === "HTTP/2";
    const server = isNew
      ? http2.createSecureServer(tls(isVerified), (req, res) => void handle(req as never, res as never))
      : https.createServer(tls(isVerified), (req, res) => void handle(req, res));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    return isNew ? overHttp2(port) : overHttps(port);
  },
]);

const nestSites = (["Express", "Fastify"] as const).map((platform): [string, Open] => [
  `Nest on ${platform}`,
  async (options, isVerified) => {
    @Controller("me")
    class OwnController {
      @CacheRoute({ ttl: 60, ...options })
      @Get()
      me(@Req() request: IncomingMessage & { readonly raw?: IncomingMessage }): string {
        return nameOf(request.raw ?? request);
      }
    }
    @Module({ imports: [CachingRouteModule.forRoot({ reporter: false })], controllers: [OwnController] })
    class AppModule {}
    const settings = { logger: false, httpsOptions: tls(isVerified) as object } as const;
    const app =
      platform === "Express"
        ? await NestFactory.create(AppModule, new ExpressAdapter(), settings)
        : await NestFactory.create(AppModule, new FastifyAdapter({ https: tls(isVerified) }), settings);
    onTestFinished(() => app.close());
    await app.listen(0, "127.0.0.1");
    return overHttps(Number(new URL(await app.getUrl()).port));
  },
]);

describe.each([...expressSites, ...fastifySites, ...koaSites, ...nestSites])(
  "%s: a client that shows a certificate",
  (_, open) => {
    it("36: gets no response from the cache, and its page is not stored", async () => {
      const ask = await open({}, false);

      const answers = [await ask(alice), await ask(), await ask(), await ask(alice)];

      expect(answers).toEqual([
        [passedBy, "for alice"],
        ["caching-route;fwd=uri-miss;stored", "for all"],
        ["caching-route;hit", "for all"],
        [passedBy, "for alice"],
      ]);
    });

    it("36: counts even if nobody has verified it", async () => {
      const ask = await open({}, false);

      expect([await ask(mallory), (await ask())[1]]).toEqual([[passedBy, "for mallory"], "for all"]);
    });

    it("36: counts whatever names `credentials` has", async () => {
      const ask = await open({ credentials: [] }, true);

      expect(await ask(alice)).toEqual([passedBy, "for alice"]);
    });

    it("shares a response that its route declares to be for everyone", async () => {
      const ask = await open({ scope: "everyone" }, true);
      await ask(alice);

      expect(await ask(alice)).toEqual(["caching-route;hit", "for alice"]);
    });
  },
);

describe("a closed connection", () => {
  const certificateOf = (socket: object): boolean =>
    new NodeRequest({ headers: {}, socket } as IncomingMessage, "https://a", "/", undefined, undefined, "")
      .hasCertificate;

  it("may have shown a certificate if it was of TLS", () => {
    expect(certificateOf({ encrypted: true, authorized: false, getPeerCertificate: () => null })).toBe(true);
  });

  it("has shown none if it was not of TLS", () => {
    expect(certificateOf({})).toBe(false);
  });
});
