import { fieldOf, isAddable, isFieldName, isFieldValue, isStoredField } from "../../http/fields.ts";
import type { Fields, FieldValue, StoredFields } from "../../http/fields.ts";
import { parseVary } from "../../http/vary.ts";
import type { Policy } from "../contract/request-and-policy.ts";
import type { ChooseVariant, Entry, MaybePromise, Store } from "../contract/store.ts";

/** The result of a lookup. */
export interface Found {
  /** The entry that the request selects, fresh or stale. Undefined: none. */
  readonly entry: Entry | undefined;
  /** The `vary` list of the resource. Empty for an unknown resource. */
  readonly vary: readonly string[];
}

/** How far in the future `storedAt` may be: another node's clock is ahead, or the entry was stored during the lookup. */
const AHEAD_MS = 1000;

/** An entry that was read from the store and passed all checks. */
interface CheckedEntry {
  /** A copy, so that later changes of the store's object have no effect. */
  readonly entry: Entry;
  /** The length of its content when it was read. The bytes are not copied, and their buffer may be transferred away. */
  readonly length: number;
  /** The last route rule that allowed all its fields. */
  rule: StoredFields | undefined;
}

/** The rule for reading: a route's, or as much of one as there is. */
export type ReadRule = StoredFields & Partial<Pick<Policy, "staleWhileRevalidateMs" | "staleIfErrorMs">>;

/** Returns an entry as it is now; undefined if it was invalidated. */
type CurrentEntry = (entry: Entry, now: number, rule: ReadRule) => Entry | undefined;

/** The rule for reading an entry without a route. */
const ALLOWS_ALL: ReadRule = {
  storeDate: true,
  setCookie: "store",
  scope: "shared",
  statusHeader: undefined,
};

/**
 * Finds the entry that a request selects: the resource by its key, then the variant by the resource's `vary` list
 * (RFC 9111 §4.1).
 *
 * What a store returns is untrusted. Each member is read once into a copy and checked before it reaches a client: it may be
 * a foreign value, have a line break that splits the response, or framing that desynchronizes the connection (hazards 23,
 * 24 and 49). An entry object is checked only once.
 */
export class Lookup {
  readonly #store: Pick<Store, "get">;
  readonly #onUntrusted: () => void;
  readonly #current: CurrentEntry;
  readonly #checkedEntries = new WeakMap<Entry, CheckedEntry>();

  /**
   * `onUntrusted` is called for each corrupt entry, which is a miss. An entry for which `current` returns undefined is a
   * miss as well.
   */
  constructor(
    store: Pick<Store, "get">,
    onUntrusted: () => void = () => undefined,
    current: CurrentEntry = (entry) => entry,
  ) {
    this.#store = store;
    this.#onUntrusted = onUntrusted;
    this.#current = current;
  }

  /** `rule` is the route's: an entry with a field that the route never stores is corrupt. */
  find(key: string, choose: ChooseVariant, now: number, rule: ReadRule = ALLOWS_ALL): MaybePromise<Found> {
    let vary: readonly string[] = [];
    let variant: string | undefined;
    const entry = this.#store.get(key, (names) => {
      variant = choose(names);
      vary = names;
      return variant;
    });
    const found = (read: Entry | undefined): Found => {
      const checked = this.#checked(read, key, variant, now, rule);
      return { entry: checked, vary: checked?.vary ?? this.#listed(vary) };
    };
    return entry instanceof Promise ? entry.then(found) : found(entry);
  }

  #checked(
    read: Entry | null | undefined,
    key: string,
    variant: string | undefined,
    now: number,
    rule: ReadRule,
  ): Entry | undefined {
    if (read === undefined || read === null) return undefined;
    const known = this.#checkedEntries.get(read) ?? this.#read(read);
    if (known === undefined || !isRequested(known, key, variant) || !isAllowed(known, rule)) {
      this.#onUntrusted();
      return undefined;
    }
    const entry = this.#current(known.entry, now, rule);
    if (entry === undefined) return undefined;
    // The age of an entry from the future is unknown: a clock was set back, or another node's clock is ahead.
    if (entry.storedAt > now + AHEAD_MS) return undefined;
    return now < entry.deleteAt ? entry : undefined;
  }

  #read(read: Entry): CheckedEntry | undefined {
    const entry = copied(read);
    if (entry === undefined) return undefined;
    const checked: CheckedEntry = { entry, length: entry.body.byteLength, rule: undefined };
    this.#checkedEntries.set(read, checked);
    return checked;
  }

  /** Returns the `vary` list of a resource that lacks the variant, if it is valid. */
  #listed(vary: readonly string[]): readonly string[] {
    if (vary.length === 0) return [];
    const names = nameList(vary);
    if (names === undefined) this.#onUntrusted();
    return names ?? [];
  }
}

function isRequested({ entry, length }: CheckedEntry, key: string, variant: string | undefined): boolean {
  // Content whose buffer was transferred away has no bytes any more.
  return entry.key === key && entry.variant === variant && entry.body.byteLength === length;
}

function isAllowed(known: CheckedEntry, rule: StoredFields): boolean {
  if (known.rule === rule) return true;
  if (!known.entry.fields.every(([name]) => isStoredField(name, rule))) return false;
  known.rule = rule;
  return true;
}

/** Copies and checks what a store returned, reading each member once. Undefined: not a valid entry, or it throws. */
function copied(read: Entry): Entry | undefined {
  try {
    const { key, variant, status, storedAt, staleAt, deleteAt } = read;
    const vary = nameList(read.vary);
    const fields = fieldList(read.fields);
    const body = fixedBytes(read.body);
    const more = { ...windowsOf(read), ...markedBy(read), ...makingOf(read, body?.byteLength ?? 0) };
    if (typeof key !== "string" || typeof variant !== "string" || !isStatus(status)) return undefined;
    if (vary === undefined || fields === undefined || body === undefined) return undefined;
    // `storedAt` may be any finite instant; the other two may be infinite.
    if (!Number.isFinite(storedAt) || ![staleAt, deleteAt].every(isInstant)) return undefined;
    return variesAs(fields, vary)
      ? { key, variant, vary, status, fields, body, storedAt, staleAt, deleteAt, ...more }
      : undefined;
  } catch {
    // Getters and proxies may throw anything. The entry is reported as corrupt.
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

function markedBy({ names, began }: Entry): Pick<Entry, "names" | "began"> {
  const texts = textList(names);
  if (texts === undefined || !Number.isFinite(began)) throw new TypeError();
  return { names: texts, began };
}

function makingOf({ making }: Entry, length: number): Pick<Entry, "making"> {
  if (making === undefined) return {};
  const { textIn, isParted, isHeadFirst, isUnsized, endBytes, removed, added } = making;
  const [taken, joined] = [removed ?? [], added ?? []].map(nameList);
  const isPlace = endBytes === undefined || (Number.isInteger(endBytes) && endBytes >= 0);
  if (!isPlace || (endBytes ?? 0) > length) throw new TypeError();
  if (textIn !== undefined && !["utf8", "utf-8", "latin1"].includes(textIn)) throw new TypeError();
  // A field with one value must not get a second line.
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

/** Returns bytes of a fixed length, or undefined for any other value. Throws if their buffer was transferred away. */
function fixedBytes(body: unknown): Uint8Array | undefined {
  if (!(body instanceof Uint8Array)) return undefined;
  const { buffer } = body as { readonly buffer: ArrayBufferLike & { readonly resizable?: boolean } };
  // Shared bytes may change while they are sent, and runtimes refuse to send them.
  if (Object.prototype.toString.call(buffer) !== "[object ArrayBuffer]" || buffer.resizable === true)
    return undefined;
  return new Uint8Array(buffer, body.byteOffset, body.byteLength);
}

function textList(list: unknown): readonly string[] | undefined {
  if (!Array.isArray(list)) return undefined;
  const texts: unknown[] = [...(list as unknown[])];
  return texts.every((text) => typeof text === "string") ? texts : undefined;
}

/** Returns lower-case field names, or undefined for any other value. */
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
    const [name, given] = pair as unknown[];
    const value = typeof given === "string" ? given : textList(given);
    const lines = [value ?? []].flat();
    if (typeof name !== "string" || !isLowerName(name) || names.has(name)) return undefined;
    if (value === undefined || lines.length === 0 || !lines.every(isFieldValue)) return undefined;
    names.add(name);
    fields.push([name, value]);
  }
  return fields;
}

/** Whether each name in the response's `Vary` is in the resource's `vary` list. */
function variesAs(fields: Fields, vary: readonly string[]): boolean {
  const names = parseVary(fieldOf(fields, "vary"));
  return names !== "*" && names.every((name) => vary.includes(name));
}
