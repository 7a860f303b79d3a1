import { Buffer } from "node:buffer";
import type { EntryHead } from "../../core/contract/store.ts";
import { decodeHead } from "./head.ts";
import { partOf } from "./names.ts";

/** What `HMGET` is asked for: the key of the resource, then fields of its hash. */
export interface Asked {
  /** The key of the resource in Redis. */
  readonly name: string;
  /** What stands for the variant in the fields of its hash. */
  readonly part: string;
  /** The head and the content; the vary list before them, where the variant is not known. */
  readonly whole: readonly string[];
  /** The same without the content. */
  readonly bare: readonly string[];
}

/** A variant as it was read. */
export interface ReadVariant {
  readonly head: EntryHead;
  readonly body: Buffer | undefined;
}

/** What is remembered of a variant. Its content, where that is small. */
interface KnownVariant extends ReadVariant {
  readonly asked: Asked;
  readonly bytes: Buffer;
}

interface KnownResource {
  /** Its key in Redis. */
  readonly name: string;
  readonly variants: Map<string, KnownVariant>;
}

/** Bounds of one of the two generations. */
const MOST_RESOURCES = 10_000;
const MOST_BYTES = 8 * 2 ** 20;
/** The memory of a variant beyond its texts and bytes, roughly. */
const OVERHEAD_BYTES = 1000;
/** The largest content, in bytes, that is remembered. */
const LARGEST_BODY = 8192;

/**
 * The variants that were read last. The same bytes of a head are the same object, and the same bytes of small content are, too:
 * the core remembers by them what it prepares for hits.
 *
 * Bytes are compared with those that the variant last had: 0.3 µs for a head of 330 bytes, where a map from bytes to heads takes
 * 2.3 µs and decoding 4.2 µs. What is not used for a generation is forgotten.
 */
export class Heads {
  readonly #name: (key: string) => string;
  #recent = new Map<string, KnownResource>();
  #older = new Map<string, KnownResource>();
  #bytes = 0;

  /** `name` returns the key of a resource in Redis. */
  constructor(name: (key: string) => string) {
    this.#name = name;
  }

  /** Returns the key of a resource in Redis. */
  nameOf(key: string): string {
    return (this.#recent.get(key) ?? this.#older.get(key))?.name ?? this.#name(key);
  }

  /**
   * Returns what to ask Redis for, of a variant that is known. Its head has the vary list of the resource: where that changes,
   * Redis has the variant no longer. Undefined: it is not known.
   */
  known(key: string, variant: string): Asked | undefined {
    return this.#find(key, variant)?.asked;
  }

  /** Returns what to ask Redis for, of any variant. */
  asked(key: string, variant: string): Asked {
    return askedOf(this.nameOf(key), partOf(variant), ["v"]);
  }

  /** A variant that was known is not there any more. */
  forget(key: string, variant: string): void {
    this.#recent.get(key)?.variants.delete(variant);
    this.#older.get(key)?.variants.delete(variant);
  }

  /** Returns the variant that these bytes are, with a head as of `decodeHead`. Undefined: it has another version. */
  read(key: string, variant: string, bytes: Buffer, body: Buffer | undefined): ReadVariant | undefined {
    const last = this.#find(key, variant);
    const isSmall = body !== undefined && body.byteLength <= LARGEST_BODY;
    if (last?.bytes.equals(bytes) === true) {
      if (!isSmall) return { head: last.head, body };
      if (last.body?.equals(body) === true) return last;
      // With other content it is another head: the core looks whether content is known by heads that it has not seen.
    }
    const head = decodeHead(bytes);
    if (head === undefined) return undefined;
    const asked = last?.asked ?? askedOf(this.nameOf(key), partOf(variant), []);
    // The bytes may be a part of all that was received at once.
    const known = { asked, bytes: copyOf(bytes), head, body: isSmall ? copyOf(body) : undefined };
    this.#remember(key, variant, known);
    return isSmall ? known : { head, body };
  }

  #find(key: string, variant: string): KnownVariant | undefined {
    const recent = this.#recent.get(key)?.variants.get(variant);
    if (recent !== undefined) return recent;
    const older = this.#older.get(key)?.variants.get(variant);
    if (older !== undefined) this.#remember(key, variant, older);
    return older;
  }

  #remember(key: string, variant: string, known: KnownVariant): void {
    let resource = this.#recent.get(key);
    if (resource === undefined) {
      resource = { name: known.asked.name, variants: new Map() };
      this.#recent.set(key, resource);
    }
    resource.variants.set(variant, known);
    const texts = 2 * (key.length + variant.length);
    this.#bytes += OVERHEAD_BYTES + texts + 2 * known.bytes.byteLength + (known.body?.byteLength ?? 0);
    if (this.#bytes < MOST_BYTES && this.#recent.size < MOST_RESOURCES) return;
    this.#older = this.#recent;
    this.#recent = new Map();
    this.#bytes = 0;
  }
}

function askedOf(name: string, part: string, list: readonly string[]): Asked {
  const bare = [name, ...list, `h${part}`];
  return { name, part, whole: [...bare, `b${part}`], bare };
}

/** Copies bytes. `Buffer.from` would take a part of a buffer that Node shares, and so keep all of that. */
function copyOf(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.byteLength);
  bytes.copy(copy);
  return copy;
}
