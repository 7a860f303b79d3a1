import type { Entry } from "../contract/store.ts";
import type { StaleWindows } from "./stale-windows.ts";

/** The entries that were made stale, by the entry that the store has. */
const SOFTENED: WeakMap<Entry, Entry> = new WeakMap();

/**
 * Returns an entry that was softly invalidated at `since`: stale from then on, with stale windows as long as before, which
 * begin there. An entry that was stale by then is returned as it is.
 *
 * `windowsFrom` returns the windows from an instant on; it is called where an endless lifetime hides how long they are.
 */
export function softened(entry: Entry, since: number, windowsFrom: (staleAt: number) => StaleWindows): Entry {
  if (entry.staleAt <= since) return entry;
  const known = SOFTENED.get(entry);
  if (known?.staleAt === since) return known;
  const { staleAt, staleWhileRevalidateUntil, staleIfErrorUntil, ...rest } = entry;
  const windows = staleAt === Infinity ? windowsFrom(since) : undefined;
  const moved = (until: number | undefined, end: number | undefined): number | undefined =>
    until === undefined || windows === undefined ? until && since + (until - staleAt) : end;
  const revalidatingUntil = moved(staleWhileRevalidateUntil, windows?.staleWhileRevalidateUntil);
  const errorUntil = moved(staleIfErrorUntil, windows?.staleIfErrorUntil);
  const soft: Entry = {
    ...rest,
    // Its handler began before, so it is no newer than that. And it was fresh once, unlike what is stale on arrival.
    storedAt: Math.min(entry.storedAt, since - 1),
    staleAt: since,
    ...(revalidatingUntil === undefined ? {} : { staleWhileRevalidateUntil: revalidatingUntil }),
    ...(errorUntil === undefined ? {} : { staleIfErrorUntil: errorUntil }),
  };
  SOFTENED.set(entry, soft);
  return soft;
}
