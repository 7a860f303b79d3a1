import type { Entry, EntryHead, Read } from "../index.ts";

/** Returns a corrupted copy of an entry. */
export type Corruption = (entry: Entry) => Entry;

type Corruptions = Readonly<
  Record<string, Corruption> & Record<"another key" | "another variant", Corruption>
>;

/**
 * What a store may return after an upgrade, a collision, a partial write or an attack, by name. None of it may reach a client
 * (hazards 23, 24 and 49).
 *
 * @example
 * chaosStore(memoryStore(), { mode: "corrupt", corruption: corruptions["another variant"] });
 */
export const corruptions: Corruptions = {
  "another key": (entry) => ({ ...entry, key: `${entry.key}/another` }),
  "another variant": (entry) => ({ ...entry, variant: `${entry.variant}another` }),
  "a key that is not a string": ({ key, ...entry }) => wrong({ ...entry, key: [key] }),
  "a variant that is not a string": ({ variant, ...entry }) => wrong({ ...entry, variant: [variant] }),

  "a line break in a field value": withField("x-forged", "1\r\nset-cookie: forged=1"),
  "a line break in one line of a field": withField("x-forged", ["1", "2\nset-cookie: forged=1"]),
  "a character beyond Latin-1 in a field value": withField("x-forged", "\u{1F600}"),
  "an invalid field name": withField("x forged:", "1"),
  "an empty field name": withField("", "1"),
  "a pseudo-header": withField(":status", "500"),
  "a field name in upper case": withField("X-Forged", "1"),
  "a field name twice": (entry) => withField("x-forged", "2")(withField("x-forged", "1")(entry)),
  "a field value that is a number": withField("x-forged", 1),
  "a field value without any line": withField("x-forged", []),
  "a hop-by-hop field": withField("transfer-encoding", "chunked"),
  "a hop-by-hop field in another case": withField("Transfer-Encoding", "chunked"),
  "a Content-Length": withField("content-length", "3"),
  "a Content-Length in another case": withField("Content-Length", "3"),
  "an Age": withField("age", "0"),
  "a Keep-Alive field": withField("keep-alive", "timeout=5"),
  "a Connection field that names another": (entry) =>
    withField("connection", "x-forged")(withField("x-forged", "1")(entry)),
  "a cookie": withField("set-cookie", "forged=1"),
  "a cookie in another case": withField("Set-Cookie", ["forged=1", "forged=2"]),
  "fields that are not a list": (entry) => wrong({ ...entry, fields: { "content-type": "text/html" } }),
  "a field that is a string": (entry) => wrong({ ...entry, fields: ["x-forged"] }),

  "a status below 100": (entry) => ({ ...entry, status: 99 }),
  "a status above 599": (entry) => ({ ...entry, status: 600 }),
  "a status that is a string": (entry) => wrong({ ...entry, status: "200" }),
  "a status that is not an integer": (entry) => ({ ...entry, status: 200.5 }),
  "a status of 206": (entry) => ({ ...entry, status: 206 }),
  "a status of 103": (entry) => ({ ...entry, status: 103 }),

  "a body that is not bytes": (entry) => wrong({ ...entry, body: "forged" }),
  "a body with a detached buffer": (entry) => ({ ...entry, body: transferred(entry.body) }),
  "a body in a resizable buffer": (entry) => ({ ...entry, body: resizable(entry.body) }),
  "a body in a shared buffer": (entry) => ({ ...entry, body: shared(entry.body) }),
  "a body of 16-bit numbers": (entry) => wrong({ ...entry, body: new Uint16Array(entry.body) }),
  "a body behind a proxy": (entry) => ({ ...entry, body: new Proxy(entry.body, {}) }),
  "a body that is too long": (entry) => ({ ...entry, body: Buffer.concat([entry.body, Buffer.from("!")]) }),
  "a length that is too large": (entry) => wrong({ ...entry, length: entry.body.byteLength + 1 }),
  "a length that is a string": (entry) => wrong({ ...entry, length: String(entry.body.byteLength) }),
  "a missing length": (entry) => wrong({ ...entry, length: undefined }),

  "instants that are not numbers": (entry) => wrong({ ...entry, staleAt: "2099-01-01" }),
  "instants that are NaN": (entry) => ({ ...entry, staleAt: Number.NaN, deleteAt: Number.NaN }),
  "instants that are dates": (entry) => wrong({ ...entry, staleAt: new Date(entry.staleAt) }),
  "a deleteAt of NaN": (entry) => ({ ...entry, deleteAt: Number.NaN }),
  "a staleAt of -Infinity": (entry) => ({ ...entry, staleAt: -Infinity }),
  "a storedAt of Infinity": (entry) => ({ ...entry, storedAt: Infinity }),
  "a storedAt of -Infinity": (entry) => ({ ...entry, storedAt: -Infinity }),
  "a stale window that is not a number": (entry) => wrong({ ...entry, staleWhileRevalidateUntil: "always" }),
  "a stale window of NaN": (entry) => ({ ...entry, staleIfErrorUntil: Number.NaN }),
  "a negative run duration": (entry) => ({ ...entry, fillMs: -1 }),
  "an infinite run duration": (entry) => ({ ...entry, fillMs: Infinity }),

  "names that are not a list": (entry) => wrong({ ...entry, names: "users" }),
  "names that are not strings": (entry) => wrong({ ...entry, names: [1] }),
  "missing names": (entry) => wrong({ ...entry, names: undefined }),
  "a missing position": (entry) => wrong({ ...entry, began: undefined }),
  "a position of Infinity": (entry) => ({ ...entry, began: Infinity }),

  "a missing vary list": (entry) => wrong({ ...entry, vary: undefined }),
  "a vary list that is a string": (entry) => wrong({ ...entry, vary: "accept" }),
  "a vary list in upper case": (entry) => ({ ...entry, vary: ["Accept"] }),
  "a vary list with null": (entry) => wrong({ ...entry, vary: [null] }),
  "a Vary of *": withField("vary", "*"),
  "a Vary name outside the vary list": withField("vary", "x-forged"),

  "a fields getter that throws": (entry) => Object.defineProperty({ ...entry }, "fields", { get: refuse }),
  "a status getter that throws": (entry) => Object.defineProperty({ ...entry }, "status", { get: refuse }),
  "a proxy that throws": (entry) => new Proxy(entry, { get: refuse }),
  "a fields list that throws": (entry) => ({ ...entry, fields: new Proxy(entry.fields, { get: refuse }) }),
  "a revoked list of fields": (entry) => ({ ...entry, fields: revoked(entry.fields) }),

  "an object that is not an entry": () => wrong({ forged: true }),
  "a string instead of an entry": () => wrong("forged"),
  "a number instead of an entry": () => wrong(1),
  "a boolean instead of an entry": () => wrong(true),
  "a list instead of an entry": () => wrong([]),
  "a function instead of an entry": () => wrong(() => undefined),
};

/** Returns what a store returns that has corrupted an entry. */
export function corruptRead(read: Read, corruption: Corruption): Read {
  const { head, body } = read;
  if (head === undefined) return read;
  const corrupt: unknown = corruption({ ...head, body: body ?? new Uint8Array(head.length) });
  return {
    vary: memberOf(corrupt, "vary", read.vary),
    head: corrupt as EntryHead,
    ...(body === undefined ? {} : { body: memberOf(corrupt, "body", body) }),
  };
}

/** A member of a corrupt entry, or the right one where there is none to read. */
function memberOf<Name extends "vary" | "body">(
  corrupt: unknown,
  name: Name,
  right: Entry[Name],
): Entry[Name] {
  if (typeof corrupt !== "object") return right;
  try {
    return (corrupt as Entry)[name];
  } catch {
    return right;
  }
}

function withField(name: string, value: unknown): Corruption {
  return (entry) => wrong({ ...entry, fields: [...entry.fields, [name, value]] });
}

/** A value that the type forbids and a store may return. */
function wrong(value: unknown): Entry {
  return value as Entry;
}

function refuse(): never {
  throw new Error("it cannot be read");
}

function revoked<T extends object>(target: T): T {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

/** Bytes whose buffer was transferred to another thread. */
function transferred(body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(body);
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  return bytes;
}

/** Bytes in a resizable buffer, or in a fixed one if the runtime has no resizable buffers. */
function resizable(body: Uint8Array): Uint8Array {
  const Growing = ArrayBuffer as unknown as new (length: number, options: object) => ArrayBuffer;
  const bytes = new Uint8Array(new Growing(body.byteLength, { maxByteLength: body.byteLength * 2 }));
  bytes.set(body);
  return bytes;
}

function shared(body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(new SharedArrayBuffer(body.byteLength));
  bytes.set(body);
  return bytes;
}
