import type { Request } from "express";
import type { Policy } from "../../adapter.ts";

/**
 * The policies of one middleware: one for each route that it is part of, so that messages can name it.
 *
 * A middleware learns of its routes from requests only. Routes are objects that the application made, so clients
 * cannot make more of them.
 */
export class RoutePolicies {
  readonly #make: (route: string) => Policy<Request>;
  readonly #byRoute = new WeakMap<object, Map<string, Policy<Request>>>();

  /** `make` resolves the options under a name for the route. */
  constructor(make: (route: string) => Policy<Request>) {
    this.#make = make;
  }

  /** The policy for the route of this request; undefined where it has none, as in `app.use(cacheRoute(...))`. */
  of(req: Request): Policy<Request> | undefined {
    const route = req.route as { readonly path: unknown } | undefined;
    if (route === undefined) return undefined;
    let byMethod = this.#byRoute.get(route);
    if (byMethod === undefined) this.#byRoute.set(route, (byMethod = new Map()));
    const method = req.method === "HEAD" ? "GET" : req.method;
    let policy = byMethod.get(method);
    if (policy === undefined) {
      policy = this.#make(`${method} ${req.baseUrl}${String(route.path)}`);
      byMethod.set(method, policy);
    }
    return policy;
  }
}
