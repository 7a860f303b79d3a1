import { CacheError, show } from "../core/errors.ts";
import type { ChooseVariant, Entry, Store, StoreStats } from "../core/store.ts";

/** The bounds of a memory store. */
export interface MemoryStoreOptions {
  /** What all entries together may weigh, in bytes, keys and fields included. Default: 64 MiB. */
  maxBytes?: number;
  /** How many entries there may be. Default: no bound but the bytes. */
  maxEntries?: number;
  /** How many variants one resource may have. Default: 256. */
  maxVariants?: number;
}

/** One entry in the ring of the eviction order. */
interface Slot {
  readonly entry: Entry;
  readonly bytes: number;
  readonly resource: Resource;
  visited: boolean;
  newer: Slot;
  older: Slot;
}

interface Resource {
  readonly key: string;
  readonly vary: readonly string[];
  readonly variants: Map<string, Slot>;
}

/** What an entry costs beyond its texts and its content: objects, map slots, the buffer's own head. */
const OVERHEAD_BYTES = 600;
/** Small contents are also kept as text, which is cheaper to send. */
const SENT_AS_TEXT_BYTES = 8192;

/**
 * Keeps entries in the memory of the process, by reference: nothing is encoded, nothing copied.
 *
 * Bounded by bytes. What is evicted is chosen by SIEVE: entries stand in the order in which they came, a hit only
 * marks its entry, and a hand that moves from the old to the new evicts the first that was not marked since it last
 * passed. A flood of one-off keys therefore flushes itself out and not the entries that are asked for (hazard 17).
 * Throws `ERR_CACHE_OPTION_INVALID` for bounds that are not whole numbers above 0.
 */
export function memoryStore(options: MemoryStoreOptions = {}): Store {
  return new MemoryStore(
    bound("maxBytes", options.maxBytes, 64 * 2 ** 20),
    bound("maxEntries", options.maxEntries, Infinity),
    bound("maxVariants", options.maxVariants, 256),
  );
}

class MemoryStore implements Store {
  readonly name = "memory";
  readonly #maxBytes: number;
  readonly #maxEntries: number;
  readonly #maxVariants: number;
  readonly #resources = new Map<string, Resource>();
  #newest: Slot | undefined;
  #hand: Slot | undefined;
  #entries = 0;
  #bytes = 0;
  #evictions = 0;

  constructor(maxBytes: number, maxEntries: number, maxVariants: number) {
    this.#maxBytes = maxBytes;
    this.#maxEntries = maxEntries;
    this.#maxVariants = maxVariants;
  }

  get(key: string, choose: ChooseVariant): Entry | undefined {
    const resource = this.#resources.get(key);
    if (resource === undefined) return undefined;
    const slot = resource.variants.get(choose(resource.vary));
    if (slot === undefined) return undefined;
    slot.visited = true;
    return slot.entry;
  }

  set(entry: Entry): void {
    const bytes = weigh(entry);
    let resource = this.#resources.get(entry.key);
    if (resource !== undefined && !isSameList(resource.vary, entry.vary)) {
      this.delete(entry.key);
      resource = undefined;
    }
    const replaced = resource?.variants.get(entry.variant);
    if (replaced !== undefined) this.#unlink(replaced);
    if (bytes > this.#maxBytes) return;
    resource = this.#resources.get(entry.key) ?? this.#resource(entry);
    if (resource.variants.size >= this.#maxVariants) this.#evict(oldestOf(resource));
    // Room is made before the newcomer is in the ring: it is never the one to go.
    while (this.#newest !== undefined && this.#isFull(bytes)) this.#evict(this.#victim(this.#newest));
    this.#link(
      entry,
      bytes,
      this.#resources.get(entry.key) ?? this.#resource(entry),
      replaced?.visited ?? false,
    );
  }

  delete(key: string): number {
    const resource = this.#resources.get(key);
    if (resource === undefined) return 0;
    const count = resource.variants.size;
    for (const slot of resource.variants.values()) this.#unlink(slot);
    return count;
  }

  clear(): void {
    this.#resources.clear();
    this.#newest = this.#hand = undefined;
    this.#entries = this.#bytes = 0;
  }

  stats(): StoreStats {
    return { entries: this.#entries, bytes: this.#bytes, evictions: this.#evictions };
  }

  #isFull(bytes: number): boolean {
    return this.#bytes + bytes > this.#maxBytes || this.#entries >= this.#maxEntries;
  }

  #resource(entry: Entry): Resource {
    const resource = { key: entry.key, vary: entry.vary, variants: new Map<string, Slot>() };
    this.#resources.set(entry.key, resource);
    return resource;
  }

  /** Moves the hand to the first entry that was not asked for since it last passed. */
  #victim(newest: Slot): Slot {
    // The ring closes: newer than the newest is the oldest.
    let hand = this.#hand ?? newest.newer;
    while (hand.visited) {
      hand.visited = false;
      hand = hand.newer;
    }
    return (this.#hand = hand);
  }

  #evict(slot: Slot | undefined): void {
    if (slot === undefined) return;
    this.#unlink(slot);
    this.#evictions++;
  }

  #link(entry: Entry, bytes: number, resource: Resource, visited: boolean): void {
    const slot = { entry, bytes, resource, visited } as Slot;
    const newest = this.#newest;
    slot.older = newest ?? slot;
    slot.newer = newest?.newer ?? slot;
    slot.older.newer = slot;
    slot.newer.older = slot;
    this.#newest = slot;
    resource.variants.set(entry.variant, slot);
    this.#entries++;
    this.#bytes += bytes;
  }

  #unlink(slot: Slot): void {
    const isLast = slot.newer === slot;
    // The hand goes on where it stands, past the newest to the oldest.
    if (this.#hand === slot) this.#hand = isLast ? undefined : slot.newer;
    if (this.#newest === slot) this.#newest = isLast ? undefined : slot.older;
    slot.newer.older = slot.older;
    slot.older.newer = slot.newer;
    const { resource } = slot;
    resource.variants.delete(slot.entry.variant);
    if (resource.variants.size === 0) this.#resources.delete(resource.key);
    this.#entries--;
    this.#bytes -= slot.bytes;
  }
}

function weigh(entry: Entry): number {
  let bytes = OVERHEAD_BYTES + entry.key.length + entry.variant.length + entry.body.byteLength;
  if (entry.body.byteLength <= SENT_AS_TEXT_BYTES) bytes += entry.body.byteLength;
  for (const [name, value] of entry.fields) {
    bytes += name.length + 64;
    for (const line of [value].flat()) bytes += line.length + 24;
  }
  return bytes;
}

function oldestOf(resource: Resource): Slot | undefined {
  for (const slot of resource.variants.values()) return slot;
  return undefined;
}

function isSameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, index) => name === b[index]);
}

function bound(name: string, value: number | undefined, otherwise: number): number {
  if (value === undefined) return otherwise;
  if (value === Infinity || (Number.isInteger(value) && value > 0)) return value;
  throw new CacheError(
    "ERR_CACHE_OPTION_INVALID",
    `memoryStore: the option "${name}" is ${show(value)}; write a whole number above 0`,
  );
}
