import type { Server } from "node:http";
import { Readable } from "node:stream";
import { All, Catch, Controller, createParamDecorator, Module, Res, StreamableFile } from "@nestjs/common";
import type { ArgumentsHost, ExceptionFilter, ExecutionContext, Type } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { ExpressAdapter } from "@nestjs/platform-express";
import { FastifyAdapter } from "@nestjs/platform-fastify";
import type { Express, Response } from "express";
import type { FastifyInstance, FastifyReply } from "fastify";
import { CacheRoute, CachingRouteModule } from "../../src/adapters/nestjs.ts";
import type { CacheRouteOptions } from "../../src/adapters/nestjs.ts";
import type { Cache } from "../../src/index.ts";
import { KINDS, userOf } from "./site.ts";
import type { Answer, Seen, Site } from "./site.ts";

type AnyResponse = Response & FastifyReply;

interface AnyRequest {
  readonly method: string;
  readonly url: string;
  readonly params: { readonly id: string };
  readonly headers: Readonly<Record<string, string | undefined>>;
}

/** The application on Nest, which listens; `cache` undefined: without a cache. */
export async function nestServer(
  platform: "nestjs" | "nestjs-fastify",
  site: Site,
  cache: Cache | undefined,
): Promise<Server> {
  const imports = cache === undefined ? [] : [CachingRouteModule.forRoot({ cache })];
  @Module({ imports, controllers: [controllerOf(site, cache !== undefined)] })
  class AppModule {}
  const isFastify = platform === "nestjs-fastify";
  const adapter = isFastify ? new FastifyAdapter() : new ExpressAdapter();
  const app = await NestFactory.create(AppModule, adapter, { logger: false });
  app.useGlobalFilters(new PageFilter());
  if (isFastify) logFastify(adapter.getInstance() as FastifyInstance, site);
  else logExpress(adapter.getInstance() as Express, site);
  await app.listen(0, "127.0.0.1");
  return app.getHttpServer() as Server;
}

/** As loggers do that tell how long a response took. */
function logExpress(app: Express, site: Site): void {
  app.set("etag", false);
  app.use((req, res, next) => {
    const end = site.begin(req.headers["x-alone"] !== undefined, `the logger of ${req.method} ${req.url}`);
    res.once("close", end);
    next();
  });
}

function logFastify(app: FastifyInstance, site: Site): void {
  app.addHook("onRequest", (request, reply, done) => {
    const end = site.begin(
      request.headers["x-alone"] !== undefined,
      `the logger of ${request.method} ${request.url}`,
    );
    reply.raw.once("close", end);
    done();
  });
}

@Catch()
class PageFilter implements ExceptionFilter {
  catch(_error: unknown, host: ArgumentsHost): void {
    const res = host.getArgByIndex<AnyResponse>(1);
    const isBegun = res.headersSent || (res.raw as Response | undefined)?.headersSent === true;
    if (!isBegun) res.header("content-type", "text/plain").status(500).send("failed");
  }
}

const Asked = createParamDecorator((kind: string, context: ExecutionContext): Seen => {
  const { method, params, headers } = context.getArgByIndex<AnyRequest>(0);
  return { method, kind, id: params.id, header: (name) => headers[name] };
});

/** A controller with a method for each kind. */
function controllerOf(site: Site, isCached: boolean): Type {
  @Controller()
  class KindsController {}
  const { prototype } = KindsController;
  const scope = (context: ExecutionContext): string =>
    userOf(context.getArgByIndex<AnyRequest>(0).headers["cookie"]);
  const kinds: Record<string, CacheRouteOptions | undefined> = { ...KINDS, mine: { ttl: 60, scope } };
  for (const [kind, options] of Object.entries(kinds)) {
    const value = async (seen: Seen, res: AnyResponse): Promise<unknown> =>
      respond(await site.answer(seen), res);
    const descriptor = { value, configurable: true, writable: true };
    Object.defineProperty(prototype, kind, descriptor);
    Asked(kind)(prototype, kind, 0);
    Res({ passthrough: true })(prototype, kind, 1);
    All(`${kind}/:id`)(prototype, kind, descriptor);
    if (isCached && options !== undefined) CacheRoute(options)(prototype, kind, descriptor);
  }
  return KindsController;
}

function respond(answer: Answer, res: AnyResponse): unknown {
  res.status(answer.status);
  for (const [name, value] of Object.entries(answer.headers)) res.header(name, value);
  const { parts } = answer;
  if (parts === undefined) return new StreamableFile(answer.whole ?? Buffer.alloc(0));
  const STYLES = [
    (): unknown =>
      // Nest's own handler would send a page if the stream fails before its first byte.
      new StreamableFile(Readable.from(parts(), { objectMode: false })).setErrorHandler(
        (_error, response) => void (response as unknown as Response).destroy(),
      ),
    // Nest sends what is iterable in parts.
    (): unknown => parts(),
  ];
  return STYLES[answer.style % STYLES.length]?.();
}
