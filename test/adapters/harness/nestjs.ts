import { Readable } from "node:stream";
import compress from "@fastify/compress";
import * as common12 from "@nestjs/common";
import type { ArgumentsHost, CanActivate, ExecutionContext, INestApplication, Type } from "@nestjs/common";
import * as core12 from "@nestjs/core";
import * as express12 from "@nestjs/platform-express";
import * as fastify12 from "@nestjs/platform-fastify";
import compression from "compression";
import type { Express, NextFunction, Request, Response } from "express";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Cache } from "../../../src/index.ts";
import * as caching12 from "../../../src/adapters/nestjs.ts";
import type {
  AdapterHarness,
  ContractRequest,
  ContractResponse,
  ContractRoute,
  ContractServer,
} from "../../../src/testing/index.ts";
import { COOKIES_IN_HOOKS } from "./fastify.ts";
import { listenFor, log } from "./ways.ts";

/** The packages of one version of Nest, and the adapter that has found them. */
export interface Nest {
  readonly version: string;
  readonly common: typeof common12;
  readonly core: typeof core12;
  readonly express: typeof express12;
  readonly fastify: typeof fastify12;
  readonly caching: typeof caching12;
}

/** What Nest runs on. */
export type Platform = "Express" | "Fastify";

/** Nest 12. */
export const nest12: Nest = {
  version: "12",
  common: common12,
  core: core12,
  express: express12,
  fastify: fastify12,
  caching: caching12,
};

/** Serves the contract's neutral routes with one version of Nest, over a real socket. */
export function nestHarness(nest: Nest, platform: Platform): AdapterHarness {
  return {
    name: `Nest ${nest.version} on ${platform}`,
    declined: platform === "Fastify" ? COOKIES_IN_HOOKS : {},
    start: (cache, routes) => start(nest, platform, cache, routes),
  };
}

async function start(
  nest: Nest,
  platform: Platform,
  cache: Cache,
  routes: readonly ContractRoute[],
): Promise<ContractServer> {
  // Those for some requests alone come before those for all others.
  const ordered = routes.toSorted(
    (one, other) => Number(other.only !== undefined) - Number(one.only !== undefined),
  );
  const controller = controllerOf(nest, ordered);
  @nest.common.Module({
    imports: [nest.caching.CachingRouteModule.forRoot({ cache })],
    controllers: [controller],
  })
  class AppModule {}
  const app = await create(nest, platform, AppModule);
  if (routes.some(({ only }) => only !== undefined)) {
    app.enableVersioning({
      type: nest.common.VersioningType.CUSTOM,
      extractor: (request) => String((request as Request).headers["x-only"] ?? ""),
    });
  }
  app.useGlobalFilters(new (ownStatusFilter(nest))(app.getHttpAdapter()));
  if (platform === "Express") prepareExpress(app.getHttpAdapter().getInstance() as Express, ordered);
  else await prepareFastify(app.getHttpAdapter().getInstance() as FastifyInstance, ordered);
  await app.listen(0, "127.0.0.1");
  const origin = (await app.getUrl()).replace("[::1]", "127.0.0.1");
  return { origin, close: () => app.close() };
}

/** A filter as many applications have it: an error with a status is sent with that, whatever its class. */
function ownStatusFilter({ common, core }: Nest): typeof core12.BaseExceptionFilter {
  class OwnStatusFilter extends core.BaseExceptionFilter {
    override catch(error: unknown, host: ArgumentsHost): void {
      const { status } = Object(error) as { readonly status?: unknown };
      const isPlain = typeof status === "number" && !(error instanceof common.HttpException);
      // oxlint-disable-next-line promise/valid-params, promise/no-promise-in-callback -- a filter's method
      super.catch(isPlain ? new common.HttpException("an error", status) : error, host);
    }
  }
  common.Catch()(OwnStatusFilter);
  return OwnStatusFilter;
}

/** Creates an application that logs nothing. */
export function create(nest: Nest, platform: Platform, root: Type): Promise<INestApplication> {
  const options = { logger: false, abortOnError: false, forceCloseConnections: true } as const;
  return platform === "Express"
    ? nest.core.NestFactory.create(root, new nest.express.ExpressAdapter(), options)
    : nest.core.NestFactory.create(
        root,
        new nest.fastify.FastifyAdapter({ forceCloseConnections: true }),
        options,
      );
}

function prepareExpress(app: Express, routes: readonly ContractRoute[]): void {
  // With it, no response would be without an entity tag.
  app.set("etag", false);
  app.use((req: Request, res: Response, next: NextFunction) => {
    log(req, res);
    const route = routeOf(routes, req.method, req.path, req.headers["x-only"]);
    if (route === undefined) return next();
    if (route.log !== undefined) res.once("finish", () => route.log?.(req.originalUrl));
    // As parsers leave it, and Express its own beside it.
    Object.assign(req, { _parsedOriginalUrl: { href: req.originalUrl, _raw: req.originalUrl } });
    for (const [name, value] of Object.entries(route.earlier?.() ?? {})) res.setHeader(name, value);
    if (route.lateCookies !== undefined) sayLate(res, route.lateCookies);
    if (route.compresses === true) return compression({ threshold: 0 })(req, res, next);
    return next();
  });
}

/** As sessions do, by `on-headers`. */
function sayLate(res: Response, lateCookies: NonNullable<ContractRoute["lateCookies"]>): void {
  const { writeHead } = res;
  let isSaid = false;
  res.writeHead = ((...args: Parameters<typeof writeHead>) => {
    if (!isSaid) for (const line of lateCookies()) res.append("set-cookie", line);
    isSaid = true;
    return Reflect.apply(writeHead, res, args);
  }) as typeof writeHead;
}

async function prepareFastify(app: FastifyInstance, routes: readonly ContractRoute[]): Promise<void> {
  if (routes.some(({ compresses }) => compresses === true)) await app.register(compress, { threshold: 0 });
  const found = (request: FastifyRequest): ContractRoute | undefined =>
    routeOf(routes, request.method, request.url.split("?", 1)[0] ?? "", request.headers["x-only"]);
  app.addHook("onRequest", async (request, reply) => {
    log(request.raw, reply.raw);
    reply.headers(copied(found(request)?.earlier?.() ?? {}));
  });
  app.addHook("onResponse", async (request) => found(request)?.log?.(request.originalUrl));
  if (routes.some(({ lateCookies }) => lateCookies !== undefined)) {
    // As plugins for sessions do.
    app.addHook("onSend", async (request, reply) => {
      for (const line of found(request)?.lateCookies?.() ?? []) reply.header("set-cookie", line);
    });
  }
}

function routeOf(
  routes: readonly ContractRoute[],
  method: string,
  path: string,
  only: unknown,
): ContractRoute | undefined {
  const asked = method === "HEAD" ? "GET" : method;
  const here = routes.filter(
    (route) => (route.method === asked || route.method === method) && route.path === path,
  );
  return here.find((route) => route.only === only) ?? here.find((route) => route.only === undefined);
}

/** A controller with a method for each route. */
function controllerOf(nest: Nest, routes: readonly ContractRoute[]): Type {
  const { Controller, Req, Res } = nest.common;
  @Controller()
  class ContractController {}
  for (const [at, route] of routes.entries()) {
    const name = `handle${at}`;
    const value = (req: Request | FastifyRequest, res: Response | FastifyReply): Promise<unknown> =>
      run(nest, route, req, res);
    Object.defineProperty(ContractController.prototype, name, { value, configurable: true, writable: true });
    Req()(ContractController.prototype, name, 0);
    Res({ passthrough: true })(ContractController.prototype, name, 1);
    const descriptor = { value, configurable: true, writable: true };
    for (const decorate of decoratorsOf(nest, route))
      decorate(ContractController.prototype, name, descriptor);
  }
  return ContractController;
}

function decoratorsOf({ common, caching }: Nest, route: ContractRoute): MethodDecorator[] {
  const { guard, options, cache, only } = route;
  const requireKey: CanActivate = {
    canActivate(context: ExecutionContext) {
      guard?.onRun?.();
      if (context.switchToHttp().getRequest<Request>().headers["x-key"] !== undefined) return true;
      throw new common.UnauthorizedException("a key is needed");
    },
  };
  return [
    common.RequestMapping({
      path: route.path,
      method: common.RequestMethod[route.method as keyof typeof common.RequestMethod],
    }),
    common.Version(only ?? common.VERSION_NEUTRAL),
    ...(guard === undefined ? [] : [common.UseGuards(requireKey)]),
    ...(options === undefined
      ? []
      : [caching.CacheRoute({ ...(options as caching12.CacheRouteOptions), ...(cache && { cache }) })]),
    ...(route.invalidates === undefined
      ? []
      : [caching.Invalidates({ tags: route.invalidates, ...(cache && { cache }) })]),
  ];
}

/** Handles a request as methods of controllers do: it returns what is to be sent. */
async function run(
  { common, caching }: Nest,
  route: ContractRoute,
  req: Request | FastifyRequest,
  res: Response | FastifyReply,
): Promise<unknown> {
  const isFastify = "raw" in req;
  const answer: ContractResponse = await route.handler(
    isFastify ? seenByFastify(req, res as FastifyReply) : seenByExpress(req, res as Response),
  );
  const { status = 200, headers = {}, removes = [], adds = {}, tags = [], body } = answer;
  res.status(status);
  for (const tag of tags) caching.cacheTags(res as Response, [tag]);
  for (const name of removes) res.removeHeader(name);
  for (const [name, line] of Object.entries(adds)) {
    const lines = [res.getHeader(name) ?? [], line].flat().map(String);
    set(res, name, lines.length > 1 ? lines : String(lines));
  }
  for (const [name, value] of Object.entries(headers)) {
    const isVary = !isFastify && name === "vary";
    const isAdded = !isFastify && name === "set-cookie";
    if (isVary) (res as Response).vary(String(value));
    else if (isAdded) (res as Response).append(name, typeof value === "string" ? value : [...value]);
    else set(res, name, value);
  }
  if (body instanceof Uint8Array) return new common.StreamableFile(body);
  if (typeof body === "object" && Symbol.asyncIterator in body)
    return new common.StreamableFile(Readable.from(body, { objectMode: false }));
  return body;
}

function set(res: Response | FastifyReply, name: string, value: string | readonly string[]): void {
  const own = typeof value === "string" ? value : [...value];
  if ("raw" in res) res.header(name, own);
  else res.setHeader(name, own);
}

function seenByExpress(req: Request, res: Response): ContractRequest {
  const gone = new AbortController();
  res.once("close", () => res.writableFinished || gone.abort());
  const { _parsedUrl, _parsedOriginalUrl } = req as unknown as Record<string, unknown>;
  return {
    method: req.method,
    url: req.url,
    alsoUrls: [req.originalUrl, JSON.stringify([_parsedUrl, _parsedOriginalUrl, req.query])],
    query: (name) => [(req.query as Record<string, string | string[] | undefined>)[name] ?? []].flat(),
    header: (name) => joined(req.headers[name]),
    signal: gone.signal,
    notices: listenFor(req, res, undefined),
  };
}

function seenByFastify(request: FastifyRequest, reply: FastifyReply): ContractRequest {
  return {
    method: request.method,
    url: request.url,
    alsoUrls: [
      request.originalUrl,
      JSON.stringify([request.raw.url, (request.raw as { originalUrl?: string }).originalUrl, request.query]),
      JSON.stringify([request.raw.headers, request.raw.rawHeaders]),
    ],
    query: (name) => [(request.query as Record<string, string | string[] | undefined>)[name] ?? []].flat(),
    header: (name) => joined(request.headers[name]),
    // Fastify creates it on first read.
    signal: request.signal,
    notices: listenFor(request.raw, reply.raw, request.signal),
  };
}

function joined(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(", ") : value;
}

function copied(headers: NonNullable<ContractResponse["headers"]>): Record<string, string | string[]> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, typeof value === "string" ? value : [...value]]),
  );
}
