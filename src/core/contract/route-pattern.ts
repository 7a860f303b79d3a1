/** Parses a route's name such as `GET,HEAD /reports/:id`, and ignores what follows. Undefined for other names. */
export function patternOf(
  name: string,
): { readonly methods: readonly string[]; readonly path: string } | undefined {
  const [, methods, path] = /^([A-Z,-]+) (\/[^ ]*)/.exec(name) ?? [];
  return methods === undefined || path === undefined ? undefined : { methods: methods.split(","), path };
}
