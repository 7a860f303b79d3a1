import { CacheError, isThenable, show } from "../contract/errors.ts";
import type { Mark, Marks, Store, StoreStats } from "../contract/store.ts";

/** From how many marks on a page may not be the last, unless its store says it. */
const LEAST_PAGE = 100;

/** Returns whether a value is a number from 0 up. */
export function isCount(value: unknown): value is number {
  return typeof value === "number" && value >= 0;
}

/** Returns the size of a store as it returned it. Throws `ERR_CACHE_STORE_ANSWER` for anything but counts. */
export function statsIn(store: string, value: unknown): StoreStats {
  const { entries, bytes, evictions } = Object(value) as StoreStats;
  if (value !== null && [entries, bytes, evictions].every(isCount)) return { entries, bytes, evictions };
  throw wrongResult(store, "stats", "counts", value);
}

/** Returns a copy of a page of marks. Throws `ERR_CACHE_STORE_ANSWER` for anything else. */
export function marksIn(store: string, value: unknown): readonly Mark[] {
  const wrong = (): CacheError =>
    wrongResult(store, "marks.read", "a list of marks: { name, position }", value);
  if (!Array.isArray(value)) throw wrong();
  return (value as unknown[]).map((mark) => {
    const { name, position } = Object(mark) as { readonly name?: unknown; readonly position?: unknown };
    if (typeof name !== "string" || !isPosition(position)) throw wrong();
    return { name, position };
  });
}

/**
 * Returns the position of a mark that was added above another. Throws `ERR_CACHE_STORE_ANSWER` for anything else: a client
 * that has lost its place returns the results of earlier calls.
 */
export function positionIn(store: string, value: unknown, above: number): number {
  if (isPosition(value) && value > above) return value;
  throw wrongResult(store, "marks.add", `a position above ${above}`, value);
}

function isPosition(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

/** The error for a method that returned something else than `what`. */
export function wrongResult(store: string, operation: string, what: string, value: unknown): CacheError {
  // The wrong value may be a promise that rejects.
  if (isThenable(value)) void Promise.resolve(value).catch(() => undefined);
  const shown = isThenable(value) ? "a Promise" : show(value);
  const message = `the store ${store} returned ${shown} from "${operation}" instead of ${what}`;
  return new CacheError("ERR_CACHE_STORE_ANSWER", message);
}

/** Returns from how many marks on a page of a store may not be the last. */
export function fullPageOf(marks: Marks | undefined): number {
  const { fullPage } = Object(marks) as { readonly fullPage?: unknown };
  return typeof fullPage === "number" && fullPage > 0 ? fullPage : LEAST_PAGE;
}

/** Returns a member of a store, read once and safely. Undefined: reading it throws. */
export function memberOf(store: Store, name: keyof Store): unknown {
  try {
    return store[name];
  } catch {
    return undefined;
  }
}
