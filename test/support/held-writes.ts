import type { Cache } from "../../src/index.ts";
import { withAlteredEngine } from "../../src/testing/altered-engine.ts";

/** A cache whose writes invalidate nothing before `open` is called, as that of a shared store takes a while. */
export interface HeldWrites {
  readonly cache: Cache;
  /** How many writes have begun to invalidate. */
  begun(): number;
  open(): void;
}

export function heldWrites(inner: Cache): HeldWrites {
  let open = (): void => undefined;
  let begun = 0;
  const opened = new Promise<void>((resolve) => (open = resolve));
  const cache = withAlteredEngine(inner, (engine) => ({
    invalidates: (tags, context) => {
      const invalidate = engine.invalidates(tags, context);
      return async (end, ...given) => {
        begun++;
        await opened;
        await invalidate(end, ...given);
      };
    },
  }));
  return { cache, begun: () => begun, open };
}
