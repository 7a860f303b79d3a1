import { fieldOf, isAddable, isFieldName, isFieldValue, isStoredField } from "../../http/fields.ts";
import type { Fields, FieldValue, StoredFields } from "../../http/fields.ts";
import { parseVary } from "../../http/vary.ts";
import type { ChooseVariant, Entry, MaybePromise } from "../contract/store.ts";

/** What a look-up found. */
export interface Found {
  /** The entry that the request selects, fresh or stale. */
  readonly entry: Entry | undefined;
  /** The fields that are known to tell this resource's variants apart; empty for an unknown resource. */
  readonly vary: readonly string[];
}

/** So far may a clock be ahead, or a response be stored while its store is asked, before nobody believes it. */
const AHEAD_MS = 1000;

/** The one method of a store that a look-up needs. */
export interface Readable {
  get(key: string, choose: ChooseVariant): MaybePromise<Entry | undefined>;
}

/** What was read of an entry, and found to be one. */
interface Known {
  /** A copy: what the store, or anybody else, makes of the original is never answered. */
  readonly entry: Entry;
  /** How long its content was: the bytes stay the store's, and may be taken away. */
  readonly length: number;
  /** The last rule by which its fields were those that are stored. */
  rule: StoredFields | undefined;
}

/** The rule of those who read an entry for no route. */
const ANY: StoredFields = { storeDate: true, setCookie: "store", scope: "shared", statusHeader: undefined };

/**
 * Finds the entry that a request selects, in two levels: the resource by its key, the variant by the fields that the
 * resource is known to vary by (RFC 9111 §4.1).
 *
 * What a store answers is data: each member is read once, into a copy, and checked before a byte of it reaches a client
 * (hazards 23, 24 and 49: a foreign value, a line break that splits the response, framing that desynchronises the
 * connection). An entry that a store holds by reference is read once.
 */
export class Lookup {
  readonly #store: Readable;
  readonly #onUntrusted: () => void;
  readonly #isOutdated: (entry: Entry) => boolean;
  readonly #known = new WeakMap<Entry, Known>();

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

  /** `rule` is the route's: an entry with fields that it does not store is none of its own. */
  find(key: string, choose: ChooseVariant, now: number, rule: StoredFields = ANY): MaybePromise<Found> {
    let vary: readonly string[] = [];
    let variant: string | undefined;
    const entry = this.#store.get(key, (names) => {
      variant = choose(names);
      vary = names;
      return variant;
    });
    const found = (read: Entry | undefined): Found => {
      const trusted = this.#trusted(read, key, variant, now, rule);
      return { entry: trusted, vary: trusted?.vary ?? this.#listed(vary) };
    };
    return entry instanceof Promise ? entry.then(found) : found(entry);
  }

  #trusted(
    read: Entry | null | undefined,
    key: string,
    variant: string | undefined,
    now: number,
    rule: StoredFields,
  ): Entry | undefined {
    if (read === undefined || read === null) return undefined;
    const known = this.#known.get(read) ?? this.#learn(read);
    if (known === undefined || !isAsked(known, key, variant) || !fits(known, rule)) {
      this.#onUntrusted();
      return undefined;
    }
    const { entry } = known;
    if (this.#isOutdated(entry)) return undefined;
    // How old a response from the future is, nobody knows: a clock was set back since, or that of another node is ahead.
    if (entry.storedAt > now + AHEAD_MS) return undefined;
    return now < entry.deleteAt ? entry : undefined;
  }

  #learn(read: Entry): Known | undefined {
    const entry = copied(read);
    if (entry === undefined) return undefined;
    const known = { entry, length: entry.body.byteLength, rule: undefined };
    this.#known.set(read, known);
    return known;
  }

  /** What a resource without the variant is said to vary by. */
  #listed(vary: readonly string[]): readonly string[] {
    if (vary.length === 0) return [];
    const names = nameList(vary);
    if (names === undefined) this.#onUntrusted();
    return names ?? [];
  }
}

function isAsked({ entry, length }: Known, key: string, variant: string | undefined): boolean {
  // A content that was transferred elsewhere has no bytes any more.
  return entry.key === key && entry.variant === variant && entry.body.byteLength === length;
}

function fits(known: Known, rule: StoredFields): boolean {
  if (known.rule === rule) return true;
  if (!known.entry.fields.every(([name]) => isStoredField(name, rule))) return false;
  known.rule = rule;
  return true;
}

/** Reads what a store answered, each member once; undefined for what is no entry, or what throws when it is read. */
function copied(read: Entry): Entry | undefined {
  try {
    const { key, variant, status, storedAt, staleAt, deleteAt } = read;
    const vary = nameList(read.vary);
    const fields = fieldList(read.fields);
    const body = bytesOf(read.body);
    const more = { ...windowsOf(read), ...taggingOf(read), ...makingOf(read, body?.byteLength ?? 0) };
    if (typeof key !== "string" || typeof variant !== "string" || !isStatus(status)) return undefined;
    if (vary === undefined || fields === undefined || body === undefined) return undefined;
    // A response may be old beyond all measure, and stay fresh for ever.
    if (!Number.isFinite(storedAt) || ![staleAt, deleteAt].every(isInstant)) return undefined;
    return variesAs(fields, vary)
      ? { key, variant, vary, status, fields, body, storedAt, staleAt, deleteAt, ...more }
      : undefined;
  } catch {
    // Getters, proxies and lists may do anything; what they threw is told as what it makes of the entry.
    return undefined;
  }
}

function windowsOf({
  staleWhileRevalidateUntil,
  staleIfErrorUntil,
  fillMs,
}: Entry): Pick<Entry, "staleWhileRevalidateUntil" | "staleIfErrorUntil" | "fillMs"> {
  const windows = [staleWhileRevalidateUntil, staleIfErrorUntil];
  const areWindows = windows.every((end) => end === undefined || isInstant(end));
  if (!areWindows || !(fillMs === undefined || (Number.isFinite(fillMs) && fillMs >= 0)))
    throw new TypeError();
  return {
    ...(staleWhileRevalidateUntil === undefined ? {} : { staleWhileRevalidateUntil }),
    ...(staleIfErrorUntil === undefined ? {} : { staleIfErrorUntil }),
    ...(fillMs === undefined ? {} : { fillMs }),
  };
}

function taggingOf({ tags, taggedAt }: Entry): Pick<Entry, "tags" | "taggedAt"> {
  if (tags === undefined && taggedAt === undefined) return {};
  const names = textList(tags);
  if (names === undefined || taggedAt === undefined || !Number.isFinite(taggedAt)) throw new TypeError();
  return { tags: names, taggedAt };
}

function makingOf({ making }: Entry, length: number): Pick<Entry, "making"> {
  if (making === undefined) return {};
  const { textIn, isParted, isHeadFirst, isUnsized, endBytes, removed, added } = making;
  const [taken, joined] = [removed ?? [], added ?? []].map(nameList);
  const isPlace = endBytes === undefined || (Number.isInteger(endBytes) && endBytes >= 0);
  if (!isPlace || (endBytes ?? 0) > length) throw new TypeError();
  if (textIn !== undefined && !["utf8", "utf-8", "latin1"].includes(textIn)) throw new TypeError();
  // To add a line to what is said once would make two of it.
  if (taken === undefined || joined?.every(isAddable) !== true) throw new TypeError();
  return {
    making: {
      ...(textIn !== undefined && { textIn }),
      ...(isParted === true && { isParted }),
      ...(isHeadFirst === true && { isHeadFirst }),
      ...(isUnsized === true && { isUnsized }),
      ...(endBytes !== undefined && { endBytes }),
      ...(taken.length > 0 && { removed: taken }),
      ...(joined.length > 0 && { added: joined }),
    },
  };
}

function isStatus(status: unknown): status is number {
  if (!Number.isInteger(status) || status === 206 || status === 304) return false;
  return Number(status) >= 200 && Number(status) <= 599;
}

function isInstant(instant: unknown): boolean {
  return typeof instant === "number" && instant > -Infinity;
}

/** Bytes that stay as long as they are; undefined for others, and for those that were transferred elsewhere. */
function bytesOf(body: unknown): Uint8Array | undefined {
  if (!(body instanceof Uint8Array)) return undefined;
  const { buffer } = body as { readonly buffer: ArrayBufferLike & { readonly resizable?: boolean } };
  // Shared bytes may change while they are sent, and runtimes refuse to send them.
  if (Object.prototype.toString.call(buffer) !== "[object ArrayBuffer]" || buffer.resizable === true)
    return undefined;
  // Throws where there are no bytes any more.
  return new Uint8Array(buffer, body.byteOffset, body.byteLength);
}

function textList(list: unknown): readonly string[] | undefined {
  if (!Array.isArray(list)) return undefined;
  const texts: unknown[] = [...(list as unknown[])];
  return texts.every((text) => typeof text === "string") ? texts : undefined;
}

/** Names of request fields, as the core writes them. */
function nameList(list: unknown): readonly string[] | undefined {
  const names = textList(list);
  return names?.every(isLowerName) === true ? names : undefined;
}

function isLowerName(name: string): boolean {
  return name !== "*" && isFieldName(name) && name === name.toLowerCase();
}

function fieldList(list: unknown): Fields | undefined {
  if (!Array.isArray(list)) return undefined;
  const fields: (readonly [string, FieldValue])[] = [];
  const names = new Set<string>();
  for (const pair of list as unknown[]) {
    if (!Array.isArray(pair)) return undefined;
    const [name, said] = pair as unknown[];
    const value = typeof said === "string" ? said : textList(said);
    const lines = [value ?? []].flat();
    if (typeof name !== "string" || !isLowerName(name) || names.has(name)) return undefined;
    if (value === undefined || lines.length === 0 || !lines.every(isFieldValue)) return undefined;
    names.add(name);
    fields.push([name, value]);
  }
  return fields;
}

/** Whether the fields that a response names in `Vary` are among those by which its variants are told apart. */
function variesAs(fields: Fields, vary: readonly string[]): boolean {
  const said = parseVary(fieldOf(fields, "vary"));
  return said !== "*" && said.every((name) => vary.includes(name));
}
