import { CacheError, show } from "./errors.ts";
import type { Policy } from "./types.ts";

/** The policy that a request is explained by. */
export interface ChosenRoute {
  readonly policy: Policy<unknown>;
  /** What is not certain about the choice, in words. */
  readonly doubt: string | undefined;
}

interface Declared {
  readonly policy: Policy<unknown>;
  /** How many policies were declared under this name. */
  readonly times: number;
}

/** Remembers the policies of a cache by what messages call their routes; as many as the application has names. */
export class Routes {
  readonly #declared = new Map<string, Declared>();

  /** Remembers a policy in place of an earlier one of the same name, and answers it. */
  declare<Native>(policy: Policy<Native>): Policy<Native> {
    const times = (this.#declared.get(policy.route)?.times ?? 0) + 1;
    this.#declared.set(policy.route, { policy: policy as Policy<unknown>, times });
    return policy;
  }

  /**
   * Chooses the policy called `route` or, where that is undefined, the only one whose method and path match; a path
   * without parameters goes before one with them. Throws `ERR_CACHE_EXPLAIN`, with the names, where there is none or
   * more than one.
   */
  choose(route: string | undefined, method: string, target: string): ChosenRoute {
    if (route !== undefined) {
      const named = this.#declared.get(route);
      if (named === undefined) throw this.#error(`no route is called ${show(route)}`, this.#names());
      return chosen(named);
    }
    const path = target.split("?", 1)[0] as string;
    const names = this.#matching(method === "HEAD" ? "GET" : method, path);
    const [only] = names;
    const asked = `${method} ${path}`;
    if (only === undefined) throw this.#error(`no route matches ${asked}`, this.#names());
    if (names.length > 1) throw this.#error(`several routes match ${asked}`, names);
    const declared = this.#declared.get(only) as Declared;
    if (declared.times > 1 && patternOf(only) === undefined) {
      throw this.#error(
        `${declared.times} routes are called ${show(only)}; name the handlers, or in Express ask the route once, ` +
          "which names it",
        this.#names(),
      );
    }
    const isGuess =
      patternOf(only) === undefined && this.#names().some((name) => patternOf(name) !== undefined);
    return isGuess
      ? { ...declared, doubt: `No route of this path is known; ${only} is taken, which names no path.` }
      : chosen(declared);
  }

  /** The names that a request may belong to, those that fit best. */
  #matching(method: string, path: string): readonly string[] {
    // Fastify makes a route for HEAD beside each one for GET, which answers it as well.
    const fitting = this.#names().filter(
      (name) => !name.startsWith("HEAD ") && fits(patternOf(name)?.path, path),
    );
    const ofMethod = fitting.filter((name) => patternOf(name)?.methods.includes(method));
    const near = ofMethod.length > 0 ? ofMethod : fitting;
    const literal = near.filter((name) => patternOf(name)?.path === path);
    if (literal.length > 0) return literal;
    return near.length > 0 ? near : this.#names().filter((name) => patternOf(name) === undefined);
  }

  #names(): readonly string[] {
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

function chosen({ policy, times }: Declared): ChosenRoute {
  const doubt =
    times === 1 ? undefined : `${times} routes are called ${policy.route}; this is the one declared last.`;
  return { policy, doubt };
}

/** Reads a name such as `GET,HEAD /reports/:id`; undefined where it is none. */
function patternOf(name: string): { readonly methods: readonly string[]; readonly path: string } | undefined {
  const [, methods, path] = /^([A-Z,-]+) (\/.*)$/.exec(name) ?? [];
  return methods === undefined || path === undefined ? undefined : { methods: methods.split(","), path };
}

/** Whether a path may belong to a pattern: a segment with a parameter is any segment, a star is any rest. */
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

/** The segments of a path, the empty ones at its end left out. */
function segmentsOf(path: string): string[] {
  const segments = path.split("/");
  while (segments.length > 1 && segments.at(-1) === "") segments.pop();
  return segments;
}
