import type { RouteOptions } from "fastify";

/** The hooks that a cached route adds to. */
type HookName = "preHandler" | "preSerialization" | "onSend" | "onError";

const OURS = new WeakSet<object>();

/**
 * Adds hooks before and after all others of a route, and keeps them there.
 *
 * Other plugins add theirs in `onRoute` hooks that run later: they push to the list or replace it. Fastify reads it when
 * the application is ready. An accessor moves ours to their place at each read, so that the order of registration does not
 * matter. A copy of a cached route comes with our hooks, which are those of another route.
 */
export function arrangeHooks(
  route: RouteOptions,
  name: HookName,
  ours: {
    readonly first?: readonly object[];
    /** Hooks of the application that run before the last. */
    readonly guards?: readonly object[];
    readonly last?: readonly object[];
  },
): void {
  const { first = [], guards = [], last = [] } = ours;
  for (const hook of [...first, ...last]) OURS.add(hook);
  let list: object[] = [route[name] ?? []].flat();
  Object.defineProperty(route, name, {
    enumerable: true,
    configurable: true,
    get: () => {
      const others = list.filter((hook) => !OURS.has(hook) && !guards.includes(hook));
      list.splice(0, list.length, ...first, ...others, ...guards, ...last);
      return list;
    },
    set: (value: object | undefined) => {
      list = [value ?? []].flat();
    },
  });
}
