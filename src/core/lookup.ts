import { endToEnd, isFieldName, isFieldValue } from "../http/fields.ts";
import type { ChooseVariant, Entry, MaybePromise } from "./store.ts";

/** What a look-up found. */
export interface Found {
  /** The entry that the request selects, fresh or stale. */
  readonly entry: Entry | undefined;
  /** The fields that are known to tell this resource's variants apart; empty for an unknown resource. */
  readonly vary: readonly string[];
}

/** The one method of a store that a look-up needs. */
export interface Readable {
  get(key: string, choose: ChooseVariant): MaybePromise<Entry | undefined>;
}

/**
 * Finds the entry that a request selects, in two levels: the resource by its key, the variant by the fields that the
 * resource is known to vary by (RFC 9111 §4.1).
 *
 * A store is outside the process: key, variant and header syntax are checked before a byte of an entry
 * reaches a client (hazards 23 and 24: a foreign value, a line break that splits the response). An entry that a
 * store holds by reference is checked once.
 */
export class Lookup {
  readonly #store: Readable;
  readonly #onUntrusted: () => void;
  readonly #isOutdated: (entry: Entry) => boolean;
  readonly #checked = new WeakSet<Entry>();

  /**
   * `onUntrusted` hears of entries that the store should not have answered; each is a miss, and so is one that is
   * outdated before its time.
   */
  constructor(
    store: Readable,
    onUntrusted: () => void = () => undefined,
    isOutdated: (entry: Entry) => boolean = () => false,
  ) {
    this.#store = store;
    this.#onUntrusted = onUntrusted;
    this.#isOutdated = isOutdated;
  }

  find(key: string, choose: ChooseVariant, now: number): MaybePromise<Found> {
    let vary: readonly string[] = [];
    let variant: string | undefined;
    const entry = this.#store.get(key, (names) => {
      variant = choose(names);
      vary = names;
      return variant;
    });
    const found = (read: Entry | undefined): Found => ({
      entry: this.#trusted(read, key, variant, now),
      vary,
    });
    return entry instanceof Promise ? entry.then(found) : found(entry);
  }

  #trusted(
    entry: Entry | null | undefined,
    key: string,
    variant: string | undefined,
    now: number,
  ): Entry | undefined {
    if (entry === undefined || entry === null) return undefined;
    const isAsked = typeof entry === "object" && entry.key === key && entry.variant === variant;
    if (!isAsked || !(this.#checked.has(entry) || isWellFormed(entry))) {
      this.#onUntrusted();
      return undefined;
    }
    this.#checked.add(entry);
    if (this.#isOutdated(entry)) return undefined;
    return now < entry.deleteAt ? entry : undefined;
  }
}

function isWellFormed(entry: Entry): boolean {
  return (
    Number.isInteger(entry.status) &&
    entry.status >= 200 &&
    entry.status <= 599 &&
    entry.status !== 206 &&
    entry.status !== 304 &&
    [entry.storedAt, entry.staleAt, entry.deleteAt].every(
      (instant) => typeof instant === "number" && !Number.isNaN(instant),
    ) &&
    [entry.staleWhileRevalidateUntil, entry.staleIfErrorUntil, entry.fillMs].every(
      (time) => time === undefined || (typeof time === "number" && !Number.isNaN(time)),
    ) &&
    entry.body instanceof Uint8Array &&
    areFields(entry.fields) &&
    isTagging(entry.tags, entry.taggedAt) &&
    endToEnd(entry.fields).length === entry.fields.length
  );
}

function isTagging(tags: unknown, taggedAt: unknown): boolean {
  if (tags === undefined) return taggedAt === undefined;
  const areNames = Array.isArray(tags) && tags.every((tag) => typeof tag === "string");
  return areNames && typeof taggedAt === "number" && !Number.isNaN(taggedAt);
}

function areFields(fields: unknown): boolean {
  return (
    Array.isArray(fields) && fields.every((field) => Array.isArray(field) && isField(field[0], field[1]))
  );
}

function isField(name: unknown, value: unknown): boolean {
  if (typeof name !== "string" || !isFieldName(name)) return false;
  const values: unknown[] = Array.isArray(value) ? value : [value];
  return values.every((text) => typeof text === "string" && isFieldValue(text));
}
