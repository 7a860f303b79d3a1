/**
 * The source of time. It is an argument, so that tests can advance it as a value.
 */
export interface Clock {
  /** Returns the current instant in epoch milliseconds. */
  now(): number;
  /** Calls `callback` once after `delayMs` milliseconds. Returns a function that cancels it. */
  schedule(callback: () => void, delayMs: number): () => void;
}

/** Computes one digest of bytes that come in parts. */
export interface Hasher {
  /** Adds bytes, or text as UTF-8. */
  update(chunk: Uint8Array | string): void;
  /** Returns the digest of everything added: the first 128 bits of SHA-256, in base64url. */
  finish(): string;
}

/** The digests that the core needs, computed by the platform. */
export interface Digest {
  /** Returns the digest of bytes. It is the same in every process, because entity tags are made from it. */
  of(bytes: Uint8Array): string;
  /** Starts the same digest for bytes that come in parts. */
  hasher(): Hasher;
  /** Returns the digest of `text` under the cache's secret, so that a leaked key identifies nobody. */
  keyed(text: string): string;
}

/** How much longer one request may wait for what it waits for several times. */
export interface Patience {
  leftMs: number;
}
