import type { Application, Request, Response } from "express";
import { CacheError } from "../../adapter.ts";
import { noteLayer } from "./layers.ts";

/** Whom a response's failures are told to. */
const WATCHER: unique symbol = Symbol.for("caching-route.express.watcher") as never;
/** Marks a layer class whose failures are seen. */
const WATCHED: unique symbol = Symbol.for("caching-route.express.watched") as never;

type Next = (error?: unknown) => void;
type Watched = Response & { [WATCHER]?: (error: unknown) => void };
type Layer = Record<string | symbol, unknown>;

/** What an Express router and its routes hold; in Express 4 the application's is `_router`. */
interface Stack {
  readonly stack?: readonly object[];
}

/**
 * Calls `onFailure` as soon as a handler that answers on `res` fails, before any error handler runs.
 *
 * An error handler answers on the same response, with any status, and what it says must not be stored (hazard 15).
 * A router does not tell: it hands each layer its own `next`, which an error by `next(error)`, by a throw or by a
 * rejected promise goes through alike. So the two methods of the layer class that it calls are watched. Errors of
 * `router.param` go past the first of them, and errors of `res.sendFile` and `res.render` take `req.next`.
 */
export function watchFailures(req: Request, res: Response, onFailure: (error: unknown) => void): void {
  const watched = res as Watched;
  const outer = watched[WATCHER];
  const tell = (error: unknown): void => {
    onFailure(error);
    outer?.(error);
  };
  watched[WATCHER] = tell;
  watchApplications(req, res, tell);
  const { next } = req;
  if (next !== undefined) {
    req.next = (error?: unknown): void => {
      if (isFailure(error)) tell(error);
      next(error as never);
    };
  }
}

/**
 * Makes the router of a request one whose failures are seen; it is done once for all routers of one copy of Express.
 * Throws `ERR_CACHE_ROUTE_UNSEEN` where the router is not that of Express 4 or 5.
 */
export function watchRouter(req: Request): void {
  if (!watchLayers((req.route as Stack | undefined) ?? routerOf(req.app))) throw unseen();
}

function unseen(): CacheError {
  return new CacheError(
    "ERR_CACHE_ROUTE_UNSEEN",
    "cacheRoute(): the application's router is not that of Express 4 or 5, so its failures cannot be seen",
  );
}

function routerOf(app: Application): Stack {
  const { _router: router4 } = app as unknown as { _router?: Stack };
  return router4 ?? (app as unknown as { router: Stack }).router;
}

/**
 * Watches the applications that a request still comes to. One of another copy of Express hides in a function, and has
 * classes of its own: but before its router runs, it makes the request its own, and then asks for `res.locals`.
 */
function watchApplications(req: Request, res: Response, onFailure: (error: unknown) => void): void {
  let { locals } = res;
  Object.defineProperty(res, "locals", {
    configurable: true,
    enumerable: true,
    get() {
      const { app } = req as Partial<Request>;
      if (app !== undefined && !watchLayers(routerOf(app))) onFailure(unseen());
      return locals;
    },
    set(value: typeof locals) {
      locals = value;
    },
  });
}

/** Answers whether the failures of such layers are seen from now on: not where they are no layers of Express 4 or 5. */
function watchLayers({ stack }: Stack): boolean {
  // What has no layers does not fail.
  if (stack?.length === 0) return true;
  const layers = Object.getPrototypeOf(stack?.[0] ?? {}) as Layer;
  if (Object.hasOwn(layers, WATCHED)) return true;
  const [run, fail] =
    typeof layers["handleRequest"] === "function"
      ? ["handleRequest", "handleError"]
      : ["handle_request", "handle_error"];
  const { [run]: runs, [fail]: fails } = layers;
  if (typeof runs !== "function" || typeof fails !== "function") return false;
  layers[run] = function watchedRun(this: object, req: Request, res: Watched, next: Next): unknown {
    noteLayer(this, req);
    const tell = res[WATCHER];
    if (tell === undefined) return Reflect.apply(runs, this, [req, res, next]);
    const { handle } = this as { readonly handle?: unknown };
    // A router of another copy of Express.
    if (
      typeof handle === "function" &&
      Array.isArray((handle as Stack).stack) &&
      !watchLayers(handle as Stack)
    )
      throw unseen();
    const watchedNext = (error?: unknown): void => {
      if (isFailure(error)) tell(error);
      next(error);
    };
    return Reflect.apply(runs, this, [req, res, watchedNext]);
  };
  layers[fail] = function watchedFail(
    this: unknown,
    error: unknown,
    req: Request,
    res: Watched,
    next: Next,
  ): unknown {
    const tell = res[WATCHER];
    if (tell === undefined) return Reflect.apply(fails, this, [error, req, res, next]);
    tell(error);
    // An error handler may fail itself, with another error.
    const watchedNext = (again?: unknown): void => {
      if (isFailure(again)) tell(again);
      next(again);
    };
    return Reflect.apply(fails, this, [error, req, res, watchedNext]);
  };
  Object.defineProperty(layers, WATCHED, { value: true });
  return true;
}

/** Whether what `next` was given is an error and not one of Express's two signals. */
function isFailure(error: unknown): boolean {
  return Boolean(error) && error !== "route" && error !== "router";
}
