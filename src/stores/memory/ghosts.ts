/** At least this many names are remembered. */
const FEWEST = 64;
/** How many names are remembered per held entry. */
const PER_ENTRY = 4;

/**
 * The names of entries that were evicted without a hit. The oldest is forgotten first.
 *
 * A name is a number, so that no key outlives its entry. Two entries may share a name. The second then enters the main queue
 * at once, which does no harm.
 */
export class Ghosts {
  readonly #names = new Set<number>();
  /** One iterator for all calls: a new one would step over every name deleted before the oldest. */
  #fromTheOldest = this.#names.values();

  get size(): number {
    return this.#names.size;
  }

  /** Remembers a name. `entries` is how many entries are held, which bounds the number of names. */
  add(name: number, entries: number): void {
    this.#names.delete(name);
    this.#names.add(name);
    const most = Math.max(FEWEST, PER_ENTRY * entries);
    while (this.#names.size > most) this.#names.delete(this.#fromTheOldest.next().value as number);
  }

  /** Forgets a name; returns whether it was remembered. */
  take(name: number): boolean {
    return this.#names.delete(name);
  }

  clear(): void {
    this.#names.clear();
    this.#fromTheOldest = this.#names.values();
  }
}

/** Returns a number for a key and a variant: 32-bit FNV-1a over their UTF-16 units. */
export function ghostName(key: string, variant: string): number {
  return mix(mix(OFFSET, key) ^ key.length, variant);
}

const OFFSET = 0x811c9dc5;
const PRIME = 0x01000193;

function mix(start: number, text: string): number {
  let hash = start;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), PRIME);
  return hash;
}
