type Words = readonly [number, number, number, number, number, number, number, number];

/** The first 32 bits of the fractional parts of the cube roots of the first 64 primes (FIPS 180-4 §4.2.2). */
const CONSTANTS = Int32Array.of(
  0x428a2f98,
  0x71374491,
  0xb5c0fbcf,
  0xe9b5dba5,
  0x3956c25b,
  0x59f111f1,
  0x923f82a4,
  0xab1c5ed5,
  0xd807aa98,
  0x12835b01,
  0x243185be,
  0x550c7dc3,
  0x72be5d74,
  0x80deb1fe,
  0x9bdc06a7,
  0xc19bf174,
  0xe49b69c1,
  0xefbe4786,
  0x0fc19dc6,
  0x240ca1cc,
  0x2de92c6f,
  0x4a7484aa,
  0x5cb0a9dc,
  0x76f988da,
  0x983e5152,
  0xa831c66d,
  0xb00327c8,
  0xbf597fc7,
  0xc6e00bf3,
  0xd5a79147,
  0x06ca6351,
  0x14292967,
  0x27b70a85,
  0x2e1b2138,
  0x4d2c6dfc,
  0x53380d13,
  0x650a7354,
  0x766a0abb,
  0x81c2c92e,
  0x92722c85,
  0xa2bfe8a1,
  0xa81a664b,
  0xc24b8b70,
  0xc76c51a3,
  0xd192e819,
  0xd6990624,
  0xf40e3585,
  0x106aa070,
  0x19a4c116,
  0x1e376c08,
  0x2748774c,
  0x34b0bcb5,
  0x391c0cb3,
  0x4ed8aa4a,
  0x5b9cca4f,
  0x682e6ff3,
  0x748f82ee,
  0x78a5636f,
  0x84c87814,
  0x8cc70208,
  0x90befffa,
  0xa4506ceb,
  0xbef9a3f7,
  0xc67178f2,
);

/** The same of the square roots of the first eight primes (FIPS 180-4 §5.3.3). */
const INITIAL: Words = [
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
];

const BLOCK_BYTES = 64;

/**
 * SHA-256 (FIPS 180-4), for runtimes without `node:crypto`. Web Crypto has only an asynchronous one, and a lookup has to
 * be able to return at once.
 */
export class Sha256 {
  readonly #block = new DataView(new ArrayBuffer(BLOCK_BYTES));
  readonly #bytes = new Uint8Array(this.#block.buffer);
  readonly #schedule = new Int32Array(CONSTANTS.length);
  #state = INITIAL;
  #length = 0;

  /** Adds bytes to what is digested. */
  update(bytes: Uint8Array): this {
    for (let at = 0; at < bytes.length;) {
      const filled = this.#length % BLOCK_BYTES;
      const part = bytes.subarray(at, at + BLOCK_BYTES - filled);
      this.#bytes.set(part, filled);
      at += part.length;
      this.#length += part.length;
      if (this.#length % BLOCK_BYTES === 0) this.#compress();
    }
    return this;
  }

  /** Returns the 32 bytes of the digest. Called once at most. */
  digest(): Uint8Array {
    const length = this.#length;
    const filled = length % BLOCK_BYTES;
    // A one, zeros, and the length in bits at the end of a block (§5.1.1).
    const padding = new DataView(new ArrayBuffer((filled < 56 ? 64 : 128) - filled));
    padding.setUint8(0, 0x80);
    padding.setUint32(padding.byteLength - 8, Math.floor(length / 2 ** 29));
    padding.setUint32(padding.byteLength - 4, length * 8);
    this.update(new Uint8Array(padding.buffer));
    const digest = new DataView(new ArrayBuffer(32));
    for (const [at, word] of this.#state.entries()) digest.setInt32(at * 4, word);
    return new Uint8Array(digest.buffer);
  }

  /** Compresses a block into the state (§6.2.2). The names are those of the standard. */
  #compress(): void {
    const w = this.#schedule;
    for (let t = 0; t < 16; t++) w[t] = this.#block.getInt32(4 * t);
    for (let t = 16; t < w.length; t++) {
      const two = wordOf(w, t - 2);
      const fifteen = wordOf(w, t - 15);
      const sigma1 = rotated(two, 17) ^ rotated(two, 19) ^ (two >>> 10);
      const sigma0 = rotated(fifteen, 7) ^ rotated(fifteen, 18) ^ (fifteen >>> 3);
      w[t] = sigma1 + wordOf(w, t - 7) + sigma0 + wordOf(w, t - 16);
    }
    const state = this.#state;
    // Zeros make them integers to V8, and this twice as fast.
    let a = state[0] | 0;
    let b = state[1] | 0;
    let c = state[2] | 0;
    let d = state[3] | 0;
    let e = state[4] | 0;
    let f = state[5] | 0;
    let g = state[6] | 0;
    let h = state[7] | 0;
    for (let t = 0; t < w.length; t++) {
      const sum1 = rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25);
      const t1 = (h + sum1 + ((e & f) ^ (~e & g)) + wordOf(CONSTANTS, t) + wordOf(w, t)) | 0;
      const sum0 = rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22);
      const t2 = (sum0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      // One by one: V8 makes an array of a swap in brackets.
      h = g;
      g = f;
      f = e;
      e = (d + t1) | 0;
      d = c;
      c = b;
      b = a;
      a = (t1 + t2) | 0;
    }
    this.#state = [
      (state[0] + a) | 0,
      (state[1] + b) | 0,
      (state[2] + c) | 0,
      (state[3] + d) | 0,
      (state[4] + e) | 0,
      (state[5] + f) | 0,
      (state[6] + g) | 0,
      (state[7] + h) | 0,
    ];
  }
}

function wordOf(words: Int32Array, at: number): number {
  return words[at] as number;
}

function rotated(word: number, by: number): number {
  return (word >>> by) | (word << (32 - by));
}

/** Returns the HMAC (RFC 2104) of a text by SHA-256. */
export function hmacSha256(key: Uint8Array, text: Uint8Array): Uint8Array {
  const padded = new Uint8Array(BLOCK_BYTES);
  padded.set(key.length > BLOCK_BYTES ? new Sha256().update(key).digest() : key);
  const inner = new Sha256().update(padded.map((byte) => byte ^ 0x36)).update(text);
  return new Sha256()
    .update(padded.map((byte) => byte ^ 0x5c))
    .update(inner.digest())
    .digest();
}
