import type { Policy } from "./request-and-policy.ts";

/** Returns the path of a route, by its name in keys or else in messages. Undefined: neither tells it. */
export function pathOfRoute({ name, route }: Pick<Policy, "name" | "route">): string | undefined {
  return (patternOf(name) ?? patternOf(route))?.path;
}

/** Parses a route's name such as `GET,HEAD /reports/:id`, and ignores what follows. Undefined for other names. */
export function patternOf(
  name: string,
): { readonly methods: readonly string[]; readonly path: string } | undefined {
  const [, methods, path] = /^([A-Z,-]+) (\/[^ ]*)/.exec(name) ?? [];
  return methods === undefined || path === undefined ? undefined : { methods: methods.split(","), path };
}
