import type { RouteOptions } from "fastify";

/** The hooks that a cached route adds to. */
type HookName = "preHandler" | "preSerialization" | "onSend" | "onError";

/**
 * Adds hooks before and after all others of a route, and keeps them there.
 *
 * Other plugins add theirs in `onRoute` hooks that run later: they push to the list or replace it. Fastify reads it when
 * the application is ready. An accessor moves ours to their place at each read, so that the order of registration does not
 * matter.
 */
export function arrangeHooks(
  route: RouteOptions,
  name: HookName,
  ours: { readonly first?: readonly unknown[]; readonly last?: readonly unknown[] },
): void {
  const { first = [], last = [] } = ours;
  let list: unknown[] = [route[name] ?? []].flat();
  Object.defineProperty(route, name, {
    enumerable: true,
    configurable: true,
    get: () => {
      const others = list.filter((hook) => !first.includes(hook) && !last.includes(hook));
      list.splice(0, list.length, ...first, ...others, ...last);
      return list;
    },
    set: (value: unknown) => {
      list = [value ?? []].flat();
    },
  });
}
