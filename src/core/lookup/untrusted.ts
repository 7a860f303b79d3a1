import { fieldOf, isAddable, isFieldName, isFieldValue } from "../../http/fields.ts";
import type { Fields, FieldValue } from "../../http/fields.ts";
import { parseVary } from "../../http/vary.ts";
import type { Entry, EntryHead } from "../contract/store.ts";

/** The copy of a head, as an entry without content, and the length that its content has. */
interface Copy {
  readonly head: Entry;
  readonly length: number;
}

const NO_BYTES = new Uint8Array();

/** Copies and checks a head, reading each member once. Undefined: not a valid one, or it throws. */
export function copied(read: EntryHead): Copy | undefined {
  try {
    const { key, variant, status, storedAt, staleAt, deleteAt, length } = read;
    const vary = nameList(read.vary);
    const fields = fieldList(read.fields);
    if (!Number.isSafeInteger(length) || length < 0) return undefined;
    const more = [windowsOf(read), markedBy(read), makingOf(read, length)];
    if (typeof key !== "string" || typeof variant !== "string" || !isStatus(status)) return undefined;
    if (vary === undefined || fields === undefined) return undefined;
    // `storedAt` may be any finite instant; the other two may be infinite.
    if (!Number.isFinite(storedAt) || ![staleAt, deleteAt].every(isInstant)) return undefined;
    if (!variesAs(fields, vary)) return undefined;
    const head = { key, variant, vary, status, fields, body: NO_BYTES, storedAt, staleAt, deleteAt };
    // Unlike `...`, this gives heads with the same members one shape: all that reads entries is faster by it.
    return { head: Object.assign(head, ...more) as Entry, length };
  } catch {
    // Getters and proxies may throw anything. The entry is reported as corrupt.
    return undefined;
  }
}

function windowsOf({
  staleWhileRevalidateUntil,
  staleIfErrorUntil,
  fillMs,
}: EntryHead): Pick<Entry, "staleWhileRevalidateUntil" | "staleIfErrorUntil" | "fillMs"> {
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

function markedBy({ names, began }: EntryHead): Pick<Entry, "names" | "began"> {
  const texts = textList(names);
  if (texts === undefined || !Number.isFinite(began)) throw new TypeError();
  return { names: texts, began };
}

function makingOf({ making }: EntryHead, length: number): Pick<Entry, "making"> {
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

/** The class of Node's bytes, where the runtime has it. */
const BUFFER: unknown = (globalThis as { readonly Buffer?: { readonly prototype: object } }).Buffer
  ?.prototype;

/** Returns bytes of a fixed length. Undefined: they are no bytes, or their buffer was transferred away. */
export function fixedBytes(body: unknown): Uint8Array | undefined {
  try {
    if (!(body instanceof Uint8Array)) return undefined;
    const { buffer } = body as { readonly buffer: ArrayBufferLike & { readonly resizable?: boolean } };
    // Shared bytes may change while they are sent, and runtimes refuse to send them.
    if (Object.prototype.toString.call(buffer) !== "[object ArrayBuffer]" || buffer.resizable === true)
      return undefined;
    // Of Node's own class, they are sent as they are: for a view of another class it would need another view.
    if (Object.getPrototypeOf(body) === BUFFER) return body;
    return new Uint8Array(buffer, body.byteOffset, body.byteLength);
  } catch {
    // A proxy throws.
    return undefined;
  }
}

/** Returns a copy of a list. Undefined: it is none, or reading it throws. */
function listOf(list: unknown): readonly unknown[] | undefined {
  try {
    return Array.isArray(list) ? [...(list as unknown[])] : undefined;
  } catch {
    return undefined;
  }
}

function textList(list: unknown): readonly string[] | undefined {
  const texts = listOf(list);
  return texts?.every((text) => typeof text === "string") === true ? texts : undefined;
}

/** Returns lower-case field names, or undefined for any other value. */
export function nameList(list: unknown): readonly string[] | undefined {
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
