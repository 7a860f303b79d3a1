import type { Request, RequestHandler } from "express";
import type { Policy, RouteContext } from "../../adapter.ts";
import { countPlaces, currentLayer, placeOf, routeOf } from "./layers.ts";

/** Makes a policy under what the framework knows of its route; `label` is what messages call it. */
type MakePolicy = (
  context: Omit<RouteContext, "route"> & {
    readonly label: string | undefined;
    readonly isOneOfMany: boolean;
  },
) => Policy<Request>;

/**
 * The policies of one middleware: one for each place where it stands, since what stands elsewhere is answered by other
 * handlers, and one for each method, so that messages can name it.
 *
 * A middleware learns of its places from requests only. They are objects that the application made, so clients cannot
 * make more of them.
 */
export class RoutePolicies {
  readonly #make: MakePolicy;
  readonly #byPlace = new WeakMap<object, Map<string, Policy<Request>>>();

  /** `make` resolves the options of the middleware. */
  constructor(make: MakePolicy) {
    this.#make = make;
  }

  /** The policy for the place where this request has come to `middleware`. */
  of(req: Request, middleware: RequestHandler): Policy<Request> {
    const layer = currentLayer(req, middleware);
    // Where a function of the application's calls it, only the route tells one place from another.
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

  /** One for all layers of a route: `app.all` makes a layer for each method. */
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
    // What an earlier route has left on the request is not the route of a middleware that stands in none.
    const isUsed = layer !== undefined && route === undefined && found !== undefined;
    const path = isUsed ? undefined : (req.route as { readonly path: string | RegExp } | undefined)?.path;
    const label =
      path === undefined ? undefined : `${method} ${req.baseUrl}${String(path)}${found?.nth ?? ""}`;
    return this.#make({
      label,
      name: found?.name,
      // Messages call all places without a route by one name, and mean the middleware by it.
      declaration: label === undefined ? middleware : place,
      place,
      isOneOfMany: countPlaces(req, middleware) > 1,
    });
  }
}
