import type { Request, RequestHandler } from "express";
import type { Policy, RouteContext } from "../../adapter.ts";
import { countPlaces, currentLayer, placeOf, routeOf } from "./layers.ts";

/** Resolves a policy in the context of its route; `label` is the route's name in messages. */
type MakePolicy = (
  context: Omit<RouteContext, "route"> & {
    readonly label: string | undefined;
    readonly isOneOfMany: boolean;
  },
) => Policy<Request>;

/**
 * The policies of one middleware: one for each place in the routers, since other places have other handlers, and one
 * for each method, so that messages can name it.
 *
 * Places become known by requests only. They are objects of the application, so clients cannot create more of them.
 */
export class RoutePolicies {
  readonly #make: MakePolicy;
  readonly #byPlace = new WeakMap<object, Map<string, Policy<Request>>>();

  constructor(make: MakePolicy) {
    this.#make = make;
  }

  /** Returns the policy for the place at which this request has reached `middleware`. */
  of(req: Request, middleware: RequestHandler): Policy<Request> {
    const layer = currentLayer(req, middleware);
    // If a function of the application calls the middleware, only the route distinguishes its places.
    const place = layer ?? (req.route as object | undefined) ?? middleware;
    const byMethod = this.#byPlace.get(place) ?? this.#policiesOf(req, place, layer);
    const method = req.method === "HEAD" ? "GET" : req.method;
    let policy = byMethod.get(method);
    if (policy === undefined) {
      policy = this.#named(req, middleware, method, layer, place);
      byMethod.set(method, policy);
    }
    return policy;
  }

  /** All layers of a route share their policies: `app.all` creates a layer for each method. */
  #policiesOf(req: Request, place: object, layer: object | undefined): Map<string, Policy<Request>> {
    const route = layer && routeOf(req, layer);
    const policies = (route && this.#byPlace.get(route)) ?? new Map<string, Policy<Request>>();
    if (route !== undefined) this.#byPlace.set(route, policies);
    this.#byPlace.set(place, policies);
    return policies;
  }

  #named(
    req: Request,
    middleware: RequestHandler,
    method: string,
    layer: object | undefined,
    standsAt: object,
  ): Policy<Request> {
    const found = layer && placeOf(req, layer, method);
    const route = layer && routeOf(req, layer);
    const place = route ?? standsAt;
    // `req.route` of an earlier route does not apply to middleware outside of routes.
    const isUsed = layer !== undefined && route === undefined && found !== undefined;
    const path = isUsed ? undefined : (req.route as { readonly path: string | RegExp } | undefined)?.path;
    const label =
      path === undefined ? undefined : `${method} ${req.baseUrl}${String(path)}${found?.nth ?? ""}`;
    return this.#make({
      label,
      name: found?.name,
      paths: found?.paths,
      // All places without a route share one name in messages, that of the middleware.
      declaration: label === undefined ? middleware : place,
      place,
      isOneOfMany: countPlaces(req, middleware) > 1,
    });
  }
}
