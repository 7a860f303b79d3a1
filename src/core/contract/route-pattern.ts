import type { Policy } from "./request-and-policy.ts";

/** What tells the paths of a route. */
type Known = Pick<Policy, "name" | "route"> & Partial<Pick<Policy, "paths">>;

/** Returns the path of a route, the first of several. Undefined: none is known. */
export function pathOfRoute(policy: Known): string | undefined {
  return pathsOfRoute(policy)[0];
}

/** Returns the paths of a route: those that its adapter knows, or that in its name in messages, and that in its name in keys. */
export function pathsOfRoute({ name, route, paths }: Known): readonly string[] {
  const [named, told] = [patternOf(name)?.path, patternOf(route)?.path];
  // What messages tell may be the URL of a first request.
  const all = paths === undefined ? [named, told] : [...paths, named ?? told];
  return [...new Set(all.filter((path) => path !== undefined))];
}

/** Parses a route's name such as `GET,HEAD /reports/:id`, and ignores what follows. Undefined for other names. */
export function patternOf(
  name: string,
): { readonly methods: readonly string[]; readonly path: string } | undefined {
  const [, methods, path] = /^([A-Z,-]+) (\/[^ ]*)/.exec(name) ?? [];
  return methods === undefined || path === undefined ? undefined : { methods: methods.split(","), path };
}
