import { CacheError, show } from "../core/contract/errors.ts";
import { checkedOptions } from "../core/contract/options.ts";
import { newHeadOf } from "../core/contract/store.ts";
import type { ChooseVariant, Entry, Read, Store, StoreStats } from "../core/contract/store.ts";
import type { Slot } from "./memory/queue.ts";
import { EvictionOrder } from "./memory/s3-fifo.ts";
import { weigh } from "./memory/weight.ts";

/** Options of {@link memoryStore}. */
export interface MemoryStoreOptions {
  /** The most memory of all entries, in bytes, estimated with keys and fields. Default: 67,108,864 (64 MiB). */
  maxBytes?: number;
  /** The most entries. Default: `Infinity`. */
  maxEntries?: number;
  /** The most variants of one resource. The oldest is evicted first. Default: 256. */
  maxVariants?: number;
}

interface Resource {
  readonly vary: readonly string[];
  /** What lookups of another variant get. */
  readonly absent: Read;
  /** Oldest first. */
  readonly variants: Map<string, Slot>;
}

/**
 * Returns a store in the memory of this process. Entries are kept by reference: nothing is encoded or copied.
 *
 * Evicts by S3-FIFO: new entries that are not requested again go first, so a flood of one-off keys does not evict popular
 * entries (hazard 17).
 *
 * Throws `ERR_CACHE_OPTION_INVALID` if an option is not a whole number above 0 or `Infinity`, and
 * `ERR_CACHE_OPTION_UNKNOWN` for an unknown option.
 *
 * @example
 * const cache = createCache({ store: memoryStore({ maxBytes: 256 * 2 ** 20 }) });
 */
export function memoryStore(options: MemoryStoreOptions = {}): Store {
  checkedOptions(options, "memoryStore", {
    known: ["maxBytes", "maxEntries", "maxVariants"],
    example: "{ maxBytes: 256 * 2 ** 20 }",
    isSetup: true,
  });
  return new MemoryStore(
    bound("maxBytes", options.maxBytes, 64 * 2 ** 20),
    bound("maxEntries", options.maxEntries, Infinity),
    bound("maxVariants", options.maxVariants, 256),
  );
}

class MemoryStore implements Store {
  readonly name = "memory";
  readonly shared = false;
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

  get(key: string, choose: ChooseVariant): Read | undefined {
    const resource = this.#resources.get(key);
    if (resource === undefined) return undefined;
    const slot = resource.variants.get(choose(resource.vary));
    if (slot === undefined) return resource.absent;
    this.#order.hit(slot);
    return (slot.read ??= { vary: resource.vary, head: newHeadOf(slot.entry), body: slot.entry.body });
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

  /** Evicts until an entry of `bytes` fits. The new entry is added afterwards, so it is never evicted itself. */
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
      resource = { vary, absent: { vary }, variants: new Map() };
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
