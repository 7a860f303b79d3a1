import type { MaybePromise } from "../contract/store.ts";

/** A fill that a purge may overtake. */
export interface Ticket {
  /** Whether the resource was purged after the fill began. */
  readonly purged: boolean;
  /** Is called as soon as a purge overtakes the fill. */
  onPurged: () => void;
  /** Ends the fill. */
  leave(): void;
}

/**
 * Prevents fills that began before a purge from storing purged data again (hazard 22).
 *
 * Every fill enters with its resource and leaves at its end. A purge marks all that are inside.
 */
export class PurgeFence {
  readonly #inside = new Map<string, Set<{ purged: boolean; onPurged: () => void }>>();
  /** The number of removals under way, by resource. */
  readonly #removals = new Map<string, number>();

  /** Begins a fill of `resource`. `onPurged` is called as soon as a purge overtakes it. */
  enter(resource: string, onPurged: () => void): Ticket {
    const ticket = { purged: false, onPurged, leave: (): void => this.#leave(resource, ticket) };
    const tickets = this.#inside.get(resource);
    if (tickets === undefined) this.#inside.set(resource, new Set([ticket]));
    else tickets.add(ticket);
    return ticket;
  }

  /** Marks the fills of one resource. Until `removal` is settled, `isRemoving` returns true for the resource. */
  purge(resource: string, removal?: MaybePromise<unknown>): void {
    for (const ticket of this.#inside.get(resource) ?? []) mark(ticket);
    if (!(removal instanceof Promise)) return;
    this.#removals.set(resource, (this.#removals.get(resource) ?? 0) + 1);
    void removal.finally(() => {
      const left = (this.#removals.get(resource) ?? 0) - 1;
      if (left > 0) this.#removals.set(resource, left);
      else this.#removals.delete(resource);
    });
  }

  /** Returns whether a resource is being removed: what the store still returns for it must not be served. */
  isRemoving(resource: string): boolean {
    return this.#removals.size > 0 && this.#removals.has(resource);
  }

  /** Marks all fills. */
  purgeAll(): void {
    for (const tickets of this.#inside.values()) {
      for (const ticket of tickets) mark(ticket);
    }
  }

  #leave(resource: string, ticket: { purged: boolean; onPurged: () => void }): void {
    const tickets = this.#inside.get(resource);
    if (tickets?.delete(ticket) && tickets.size === 0) this.#inside.delete(resource);
  }
}

function mark(ticket: { purged: boolean; onPurged: () => void }): void {
  ticket.purged = true;
  ticket.onPurged();
}
