import type { Clock } from "../contract/platform.ts";
import type { Invalidation } from "./writes.ts";

/**
 * Returns an invalidation whose promise is settled after at most `ms` milliseconds. A response waits for it, and so do its
 * connection and the end of the server.
 */
export function boundedWrite<Given extends readonly unknown[]>(
  invalidation: Invalidation<Given>,
  clock: Clock,
  ms: number,
): Invalidation<Given> {
  return (end, ...given) => {
    const result = invalidation(end, ...given);
    if (!(result instanceof Promise)) return;
    return new Promise((resolve) => {
      const cancel = clock.schedule(resolve, ms);
      const settled = (): void => {
        cancel();
        resolve();
      };
      result.then(settled, settled);
    });
  };
}
