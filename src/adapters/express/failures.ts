import type { Application, Request, Response } from "express";
import { CacheError } from "../../adapter.ts";
import { recordLayer } from "./layers.ts";

/** The listener for a response's failures. */
const WATCHER: unique symbol = Symbol.for("caching-route.express.watcher") as never;
/** Marks a layer class whose failures are reported. */
const WATCHED: unique symbol = Symbol.for("caching-route.express.watched") as never;

type Next = (error?: unknown) => void;
type Watched = Response & { [WATCHER]?: (error: unknown) => void };
type Layer = Record<string | symbol, unknown>;

/** An Express router or route. */
interface Stack {
  readonly stack?: readonly object[];
}

/**
 * Calls `onFailure` when a handler for `res` fails, before any error handler runs.
 *
 * An error handler sends its page on the same response, with any status, and that must not be stored (hazard 15). A
 * router reports no errors, but it gives each layer a `next` that receives those of `next(error)`, of a throw and of
 * a rejected promise alike. So the two methods of the layer class that it calls are wrapped. Errors of `router.param`
 * do not reach the first of them, and errors of `res.sendFile` and `res.render` go to `req.next`.
 */
export function watchFailures(req: Request, res: Response, onFailure: (error: unknown) => void): void {
  const watched = res as Watched;
  const outer = watched[WATCHER];
  const report = (error: unknown): void => {
    onFailure(error);
    outer?.(error);
  };
  watched[WATCHER] = report;
  watchApplications(req, res, report);
  const { next } = req;
  if (next !== undefined) {
    req.next = (error?: unknown): void => {
      if (isFailure(error)) report(error);
      next(error as never);
    };
  }
}

/**
 * Makes the router of a request report failures, and with it all routers of the same copy of Express.
 * Throws `ERR_CACHE_ROUTE_UNSEEN` if the router is not that of Express 4 or 5.
 */
export function watchRouter(req: Request): void {
  if (!watchLayers((req.route as Stack | undefined) ?? routerOf(req.app))) throw unseen();
}

function unseen(): CacheError {
  return new CacheError(
    "ERR_CACHE_ROUTE_UNSEEN",
    "cacheRoute(): the application's router is not that of Express 4 or 5, so errors of its handlers cannot be seen; use the router of Express",
  );
}

/** The router of an application: Express 4 has it as `_router`. */
function routerOf(app: Application): Stack {
  const { _router: router4 } = app as unknown as { _router?: Stack };
  return router4 ?? (app as unknown as { router: Stack }).router;
}

/**
 * Watches the applications that a request has still to reach. One of another copy of Express is a function, with
 * classes of its own; but before its router runs, it sets `req.app` and then reads `res.locals`.
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

/** Wraps a layer class. Returns whether its failures are reported: not if it is not that of Express 4 or 5. */
function watchLayers({ stack }: Stack): boolean {
  // A router without layers cannot fail.
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
    recordLayer(this, req);
    const report = res[WATCHER];
    if (report === undefined) return Reflect.apply(runs, this, [req, res, next]);
    const { handle } = this as { readonly handle?: unknown };
    // A router of another copy of Express.
    if (
      typeof handle === "function" &&
      Array.isArray((handle as Stack).stack) &&
      !watchLayers(handle as Stack)
    )
      throw unseen();
    const watchedNext = (error?: unknown): void => {
      if (isFailure(error)) report(error);
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
    const report = res[WATCHER];
    if (report === undefined) return Reflect.apply(fails, this, [error, req, res, next]);
    report(error);
    // An error handler may fail itself, with another error.
    const watchedNext = (again?: unknown): void => {
      if (isFailure(again)) report(again);
      next(again);
    };
    return Reflect.apply(fails, this, [error, req, res, watchedNext]);
  };
  Object.defineProperty(layers, WATCHED, { value: true });
  return true;
}

/** Whether the argument of `next` is an error, and not one of Express's two signals. */
function isFailure(error: unknown): boolean {
  return Boolean(error) && error !== "route" && error !== "router";
}
