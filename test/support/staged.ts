import type { Fill } from "../../src/adapter.ts";
import type { RouteOptions } from "../../src/index.ts";
import { kitOf, refresher, serveOf, textOf } from "./kit.ts";
import type { Asked, Kit, KitOptions, Said } from "./kit.ts";

/** A route with something stale stored. */
export interface Staged extends Kit {
  readonly fills: ReturnType<typeof refresher>["fills"];
  readonly asked: Asked;
  /** The content of the response to a request, as text. */
  textNow(asked?: Asked): string | undefined;
}

/** A route with an entry that went stale `age - 60` seconds ago. */
export function stale(route: RouteOptions<Asked>, age: number, response: Said = {}): Staged {
  const { fills, refresh } = refresher();
  const asked = { refresh };
  const kit = kitOf({ route: { ttl: 60, ...route } });
  kit.ask(asked, { body: "old", ...response });
  kit.clock.advance(age);
  return { ...kit, fills, asked, textNow: (other = asked) => textOf(serveOf(kit.now(other)).reply) };
}

/** An error with members of its own, such as a status. */
export const thrown = (own: object): Error => Object.assign(new Error("thrown"), own);

/** A refresh that a request waits for in place of something stale. */
export function refreshing(
  route: RouteOptions<Asked> = {},
): Staged & { fill: Fill; waiting: Promise<unknown> } {
  const kit = stale({ staleIfError: 60, ...route }, 60);
  const waiting = Promise.resolve(kit.begin(kit.asked));
  return { ...kit, fill: kit.fills[0] as Fill, waiting };
}

/** A route that revalidates, with an entry that has just gone stale. */
export function staleKit(headers: Said["headers"] = {}, options: KitOptions = {}): Kit {
  const kit = kitOf({ ...options, route: { ttl: 10, revalidate: true, ...options.route } });
  kit.ask({}, { headers: { etag: '"v1"', ...headers }, body: "stored" });
  kit.clock.advance(10);
  return kit;
}
