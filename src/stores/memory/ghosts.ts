/** Fewer names than this are not worth counting. */
const FEWEST = 64;
/** How many names are remembered for each entry that is held. */
const PER_ENTRY = 4;

/**
 * The names of entries that went before anybody asked for them, the longest gone forgotten first.
 *
 * A name is a number, so no key outlives its entry. Two entries may share one: the second is then taken for one that
 * is asked for again, which costs a place and nothing else.
 */
export class Ghosts {
  readonly #names = new Set<number>();
  /** One iterator for good: a new one would step over all that was ever deleted in front of the oldest. */
  #fromTheOldest = this.#names.values();

  get size(): number {
    return this.#names.size;
  }

  /** Remembers a name, and no more of them than what is held warrants. */
  add(name: number, entries: number): void {
    this.#names.delete(name);
    this.#names.add(name);
    const most = Math.max(FEWEST, PER_ENTRY * entries);
    while (this.#names.size > most) this.#names.delete(this.#fromTheOldest.next().value as number);
  }

  /** Whether the name is remembered; it no longer is afterwards. */
  take(name: number): boolean {
    return this.#names.delete(name);
  }

  clear(): void {
    this.#names.clear();
    this.#fromTheOldest = this.#names.values();
  }
}

/** The number that stands for a key and a variant (32-bit FNV-1a, over their UTF-16 units). */
export function nameOf(key: string, variant: string): number {
  return mix(mix(OFFSET, key) ^ key.length, variant);
}

const OFFSET = 0x811c9dc5;
const PRIME = 0x01000193;

function mix(start: number, text: string): number {
  let hash = start;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), PRIME);
  return hash;
}
