import { CacheError, show } from "../contract/errors.ts";
import type { DeclaredQuery, NormalizedTargets, Policy } from "../contract/request-and-policy.ts";
import { pathOfRoute, pathsOfRoute, patternOf } from "../contract/route-pattern.ts";
import { routeName } from "../invalidation/names.ts";

/** The policy by which a request is explained. */
export interface ChosenRoute {
  readonly policy: Policy<unknown>;
  /** A sentence about what is uncertain in the choice. Undefined: nothing is. */
  readonly doubt: string | undefined;
}

interface Declared {
  readonly policy: Policy<unknown>;
  /** What was declared under this name. */
  readonly declarations: Set<object>;
}

/** The policies of a cache, by the names of their routes in messages, such as `GET /reports/:id`. */
export class Routes {
  readonly #unique: () => string;
  readonly #onSameName: (name: string, route: string) => void;
  readonly #declared = new Map<string, Declared>();
  readonly #owners = new Map<string, object>();
  /** The normalized targets of one route for each way of reading queries. */
  readonly #targets = new Map<string, NormalizedTargets>();

  /**
   * `unique` returns a text that no other call returns, in any process. `onSameName` is called with a `route` name that two
   * declarations have.
   */
  constructor(unique: () => string, onSameName: (name: string, route: string) => void) {
    this.#unique = unique;
    this.#onSameName = onSameName;
  }

  /**
   * Returns the name of a declaration in keys: the wanted one, unless another declaration has it. Two declarations never
   * have the same name (hazard 34), and a made name occurs in no other process.
   */
  name(wanted: string | undefined, namespace: string, route: string, declaration: object = {}): string {
    if (wanted === undefined) return `${route} ${this.#unique()}`;
    const slot = `${namespace.length}:${namespace}${wanted}`;
    const owner = this.#owners.get(slot);
    if (owner === declaration) return wanted;
    if (owner !== undefined) {
      this.#onSameName(wanted, route);
      return `${wanted} ${this.#unique()}`;
    }
    this.#owners.set(slot, declaration);
    return wanted;
  }

  /** Remembers a policy, in place of an earlier one of the same name, and returns it. */
  declare<Native>(policy: Policy<Native>, declaration: object = {}): Policy<Native> {
    const { declarations = new Set<object>() } = this.#declared.get(policy.route) ?? {};
    declarations.add(declaration);
    this.#declared.set(policy.route, { policy: policy as Policy<unknown>, declarations });
    this.#targets.set(targetsName(policy), policy.targets);
    return policy;
  }

  /** Returns the normalized targets of a route, then those of all routes that read queries differently. */
  targetsOf(policy: Policy): readonly NormalizedTargets[] {
    return [...new Set([policy.targets, ...this.#targets.values()])];
  }

  /** Returns the path of a route that has this name in messages or in keys. Undefined: unknown. */
  pathOf(name: string): string | undefined {
    const { policy } = this.#declared.get(name) ?? this.#byName(name) ?? {};
    return policy && pathOfRoute(policy);
  }

  /** Returns whether an invalidation finds a route by this: its path, with or without methods, or its name in keys. */
  has(route: string): boolean {
    const path = patternOf(route)?.path ?? route;
    return Array.from(this.#declared.values()).some(
      ({ policy }) =>
        policy.name === route || pathsOfRoute(policy).some((own) => routeName(own) === routeName(path)),
    );
  }

  /** Returns the paths of all routes, each once. For a route without one, its name in messages. */
  paths(): readonly string[] {
    return [
      ...new Set(
        [...this.#declared.values()].flatMap(
          ({ policy }) => policy.paths ?? pathOfRoute(policy) ?? policy.route,
        ),
      ),
    ];
  }

  /** Returns the namespaces of all routes, that of the cache included, each once. */
  namespaces(): readonly string[] {
    return [...new Set(Array.from(this.#declared.values(), ({ policy }) => policy.namespace))];
  }

  /** Forgets all targets. */
  forget(): void {
    for (const targets of this.#targets.values()) targets.clear();
  }

  /**
   * Returns the policy named `route` or, if that is undefined, the only one whose method and path match. A path without
   * parameters takes precedence. Throws `ERR_CACHE_EXPLAIN`, with the names, if none or several match.
   */
  choose(route: string | undefined, method: string, target: string): ChosenRoute {
    if (route !== undefined) {
      const named = this.#declared.get(route) ?? this.#byName(route) ?? this.#alike(route, method);
      if (named === undefined) throw this.#error(`no route is called ${show(route)}`, this.names());
      return chosen(named);
    }
    const path = target.split("?", 1)[0] as string;
    const names = this.#matching(method === "HEAD" ? "GET" : method, path);
    const [only] = names;
    const described = `${method} ${path}`;
    if (only === undefined) throw this.#error(`no route matches ${described}`, this.names());
    if (names.length > 1) throw this.#error(`several routes match ${described}`, names);
    const declared = this.#declared.get(only) as Declared;
    if (declared.declarations.size > 1 && patternOf(only) === undefined) {
      throw this.#error(
        `${declared.declarations.size} routes are called ${show(only)}; name the handlers, or in Express ask the route once, ` +
          "which names it",
        this.names(),
      );
    }
    const isGuess =
      patternOf(only) === undefined && this.names().some((name) => patternOf(name) !== undefined);
    return isGuess
      ? {
          policy: declared.policy,
          doubt: `No route of this path is known; ${only} is taken, which names no path.`,
        }
      : chosen(declared);
  }

  #byName(name: string): Declared | undefined {
    return [...this.#declared.values()].find(({ policy }) => policy.name === name);
  }

  /**
   * Finds a route that is declared for several methods: `GET /a` and `ALL /a` also mean `GET,POST /a`. If several routes
   * fit, the method of the request decides.
   */
  #alike(route: string, method: string): Declared | undefined {
    const wanted = /^([A-Z,-]+) (\/.*)$/.exec(route);
    if (wanted === null) return undefined;
    const [, methods = "", path] = wanted;
    const fitting = this.names().filter((name) => patternOf(name)?.path === path);
    const isFor = (name: string, several: readonly string[]): boolean =>
      several.every((one) => patternOf(name)?.methods.includes(one));
    const named = methods === "ALL" ? fitting : fitting.filter((name) => isFor(name, methods.split(",")));
    const described = named.filter((name) => isFor(name, [method === "HEAD" ? "GET" : method]));
    const [only, ...others] = described.length > 0 ? described : named;
    return only === undefined || others.length > 0 ? undefined : this.#declared.get(only);
  }

  /** Returns the names that fit a request best. */
  #matching(method: string, path: string): readonly string[] {
    // Fastify declares a HEAD route for each GET route. The latter stands for both.
    const fitting = this.names().filter(
      (name) => !name.startsWith("HEAD ") && fits(patternOf(name)?.path, path),
    );
    const ofMethod = fitting.filter((name) => patternOf(name)?.methods.includes(method));
    const near = ofMethod.length > 0 ? ofMethod : fitting;
    const literal = near.filter((name) => patternOf(name)?.path === path);
    if (literal.length > 0) return literal;
    return near.length > 0 ? near : this.names().filter((name) => patternOf(name) === undefined);
  }

  /** Returns the names of all routes in messages. */
  names(): readonly string[] {
    return [...this.#declared.keys()];
  }

  #error(what: string, names: readonly string[]): CacheError {
    const list = names.length === 0 ? "this cache has no routes yet" : `the names are ${names.join(" | ")}`;
    return new CacheError(
      "ERR_CACHE_EXPLAIN",
      `cache.explain: ${what}; say which, as in explain(request, { route: "GET /reports/:id" }); ${list}`,
    );
  }
}

function chosen({ policy, declarations }: Declared): ChosenRoute {
  const times = declarations.size;
  const doubt =
    times === 1 ? undefined : `${times} routes are called ${policy.route}; this is the one declared last.`;
  return { policy, doubt };
}

/** Returns the same text for routes whose targets normalize alike. */
function targetsName({ namespace, query, noVarySearch }: Policy): string {
  return JSON.stringify([namespace, listed(query), noVarySearch]);
}

function listed(query: DeclaredQuery | undefined): unknown {
  return query && [...query].toSorted(([one], [other]) => (one < other ? -1 : 1));
}

/** Whether a path matches a pattern. A parameter matches one segment, a star matches the rest. */
function fits(pattern: string | undefined, path: string): boolean {
  if (pattern === undefined) return false;
  const [wanted, given] = [pattern, path].map(segmentsOf) as [string[], string[]];
  const star = wanted.findIndex((segment) => segment.includes("*"));
  if (star === -1 ? wanted.length !== given.length : given.length < star) return false;
  const fixed = star === -1 ? wanted : wanted.slice(0, star);
  return fixed.every((segment, at) =>
    segment.includes(":") ? given[at] !== "" : segment.toLowerCase() === given[at]?.toLowerCase(),
  );
}

/** The segments of a path, without empty ones at its end. */
function segmentsOf(path: string): string[] {
  const segments = path.split("/");
  while (segments.length > 1 && segments.at(-1) === "") segments.pop();
  return segments;
}
