/** The fields of content security policies, enforced or only reported (CSP3 §3.1, §3.2). */
export const POLICY_FIELDS: readonly string[] = [
  "content-security-policy",
  "content-security-policy-report-only",
];

/** A nonce source of a policy (CSP3 §2.3.1). It is taken as it is, even if it is not base64. */
const NONCE = /'nonce-([^'\s;,]+)'/gi;

const NONE: readonly string[] = [];

/** Returns the nonces that content security policies allow. */
export function noncesOf(policies: readonly (string | undefined)[]): readonly string[] {
  let found = NONE;
  for (const policy of policies) {
    if (policy === undefined) continue;
    const nonces = Array.from(policy.matchAll(NONCE), ([, nonce = ""]) => nonce);
    if (nonces.length > 0) found = [...found, ...nonces];
  }
  return found;
}

/**
 * Searches for nonces in content that comes in parts, also across parts, in linear time (Knuth, Morris and Pratt 1977).
 *
 * Templates escape `=`, `+` and `/` in many ways. So the search is for each nonce's longest run of other characters.
 */
export class NonceFinder {
  readonly #words: readonly Word[];

  constructor(nonces: readonly string[]) {
    const texts = new Set(nonces.map(longestRun));
    this.#words = Array.from(texts, (text) => wordOf(new TextEncoder().encode(text)));
  }

  /** Reads the next part. Returns whether a nonce ended in it. */
  finds(part: Uint8Array): boolean {
    return this.#words.some((word) => endsIn(word, part));
  }
}

/** A searched word and how much of it matched last. */
interface Word {
  readonly bytes: Uint8Array;
  /** For each byte of the word: the length of the longest proper prefix that also ends there. */
  readonly borders: Uint32Array;
  read: number;
}

function longestRun(nonce: string): string {
  const runs = nonce.match(/[A-Za-z0-9_-]+/g) ?? [nonce];
  return runs.reduce((longest, run) => (run.length > longest.length ? run : longest));
}

function wordOf(bytes: Uint8Array): Word {
  const borders = new Uint32Array(bytes.length);
  let length = 0;
  for (let at = 1; at < bytes.length; at++) {
    while (length > 0 && bytes[at] !== bytes[length]) length = borders[length - 1] as number;
    if (bytes[at] === bytes[length]) length++;
    borders[at] = length;
  }
  return { bytes, borders, read: 0 };
}

function endsIn(word: Word, part: Uint8Array): boolean {
  const { bytes, borders } = word;
  let { read } = word;
  for (let at = 0; at < part.length; at++) {
    if (read === 0) {
      // The engine's own search for the first byte is many times faster.
      at = part.indexOf(bytes[0] as number, at);
      if (at === -1) break;
    }
    while (read > 0 && part[at] !== bytes[read]) read = borders[read - 1] as number;
    if (part[at] === bytes[read]) read++;
    if (read === bytes.length) return true;
  }
  word.read = read;
  return false;
}
