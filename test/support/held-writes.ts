import { engineOf } from "../../src/adapter.ts";
import type { Engine } from "../../src/adapter.ts";
import type { Cache } from "../../src/index.ts";

/** A cache whose writes invalidate nothing before `open` is called, as that of a shared store takes a while. */
export interface HeldWrites {
  readonly cache: Cache;
  /** How many writes have begun to invalidate. */
  begun(): number;
  open(): void;
}

export function heldWrites(inner: Cache): HeldWrites {
  const engine = engineOf(inner);
  let open = (): void => undefined;
  let begun = 0;
  const opened = new Promise<void>((resolve) => (open = resolve));
  const held: Engine = {
    policy: engine.policy,
    begin: engine.begin,
    invalidates: (tags, context) => {
      const invalidate = engine.invalidates(tags, context);
      return async (end, ...given) => {
        begun++;
        await opened;
        await invalidate(end, ...given);
      };
    },
  };
  const cache = { ...inner, [Symbol.for("caching-route.engine.1")]: held };
  return { cache, begun: () => begun, open };
}
