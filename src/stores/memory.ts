import { CacheError, checkedOptions, show } from "../core/contract/errors.ts";
import type { ChooseVariant, Entry, Store, StoreStats } from "../core/contract/store.ts";
import type { Slot } from "./memory/queue.ts";
import { EvictionOrder } from "./memory/s3-fifo.ts";
import { weigh } from "./memory/weight.ts";

/** The bounds of a memory store. */
export interface MemoryStoreOptions {
  /** What all entries together may weigh, in bytes, keys and fields included. Default: 64 MiB. */
  maxBytes?: number;
  /** How many entries there may be. Default: no bound but the bytes. */
  maxEntries?: number;
  /** How many variants one resource may have. Default: 256. */
  maxVariants?: number;
}

interface Resource {
  readonly vary: readonly string[];
  /** From the oldest to the newest. */
  readonly variants: Map<string, Slot>;
}

/**
 * Keeps entries in the memory of the process, by reference: nothing is encoded, nothing copied.
 *
 * Bounded by bytes. What is evicted is chosen by S3-FIFO: a newcomer that nobody asks for again soon goes first. A flood
 * of one-off keys therefore flushes itself out and not the entries that are asked for (hazard 17).
 * Throws `ERR_CACHE_OPTION_INVALID` for bounds that are not whole numbers above 0, `ERR_CACHE_OPTION_UNKNOWN` for others.
 */
export function memoryStore(options: MemoryStoreOptions = {}): Store {
  checkedOptions(options, "memoryStore", {
    known: ["maxBytes", "maxEntries", "maxVariants"],
    example: "{ maxBytes: 256 * 2 ** 20 }",
  });
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
  readonly #order = new EvictionOrder();
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
    this.#order.hit(slot);
    return slot.entry;
  }

  set(entry: Entry): boolean {
    const { key, vary, variant } = entry;
    const known = this.#resources.get(key);
    if (known !== undefined && !isSameList(known.vary, vary)) this.delete(key);
    const replaced = this.#resources.get(key)?.variants.get(variant);
    if (replaced !== undefined) this.#drop(replaced);
    const bytes = weigh(entry);
    if (bytes > this.#maxBytes) return false;
    this.#makeRoom(key, bytes);
    this.#resource(key, vary).variants.set(variant, this.#order.add(entry, bytes, replaced));
    return true;
  }

  delete(key: string): number {
    const resource = this.#resources.get(key);
    if (resource === undefined) return 0;
    for (const slot of resource.variants.values()) this.#order.remove(slot);
    this.#resources.delete(key);
    return resource.variants.size;
  }

  clear(): void {
    this.#resources.clear();
    this.#order.clear();
  }

  stats(): StoreStats {
    return { entries: this.#order.entries, bytes: this.#order.bytes, evictions: this.#evictions };
  }

  /** Evicts until another entry fits. It is not in the order yet: it is never the one to go. */
  #makeRoom(key: string, bytes: number): void {
    const variants = this.#resources.get(key)?.variants;
    if (variants !== undefined && variants.size >= this.#maxVariants) {
      const [oldest] = variants.values();
      if (oldest !== undefined) this.#drop(oldest);
      this.#evictions++;
    }
    while (this.#order.bytes + bytes > this.#maxBytes || this.#order.entries >= this.#maxEntries) {
      const evicted = this.#order.evict();
      if (evicted === undefined) return;
      this.#forget(evicted.entry);
      this.#evictions++;
    }
  }

  #resource(key: string, vary: readonly string[]): Resource {
    let resource = this.#resources.get(key);
    if (resource === undefined) {
      resource = { vary, variants: new Map() };
      this.#resources.set(key, resource);
    }
    return resource;
  }

  #drop(slot: Slot): void {
    this.#order.remove(slot);
    this.#forget(slot.entry);
  }

  #forget({ key, variant }: Entry): void {
    const variants = this.#resources.get(key)?.variants;
    variants?.delete(variant);
    if (variants?.size === 0) this.#resources.delete(key);
  }
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
