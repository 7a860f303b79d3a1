import type { Policy } from "./request-and-policy.ts";

/** What tells the paths of a route. */
type Known = Pick<Policy, "name" | "route"> & Partial<Pick<Policy, "paths">>;

/** Returns the path of a route, the first of several. Undefined: none is known. */
export function pathOfRoute(policy: Known): string | undefined {
  return pathsOfRoute(policy)[0];
}

/** Returns the paths of a route: those that its adapter knows, then that in its name in keys or else in messages. */
export function pathsOfRoute({ name, route, paths = [] }: Known): readonly string[] {
  const named = (patternOf(name) ?? patternOf(route))?.path;
  return named === undefined ? paths : [...new Set([...paths, named])];
}

/** Parses a route's name such as `GET,HEAD /reports/:id`, and ignores what follows. Undefined for other names. */
export function patternOf(
  name: string,
): { readonly methods: readonly string[]; readonly path: string } | undefined {
  const [, methods, path] = /^([A-Z,-]+) (\/[^ ]*)/.exec(name) ?? [];
  return methods === undefined || path === undefined ? undefined : { methods: methods.split(","), path };
}
