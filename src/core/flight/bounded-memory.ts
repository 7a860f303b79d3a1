import type { Digest } from "../contract/platform.ts";

/**
 * In characters. Longer keys are remembered by their digests: ten thousand long keys would need too much memory (hazard
 * 17).
 */
const LONGEST_KEY = 512;

/**
 * Remembers one value for each key, for a limited number of keys: the one set longest ago is forgotten first (hazard
 * 17).
 */
export class BoundedMemory<Value> {
  readonly #limit: number;
  readonly #digest: Digest | undefined;
  readonly #values = new Map<string, Value>();

  /** `limit` is the number of keys. Without a digest, long keys are not remembered. */
  constructor(digest: Digest | undefined, limit = 10_000) {
    this.#limit = limit;
    this.#digest = digest;
  }

  get(key: string): Value | undefined {
    // Usually nothing is remembered, and no key has to be digested.
    if (this.#values.size === 0) return undefined;
    const name = this.#nameOf(key);
    return name === undefined ? undefined : this.#values.get(name);
  }

  set(key: string, value: Value): void {
    const name = this.#nameOf(key);
    if (name === undefined) return;
    this.#values.delete(name);
    this.#values.set(name, value);
    if (this.#values.size <= this.#limit) return;
    for (const oldest of this.#values.keys()) {
      this.#values.delete(oldest);
      return;
    }
  }

  delete(key: string): void {
    const name = this.#nameOf(key);
    if (name !== undefined) this.#values.delete(name);
  }

  /** Forgets everything. */
  clear(): void {
    this.#values.clear();
  }

  #nameOf(key: string): string | undefined {
    return key.length <= LONGEST_KEY ? key : this.#digest?.keyed(`long key ${key}`);
  }
}
