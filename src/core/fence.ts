/** One fill that a purge may overtake. */
export interface Ticket {
  /** Whether the resource was purged since the fill began. */
  readonly purged: boolean;
  /** The fill is over. */
  leave(): void;
}

/**
 * Keeps fills that began before a purge from bringing purged data back (hazard 22).
 *
 * Every fill enters with its resource and leaves when it is over; a purge marks all that are inside.
 */
export class Fence {
  readonly #inside = new Map<string, Set<{ purged: boolean; onPurged: () => void }>>();

  /** A fill of `resource` begins; `onPurged` is called at once when a purge overtakes it. */
  enter(resource: string, onPurged: () => void): Ticket {
    const ticket = { purged: false, onPurged, leave: (): void => this.#leave(resource, ticket) };
    const tickets = this.#inside.get(resource);
    if (tickets === undefined) this.#inside.set(resource, new Set([ticket]));
    else tickets.add(ticket);
    return ticket;
  }

  /** Marks the fills of one resource. */
  purge(resource: string): void {
    for (const ticket of this.#inside.get(resource) ?? []) mark(ticket);
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
