import { once } from "node:events";
import { createServer } from "node:http";
import type { RequestListener, Server } from "node:http";
import type { AddressInfo } from "node:net";
import * as nest from "@nestjs/common";
import type { ExecutionContext } from "@nestjs/common";
import type { NestExpressApplication } from "@nestjs/platform-express";
import type { Request as ExpressRequest, RequestHandler, Response as ExpressResponse } from "express";
import express5 from "express";
import express4 from "express4";
import Fastify from "fastify";
import type { FastifyReply, FastifyRequest } from "fastify";
import { H3, serve as serveH3 } from "h3";
import type { H3Event } from "h3";
import { createAdaptorServer } from "@hono/node-server";
import { Hono } from "hono";
import type { Context } from "hono";
import { cacheRoute as expressCache } from "../../../src/adapters/express.ts";
import { cacheRoute as fastifyCache } from "../../../src/adapters/fastify.ts";
import { cacheRoute as fetchCache } from "../../../src/adapters/fetch.ts";
import { cacheRoute as h3Cache } from "../../../src/adapters/h3.ts";
import { cacheRoute as honoCache } from "../../../src/adapters/hono.ts";
import type { CacheRouteOptions as HonoOptions } from "../../../src/adapters/hono.ts";
import { CacheRoute, CachingRouteModule } from "../../../src/adapters/nestjs.ts";
import type { CacheRouteOptions } from "../../../src/adapters/nestjs.ts";
import type { Cache, RouteOptions } from "../../../src/index.ts";
import { serve } from "../../../examples/fetch/serve.ts";
import { create, nest12 } from "../harness/nestjs.ts";
import type { Platform } from "../harness/nestjs.ts";

/** A field of a request, whatever the framework. */
export type Field = (name: string) => string | undefined;

/** A handler's response. */
export interface Said {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A framework-neutral route, for every method. */
export interface Route {
  readonly path: string;
  /** Created for each framework, whose requests its functions receive. */
  options(field: (native: never) => Field): RouteOptions;
}

/** A handler for all routes. */
export type Handle = (field: Field) => Promise<Said>;

/** An application of one framework, over a real socket. */
export interface Site {
  readonly name: string;
  /** Whether a GET may have content there. */
  readonly isFat: boolean;
  start(
    cache: Cache,
    routes: readonly Route[],
    handle: Handle,
  ): Promise<{
    port: number;
    server: Server;
    native(fields: Record<string, string>): unknown;
    close(): unknown;
  }>;
}

const ofNode =
  (native: { headers: Record<string, string | undefined> }): Field =>
  (name) =>
    native.headers[name];
const ofWeb =
  (native: Request): Field =>
  (name) =>
    native.headers.get(name) ?? undefined;

async function listening(listener: RequestListener): Promise<{ port: number; server: Server }> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  return { port: (server.address() as AddressInfo).port, server };
}

function expressSite(name: string, express: typeof express5): Site {
  return {
    name,
    isFat: true,
    async start(cache, routes, handle) {
      const app = express();
      app.set("etag", false);
      app.use(express.json(), express.urlencoded({ extended: false }), express.text());
      for (const { path, options } of routes) {
        const answer: RequestHandler = async (req, res, next) => {
          try {
            const { status, headers, body } = await handle((field) => req.header(field));
            res.status(status).set(headers).send(body);
          } catch (error) {
            next(error);
          }
        };
        const own = options(ofNode) as RouteOptions<ExpressRequest>;
        app.all(path, expressCache(cache, own), answer);
      }
      const silent: express5.ErrorRequestHandler = (_error, _req, res, _next) => void res.status(500).end();
      app.use(silent);
      const { port, server } = await listening(app);
      return {
        port,
        server,
        native: (headers) => ({ headers }),
        close: () => (server.close(), server.closeAllConnections()),
      };
    },
  };
}

const fastifySite: Site = {
  name: "Fastify",
  isFat: true,
  async start(cache, routes, handle) {
    const app = Fastify();
    await app.register(fastifyCache, { cache });
    app.addContentTypeParser(
      "application/x-www-form-urlencoded",
      { parseAs: "string" },
      (_request, body, done) => done(null, Object.fromEntries(new URLSearchParams(String(body)))),
    );
    for (const { path, options } of routes) {
      const own = options(ofNode) as RouteOptions<FastifyRequest>;
      app.all(path, { cache: own }, async (request, reply) => {
        const said = await handle((field) => request.headers[field] as string | undefined);
        return reply.code(said.status).headers(said.headers).send(said.body);
      });
    }
    const port = Number(new URL(await app.listen({ host: "127.0.0.1", port: 0 })).port);
    return { port, server: app.server, native: (headers) => ({ headers }), close: () => app.close() };
  },
};

const ofNest =
  (native: ExecutionContext): Field =>
  (name) =>
    native.switchToHttp().getRequest<{ headers: Record<string, string | undefined> }>().headers[name];

function nestSite(platform: Platform): Site {
  return {
    name: `Nest on ${platform}`,
    isFat: true,
    async start(cache, routes, handle) {
      @nest.Module({
        imports: [CachingRouteModule.forRoot({ cache })],
        controllers: [controllerOf(routes, handle)],
      })
      class AppModule {}
      const app = await create(nest12, platform, AppModule);
      if (platform === "Express") {
        (app as NestExpressApplication).set("etag", false);
        (app as NestExpressApplication).useBodyParser("text");
      }
      await app.listen(0, "127.0.0.1");
      return {
        port: Number(new URL(await app.getUrl()).port),
        server: app.getHttpServer() as Server,
        native: (headers) => ({ switchToHttp: () => ({ getRequest: () => ({ headers }) }) }),
        close: () => app.close(),
      };
    },
  };
}

/** A controller with a method for each route. */
function controllerOf(routes: readonly Route[], handle: Handle): nest.Type {
  @nest.Controller()
  class RoutesController {}
  const { prototype } = RoutesController;
  for (const { path, options } of routes) {
    const value = async (context: Field, res: ExpressResponse & FastifyReply): Promise<string> => {
      const { status, headers, body } = await handle(context);
      for (const [name, line] of Object.entries(headers)) res.header(name, line);
      res.status(status);
      return body;
    };
    const descriptor = { value, configurable: true, writable: true };
    Object.defineProperty(prototype, path, descriptor);
    nest.createParamDecorator((_data, context: ExecutionContext) => ofNest(context))()(prototype, path, 0);
    nest.Res({ passthrough: true })(prototype, path, 1);
    nest.All(path)(prototype, path, descriptor);
    CacheRoute(options(ofNest) as CacheRouteOptions)(prototype, path, descriptor);
  }
  return RoutesController;
}

const fetchSite: Site = {
  name: "fetch",
  isFat: false,
  async start(cache, routes, handle) {
    const handlers = new Map(
      routes.map(({ path, options }) => {
        const answer = async (request: Request): Promise<Response> => {
          const { status, headers, body } = await handle(ofWeb(request));
          return new Response(body, { status, headers });
        };
        Object.defineProperty(answer, "name", { value: path });
        return [path, fetchCache(cache, options(ofWeb) as RouteOptions<Request>, answer)] as const;
      }),
    );
    const { server, address } = await serve(
      async (request) => handlers.get(new URL(request.url).pathname)?.(request) ?? Response.error(),
      0,
      () => undefined,
    );
    return {
      port: Number(new URL(address).port),
      server,
      native: (headers) => new Request("http://a.test/", { headers }),
      close: () => (server.close(), server.closeAllConnections()),
    };
  },
};

/** In `explain` the functions of a route are given what `native` returns, which has as much of a context as they read. */
const honoSite: Site = {
  name: "Hono",
  isFat: false,
  async start(cache, routes, handle) {
    const app = new Hono();
    app.onError((_error, c) => c.body(null, 500));
    const ofContext =
      (c: Context): Field =>
      (name) =>
        c.req.header(name);
    for (const { path, options } of routes)
      app.all(path, honoCache(cache, options(ofContext) as HonoOptions), async (c) => {
        const { status, headers, body } = await handle(ofContext(c));
        return new Response(body, { status, headers });
      });
    const server = createAdaptorServer({ fetch: app.fetch }) as Server;
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return {
      port: (server.address() as AddressInfo).port,
      server,
      native: (headers) => ({ req: { header: (name: string) => headers[name] } }),
      close: () => (server.close(), server.closeAllConnections()),
    };
  },
};

const h3Site: Site = {
  name: "h3",
  isFat: false,
  async start(cache, routes, handle) {
    const app = new H3({ silent: true });
    const ofEvent = ({ req }: H3Event): Field => ofWeb(req);
    for (const { path, options } of routes) {
      const own = options(ofEvent) as RouteOptions<H3Event>;
      const cached = h3Cache(cache, own, async (event) => {
        const { status, headers, body } = await handle(ofEvent(event));
        return new Response(body, { status, headers });
      });
      app.all(path, cached);
    }
    const server = serveH3(app, { port: 0, hostname: "127.0.0.1", silent: true, gracefulShutdown: false });
    await server.ready();
    return {
      port: Number(new URL(server.url ?? "").port),
      server: server.node?.server as Server,
      native: (headers) => ({ req: new Request("http://a.test/", { headers }) }),
      close: () => server.close(true),
    };
  },
};

export const sites: readonly Site[] = [
  fastifySite,
  expressSite("Express 5", express5),
  expressSite("Express 4", express4),
  nestSite("Express"),
  nestSite("Fastify"),
  fetchSite,
  honoSite,
  h3Site,
];
