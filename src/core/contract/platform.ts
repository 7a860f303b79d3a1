/** Where the core takes its time from: an argument, so that tests advance it as a value. */
export interface Clock {
  /** The current instant, in epoch milliseconds. */
  now(): number;
  /** Calls back once after `delayMs`; the returned function cancels it. */
  schedule(callback: () => void, delayMs: number): () => void;
}

/** Collects bytes and answers one digest of them. */
export interface Hasher {
  /** Adds bytes, or the UTF-8 bytes of a text. */
  update(chunk: Uint8Array | string): void;
  /** Answers the digest of all that was added: 128 bits of SHA-256, as base64url text. */
  finish(): string;
}

/** The digests that the core needs; which code computes them is the platform's affair. */
export interface Digest {
  /** Digests bytes at once: the same text in every process, as an entity tag has to be. */
  of(bytes: Uint8Array): string;
  /** Starts the same digest of what comes in parts. */
  hasher(): Hasher;
  /** Digests `text` under the cache's secret, so that a key that leaks names nobody. */
  keyed(text: string): string;
}
