import type { Context } from "koa";
import { mountOf } from "./request.ts";

/** A router's record of a route, or of middleware that it uses, which has no methods. */
interface Layer {
  readonly path: string | RegExp;
  readonly methods: readonly string[];
  readonly stack: readonly unknown[];
}

interface Router {
  readonly stack: readonly Layer[];
}

/** What `@koa/router` leaves on a context, as far as it has run. */
interface Routed {
  /** The layers whose path is that of the request. */
  readonly matched?: readonly Layer[];
  /** The path of the current layer, as it was written, with the prefixes of its routers. */
  readonly routerPath?: string | RegExp;
  readonly router?: Router;
}

/** A middleware in a layer. */
interface Leaf {
  readonly layer: Layer;
  readonly handle: unknown;
}

/** The place of a middleware in the application. */
interface Place {
  /** The route's name in messages. Undefined: the middleware is in no route. */
  readonly label: string | undefined;
  /** The same in every process, whatever was declared or requested first. Undefined: there is none. */
  readonly name: string | undefined;
  /** The path of the route with those of the routers around it, as it was written. Undefined: there is none. */
  readonly paths: readonly string[] | undefined;
}

/** The name of the function that `cacheRoute` returns, by which its places are found. */
const OURS = "cacheRoute";

/**
 * Returns the layer at which a request has reached a middleware: the one that has it, or, where another function calls it,
 * the route of this path. Undefined outside of routers.
 */
export function currentLayer(ctx: Context, middleware: object): Layer | undefined {
  const { matched = [], routerPath } = ctx as Routed;
  const here = matched.filter(({ path }) => path === routerPath);
  const holding = here.find(({ stack }) => stack.includes(middleware));
  // Middleware of the application that runs after a router is in none of its layers.
  if (holding !== undefined || middlewareOf(ctx).includes(middleware)) return holding;
  return here.find(({ methods }) => methods.includes(ctx.method));
}

/** Counts the places of a middleware in a request's application. */
export function countPlaces(ctx: Context, middleware: object): number {
  const inLayers = leavesOf(ctx).filter(({ handle }) => handle === middleware);
  return inLayers.length + middlewareOf(ctx).filter((used) => used === middleware).length;
}

/**
 * Names the place of a middleware by method, the path of its layer, and its number among those with the same method and
 * path.
 */
export function placeOf(
  ctx: Context,
  {
    layer,
    middleware,
    method,
  }: { readonly layer: object | undefined; readonly middleware: object; readonly method: string },
): Place {
  if (layer === undefined) return placeOutside(ctx, middleware, method);
  const found = layer as Layer;
  const isRoute = found.methods.length > 0;
  const mount = ctx.url === ctx.originalUrl ? "" : mountOf(ctx);
  const path = `${mount ?? ""}${String(found.path)}`;
  const alike = leavesOf(ctx, found).filter(
    (leaf) =>
      String(leaf.layer.path) === String(found.path) &&
      (leaf.layer === found || !isRoute || leaf.layer.methods.includes(method)),
  );
  const at = alike.findIndex(
    (leaf) => leaf.layer === found && (leaf.handle === middleware || leaf.handle === undefined),
  );
  const nth = at < 1 ? "" : ` (${at + 1})`;
  const label = isRoute ? `${method} ${path}${nth}` : undefined;
  const isWritten = isRoute && typeof found.path === "string" && mount !== undefined;
  return {
    label,
    name: at === -1 ? undefined : (label ?? `${method} use ${path}${nth}`),
    paths: isWritten ? [path] : undefined,
  };
}

/** Middleware that the application itself uses has no path. */
function placeOutside(ctx: Context, middleware: object, method: string): Place {
  const at = middlewareOf(ctx).filter(isOurs).indexOf(middleware);
  const name = at === -1 ? undefined : `${method} use${at === 0 ? "" : ` (${at + 1})`}`;
  return { label: undefined, name, paths: undefined };
}

/** Returns our middleware in all routers of an application, in the order in which they run. `composed` calls one itself. */
function leavesOf(ctx: Context, composed?: Layer): readonly Leaf[] {
  const routers = middlewareOf(ctx).flatMap((used) => (used as { readonly router?: Router }).router ?? []);
  const { router: current } = ctx as Routed;
  // An application that is mounted in another is not listed there.
  const all = current === undefined || routers.includes(current) ? routers : [current];
  return all.flatMap(({ stack }) =>
    stack.flatMap((layer): Leaf[] => {
      const own = layer.stack.filter(isOurs).map((handle) => ({ layer, handle }));
      return own.length === 0 && layer === composed ? [{ layer, handle: undefined }] : own;
    }),
  );
}

function middlewareOf({ app }: Context): readonly unknown[] {
  return app.middleware;
}

function isOurs(handle: unknown): boolean {
  return (handle as { readonly name?: unknown }).name === OURS;
}
