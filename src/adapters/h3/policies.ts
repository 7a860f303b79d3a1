import type { H3Event } from "h3";
import { CacheError } from "../../adapter.ts";
import type { Policy, RouteContext, RouteOptions } from "../../adapter.ts";

/** Resolves a route's options in a context. */
type Resolve = (options: RouteOptions<H3Event, never[]>, context: RouteContext) => Policy<H3Event>;

/** What all places of a declaration have. */
type Common = Pick<RouteContext, "query" | "declaration"> & {
  /** The name in messages of a place that is unknown. */
  readonly unplaced: string;
};

/**
 * The policies of one declaration: one for each of its places in the routes of applications.
 *
 * Places become known by requests only. There are as many as applications have routes, so clients cannot create more.
 */
export class RoutePolicies {
  readonly #options: RouteOptions<H3Event, never[]>;
  readonly #common: Common;
  readonly #resolve: Resolve;
  readonly #unplaced: Policy<H3Event>;
  readonly #byPlace = new WeakMap<object, Map<string, Policy<H3Event>>>();
  /** The label of the only place, where the options name the route. */
  #only: string | undefined;

  /** Throws a `CacheError` if an option is wrong. */
  constructor(options: RouteOptions<H3Event, never[]>, common: Common, resolve: Resolve) {
    this.#options = options;
    this.#common = common;
    this.#resolve = resolve;
    const { route: name, ...unnamed } = Object(options) as RouteOptions<H3Event, never[]>;
    const isName = typeof name === "string" && name !== "";
    // The name belongs to the place in the routes, which requests show later.
    this.#unplaced = this.#policy(isName ? unnamed : options, { route: common.unplaced, name: undefined });
  }

  /** Returns the policy for the place at which this request has reached the declaration. */
  of({ app, context }: H3Event): Policy<H3Event> {
    const { route: path, method = "" } = context.matchedRoute ?? {};
    if (app === undefined || path === undefined) return this.#unplaced;
    const label = `${nameOf(method)} ${path}`;
    const places = this.#byPlace.get(app) ?? new Map<string, Policy<H3Event>>();
    this.#byPlace.set(app, places);
    const known = places.get(label);
    if (known !== undefined) return known;
    this.#checkName(label);
    const policy = this.#policy(this.#options, { route: label, name: label, paths: [path], place: {} });
    places.set(label, policy);
    return policy;
  }

  #policy(options: RouteOptions<H3Event, never[]>, context: RouteContext): Policy<H3Event> {
    const { query, declaration } = this.#common;
    const place = context.place ?? declaration;
    return this.#resolve(options, { ...context, query, declaration: place, content: "bytes" });
  }

  /**
   * Throws if a name that the options give is used at a second place. Which of them a process knows first depends on its
   * requests, so that two processes would give it to different handlers.
   */
  #checkName(label: string): void {
    const { route } = Object(this.#options) as RouteOptions;
    if (route === undefined) return;
    this.#only ??= label;
    if (this.#only === label) return;
    throw new CacheError(
      "ERR_CACHE_OPTION_INVALID",
      `${label}: the option "route" is ${JSON.stringify(route)}, the name of ${this.#only} already, which has the same ` +
        "declaration; declare each route, with a name of its own, or leave the names out",
    );
  }
}

/** Returns the methods of a route. One that is declared for HEAD alone shares what is stored for GET. */
function nameOf(method: string): string {
  const upper = method.toUpperCase();
  return upper === "" ? "ALL" : upper === "HEAD" ? "GET" : upper;
}
