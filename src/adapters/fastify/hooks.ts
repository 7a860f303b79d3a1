import type { RouteOptions } from "fastify";
import { processWide } from "../node/process-wide.ts";

/** The hooks that a cached route adds to. */
type HookName = "preHandler" | "preSerialization" | "onSend" | "onError";

/** Where hooks are kept in a route's list. */
interface Places {
  readonly first?: readonly object[];
  /** Hooks of the application that run before the last. */
  readonly guards?: readonly object[];
  readonly last?: readonly object[];
}

const OURS = processWide("fastify.hooks", () => new WeakSet<object>());

/** The hooks that are kept in their places, by route and name. */
const ARRANGED = processWide(
  "fastify.arranged.1",
  () => new WeakMap<RouteOptions, Map<HookName, Required<Places>>>(),
);

/**
 * Adds hooks before and after all others of a route, and keeps them there. Those that were added by an earlier call stay
 * at the very ends.
 *
 * Other plugins add theirs in `onRoute` hooks that run later: they push to the list or replace it. Fastify reads it when
 * the application is ready. An accessor moves ours to their place at each read, so that the order of registration does not
 * matter. A copy of a cached route comes with our hooks, which are those of another route.
 */
export function arrangeHooks(
  route: RouteOptions,
  name: HookName,
  { first = [], guards = [], last = [] }: Places,
): void {
  for (const hook of [...first, ...last]) OURS.add(hook);
  const arranged = ARRANGED.get(route) ?? new Map<HookName, Required<Places>>();
  const known = arranged.get(name);
  ARRANGED.set(route, arranged);
  arranged.set(name, {
    first: [...(known?.first ?? []), ...first],
    guards: [...new Set([...(known?.guards ?? []), ...guards])],
    last: [...last, ...(known?.last ?? [])],
  });
  if (known === undefined) keepArranged(route, name, arranged);
}

function keepArranged(
  route: RouteOptions,
  name: HookName,
  arranged: ReadonlyMap<HookName, Required<Places>>,
): void {
  let list: object[] = [route[name] ?? []].flat();
  Object.defineProperty(route, name, {
    enumerable: true,
    configurable: true,
    get: () => {
      const { first = [], guards = [], last = [] } = arranged.get(name) ?? {};
      const others = list.filter((hook) => !OURS.has(hook) && !guards.includes(hook));
      list.splice(0, list.length, ...first, ...others, ...guards, ...last);
      return list;
    },
    set: (value: object | undefined) => {
      list = [value ?? []].flat();
    },
  });
}
