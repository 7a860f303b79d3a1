import type { Context } from "hono";
import { matchedRoutes } from "hono/route";

/** A handler in the routes of an application, as Hono has registered it: one object for each registration. */
type Registered = ReturnType<typeof matchedRoutes>[number];

/**
 * Returns the handlers that have matched a request, in the order in which they run.
 *
 * Hono's function for this finds them only on requests of its own instance of Hono, and a process may have several:
 * `require("hono")` is another one than that of this import.
 */
export function matchedBy(c: Context): readonly Registered[] {
  const own = Reflect.get(c.req, "matchedRoutes") as readonly Registered[] | undefined;
  return own ?? matchedRoutes(c);
}

/** The place of a middleware in the routes of an application. */
export interface Place {
  /** The object that identifies the place. */
  readonly registered: object;
  /** The name of the place in messages, such as `GET /reports/:id`. */
  readonly label: string;
  /** The same in every process, and different for each place. */
  readonly name: string;
  /** The path as it was written, with those of the routers around it. */
  readonly path: string;
}

/** The name of the function that `cacheRoute` returns, by which its places are found. */
const OURS = "cacheRoute";

/** Returns the place at which a request has reached the middleware that asks. Undefined: no router has called it. */
export function placeOf(c: Context): Place | undefined {
  const { routeIndex } = c.req;
  const routes = matchedBy(c);
  const registered = routes[routeIndex];
  if (registered === undefined) return undefined;
  const { method, path } = registered;
  // Whatever is declared alike matches the same requests.
  const alike = routes
    .slice(0, routeIndex)
    .filter((other) => other.method === method && other.path === path && nameOf(other) === OURS);
  const label = `${method} ${path}`;
  return { registered, label, path, name: alike.length === 0 ? label : `${label} (${alike.length + 1})` };
}

/** Whether compression is in front of the middleware that asks. It is known by its name. */
export function isBehindCompression(c: Context): boolean {
  return matchedBy(c)
    .slice(0, c.req.routeIndex)
    .some((registered) => /^compress/i.test(nameOf(registered)));
}

/** Returns the name of a registered handler. Hono wraps those of routers with an error handler of their own. */
function nameOf({ handler }: Registered): string {
  let inner: unknown = handler;
  for (let wrapped = inner; wrapped !== undefined; wrapped = innerOf(wrapped)) inner = wrapped;
  return (inner as { readonly name: string }).name;
}

function innerOf(handler: unknown): unknown {
  return (handler as { readonly __COMPOSED_HANDLER?: unknown }).__COMPOSED_HANDLER;
}
