import type { Entry } from "../contract/store.ts";
import type { RunParts } from "../fill/run.ts";
import { Flights } from "../flight/flights.ts";
import { RefreshBackoff } from "../flight/refresh-backoff.ts";
import { PurgeFence } from "../invalidation/purge-fence.ts";
import type { GuardedStore } from "../lookup/guarded-store.ts";
import { Lookup } from "../lookup/lookup.ts";
import { Responder } from "../reply/representation.ts";

/** Returns the parts that all requests of a cache share: those given, and those that the core makes itself. */
export function partsOf(given: Omit<RunParts, "flights" | "backoff" | "fence" | "responder">): RunParts {
  return {
    ...given,
    flights: new Flights(given.digest),
    backoff: new RefreshBackoff(given.digest),
    fence: new PurgeFence(),
    responder: new Responder(),
  };
}

/** Returns whether an entry has been purged, though the store may still return it. */
export function isOutdated({ fence, tags }: Pick<RunParts, "fence" | "tags">, entry: Entry): boolean {
  return fence.isRemoving(entry.key) || (entry.tags !== undefined && tags.areOutdated(entry));
}

/** Returns a lookup in `store`. An entry that was purged is a miss. */
export function lookupIn(store: GuardedStore, parts: Pick<RunParts, "fence" | "tags">): Lookup {
  return new Lookup(
    store,
    () => store.distrust(),
    (entry) => isOutdated(parts, entry),
  );
}
