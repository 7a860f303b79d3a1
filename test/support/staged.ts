import type { RouteOptions } from "../../src/index.ts";
import { kitOf, refresher, serveOf, textOf } from "./kit.ts";
import type { Asked, Kit, Said } from "./kit.ts";

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
