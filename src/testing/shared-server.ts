import type { Leases, Mark, Marks } from "../index.ts";

/** How many marks are returned at once. */
const PAGE = 1000;

/** A name that is held by a token, or was released with a verdict, until an instant. */
export interface Lease {
  readonly token: string | undefined;
  readonly until: number;
}

/** Returns a log of invalidations over a map: the last position of each name. */
export function marksIn(log: Map<string, number>): Marks {
  const inOrder = (): readonly Mark[] =>
    [...log]
      .map(([name, position]) => ({ name, position }))
      .toSorted((left, right) => left.position - right.position);
  return {
    fullPage: PAGE,

    async read(from: number): Promise<readonly Mark[]> {
      return inOrder()
        .filter(({ position }) => position >= from)
        .slice(0, PAGE);
    },

    async add(names: readonly string[], above: number): Promise<number> {
      const newest = inOrder().at(-1)?.position;
      const added = newest === undefined ? ["*", ...names] : names;
      if (newest !== undefined && names.length === 0) return newest;
      // The clock makes positions of a log that was lost lower than those of the next one.
      let position = Math.max(Date.now() * 1000, newest ?? 0, above);
      for (const name of added) log.set(name, ++position);
      return position;
    },
  };
}

/** Returns names that one token at a time can hold, over a map. */
export function leasesIn(held: Map<string, Lease>): Leases {
  const current = (name: string): Lease | undefined => {
    const lease = held.get(name);
    if (lease !== undefined && lease.until > Date.now()) return lease;
    held.delete(name);
    return undefined;
  };
  const put = (name: string, token: string | undefined, ms: number): void => {
    held.set(name, { token, until: Date.now() + ms });
  };
  return {
    async acquire(name: string, token: string, ms: number): Promise<"mine" | "held" | "alone"> {
      const lease = current(name);
      if (lease !== undefined) return lease.token === undefined ? "alone" : "held";
      put(name, token, ms);
      return "mine";
    },

    async renew(name: string, token: string, ms: number): Promise<boolean> {
      if (current(name)?.token !== token) return false;
      put(name, token, ms);
      return true;
    },

    async release(name: string, token: string, verdict?: { readonly alone: number }): Promise<void> {
      if (current(name)?.token !== token) return;
      if (verdict === undefined) held.delete(name);
      else put(name, undefined, verdict.alone);
    },
  };
}
