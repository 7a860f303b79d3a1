import type { MaybePromise } from "../contract/store.ts";
import type { Removal } from "../invalidation/mark-sender.ts";
import { keyName } from "../invalidation/names.ts";
import type { Name } from "../invalidation/names.ts";
import type { RunParts } from "./run.ts";

/** The parts of a cache that a removal needs. */
export type RemovalParts = Pick<RunParts, "store" | "ledger" | "log" | "fence" | "writeMs">;

/**
 * Removes resources, marks other names as well, and keeps fills that are under way from storing. What the store fails to
 * remove is dead all the same.
 */
export function removeResources(
  parts: RemovalParts,
  resources: readonly string[],
  names: readonly Name[] = [],
): MaybePromise<Removal> {
  const { log, fence, writeMs } = parts;
  const removal =
    log === undefined ? removeHere(parts, resources, names) : log.remove(resources, names, writeMs);
  for (const resource of resources) fence.purge(resource, removal);
  return removal;
}

function removeHere(
  { store, ledger }: RemovalParts,
  resources: readonly string[],
  names: readonly Name[],
): MaybePromise<Removal> {
  const position = ledger.mark(names);
  const counts = resources.map((resource) => store.delete(resource, position));
  const removal = (removed: readonly (number | undefined)[]): Removal => {
    const failed = resources.filter((_, index) => removed[index] === undefined);
    if (failed.length > 0) ledger.mark(failed.map(keyName));
    const sum = removed.reduce<number>((all, count) => all + (count ?? 0), 0);
    return { removed: failed.length > 0 ? undefined : sum, position };
  };
  const now = counts.filter((count): count is number | undefined => !(count instanceof Promise));
  return now.length < counts.length
    ? Promise.all(counts.map((count) => Promise.resolve(count))).then(removal)
    : removal(now);
}
