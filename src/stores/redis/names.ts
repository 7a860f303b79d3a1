import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";

/** Longer texts are hashed. In characters. */
const LONGEST = 128;

/** Printable ASCII, without what would be taken for a hash. */
const PLAIN = /^(?!#)[!-z|}~ ]*$/;

/**
 * Returns the part of a Redis key, or of a field of a hash, that stands for any text. Different texts have different parts.
 *
 * Short ASCII stands as it is, so that `redis-cli` shows what is stored. The rest is hashed by its UTF-16 units: UTF-8 would make
 * all lone surrogates the same. Text with `{` is hashed as well, because a client could choose the slot of a cluster by it.
 */
export function partOf(text: string): string {
  if (text.length <= LONGEST && PLAIN.test(text)) return text;
  return `#${createHash("sha256").update(Buffer.from(text, "utf16le")).digest("base64url")}`;
}

/** The keys of a store. */
export interface Names {
  /** The hash of a resource. */
  resource(key: string): string;
  lease(name: string): string;
  /** A pattern for `SCAN` that only the keys of resources match. */
  readonly resources: string;
  /** The log of marks. Both keys have one hash tag, so that they are in one slot of a cluster. */
  readonly marks: readonly [marks: string, marksByKey: string];
}

/** Returns the keys of a store with this prefix. */
export function namesOf(prefix: string): Names {
  return {
    resource: (key) => `${prefix}r:${partOf(key)}`,
    lease: (name) => `${prefix}l:${partOf(name)}`,
    resources: `${prefix.replace(/[\\*?[\]]/g, "\\$&")}r:*`,
    marks: [`${prefix}{i}`, `${prefix}{i}k`],
  };
}
