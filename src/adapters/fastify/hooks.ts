import type { RouteOptions } from "fastify";

/** The hooks in which a cached route takes part. */
type HookName = "preHandler" | "preSerialization" | "onSend" | "onError";

/**
 * Puts hooks before and after all others of a route, and keeps them there.
 *
 * Other plugins add theirs in `onRoute` hooks that run later, by pushing to the list or by replacing it; Fastify reads
 * the list when the application is ready. An accessor puts ours back into place each time the list is read, so that
 * the order of registration does not matter.
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
