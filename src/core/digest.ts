/** Collects bytes and answers one digest of them. */
export interface Hasher {
  /** Adds bytes, or the UTF-8 bytes of a text. */
  update(chunk: Uint8Array | string): void;
  /** Answers the digest of all that was added: 128 bits of SHA-256, as base64url text. */
  finish(): string;
}

/** The two digests that the core needs; which code computes them is the platform's affair. */
export interface Digest {
  /** Starts a digest that is the same in every process, as an entity tag has to be. */
  hasher(): Hasher;
  /** Digests `text` under the cache's secret, so that a key that leaks names nobody. */
  keyed(text: string): string;
}
