import type { Context } from "koa";
import type { Policy, RouteContext } from "../../adapter.ts";
import { countPlaces, currentLayer, placeOf } from "./layers.ts";

/** Resolves a policy in the context of its route; `label` is the route's name in messages. */
type MakePolicy = (
  context: Omit<RouteContext, "route"> & {
    readonly label: string | undefined;
    readonly isOneOfMany: boolean;
  },
) => Policy<Context>;

/**
 * The policies of one middleware: one for each place in the routers, since other places have other handlers, and one
 * for each method, so that messages can name it.
 *
 * Places become known by requests only. They are objects of the application, so clients cannot create more of them.
 */
export class RoutePolicies {
  readonly #make: MakePolicy;
  readonly #byPlace = new WeakMap<object, Map<string, Policy<Context>>>();

  constructor(make: MakePolicy) {
    this.#make = make;
  }

  /** Returns the policy for the place at which this request has reached `middleware`. */
  of(ctx: Context, middleware: object): Policy<Context> {
    const layer = currentLayer(ctx, middleware);
    // Without a router, only the middleware itself is known.
    const place = layer ?? middleware;
    let byMethod = this.#byPlace.get(place);
    if (byMethod === undefined) this.#byPlace.set(place, (byMethod = new Map()));
    const method = ctx.method === "HEAD" ? "GET" : ctx.method;
    let policy = byMethod.get(method);
    if (policy === undefined) {
      const { label, ...found } = placeOf(ctx, { layer, middleware, method });
      policy = this.#make({
        ...found,
        label,
        // All places without a route share one name in messages, that of the middleware.
        declaration: label === undefined ? middleware : place,
        place,
        isOneOfMany: countPlaces(ctx, middleware) > 1,
      });
      byMethod.set(method, policy);
    }
    return policy;
  }
}
