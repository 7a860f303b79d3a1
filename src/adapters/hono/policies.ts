import type { Context } from "hono";
import { CacheError } from "../../adapter.ts";
import type { Policy, RouteContext, RouteOptions } from "../../adapter.ts";
import { placeOf } from "./place.ts";

/** Resolves a route's options in a context. */
type Resolve = (options: RouteOptions<Context>, context: RouteContext) => Policy<Context>;

const UNNAMED = "cacheRoute()";

/**
 * The policies of one middleware: one for each of its places in the routes, since other places have other handlers.
 *
 * Places become known by requests only. They are objects of the application, so clients cannot create more of them.
 */
export class RoutePolicies {
  readonly #options: RouteOptions<Context>;
  readonly #resolve: Resolve;
  readonly #byPlace = new WeakMap<object, Policy<Context>>();
  /** The label of the only place, where the options name the route. */
  #only: string | undefined;

  /** Throws a `CacheError` if an option is wrong. `middleware` stands for all places that are unknown. */
  constructor(options: RouteOptions<Context>, middleware: object, resolve: Resolve) {
    const { route: name, ...unnamed } = Object(options) as RouteOptions<Context>;
    const isName = typeof name === "string" && name !== "";
    this.#options = options;
    this.#resolve = resolve;
    // The name belongs to the place of the middleware, which requests show later.
    const unplaced = resolve(isName ? unnamed : options, {
      route: UNNAMED,
      name: undefined,
      declaration: middleware,
      content: "bytes",
    });
    this.#byPlace.set(middleware, unplaced);
  }

  /** Returns the policy for the place at which this request has reached `middleware`. */
  of(c: Context, middleware: object): Policy<Context> {
    const place = placeOf(c);
    const key = place?.registered ?? middleware;
    const known = this.#byPlace.get(key);
    if (known !== undefined || place === undefined) return known as Policy<Context>;
    const { registered, label, name, path } = place;
    this.#checkName(label);
    const policy = this.#resolve(this.#options, {
      route: label,
      name,
      paths: [path],
      declaration: registered,
      place: registered,
      content: "bytes",
    });
    this.#byPlace.set(registered, policy);
    return policy;
  }

  /**
   * Throws if a name that the options give is used at a second place. Which of them a process knows first depends on its
   * requests, so that two processes would give it to different handlers.
   */
  #checkName(label: string): void {
    const { route } = Object(this.#options) as RouteOptions<Context>;
    if (route === undefined) return;
    this.#only ??= label;
    if (this.#only === label) return;
    throw new CacheError(
      "ERR_CACHE_OPTION_INVALID",
      `${label}: the option "route" is ${JSON.stringify(route)}, the name of ${this.#only} already, which has the same middleware; ` +
        "call cacheRoute for each route, with a name of its own, or leave the names out",
    );
  }
}
