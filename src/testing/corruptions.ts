import type { Entry } from "../index.ts";

/** Alters an entry on its way out of a store. */
export type Corruption = (entry: Entry) => Entry;

type Corruptions = Readonly<
  Record<string, Corruption> & Record<"another key" | "another variant", Corruption>
>;

/**
 * What a store may hand out after an upgrade, a collision, a half-finished write or an attack, by name: none of it may
 * reach a client (hazards 23, 24 and 49).
 */
export const corruptions: Corruptions = {
  "another key": (entry) => ({ ...entry, key: `${entry.key}/another` }),
  "another variant": (entry) => ({ ...entry, variant: `${entry.variant}another` }),
  "a key that is no text": ({ key, ...entry }) => wrong({ ...entry, key: [key] }),
  "a variant that is no text": ({ variant, ...entry }) => wrong({ ...entry, variant: [variant] }),

  "a line break in a field value": withField("x-forged", "1\r\nset-cookie: forged=1"),
  "a line break in one line of a field": withField("x-forged", ["1", "2\nset-cookie: forged=1"]),
  "a character beyond Latin-1 in a field value": withField("x-forged", "\u{1F600}"),
  "a field name that is none": withField("x forged:", "1"),
  "an empty field name": withField("", "1"),
  "a pseudo-header": withField(":status", "500"),
  "a field name in upper case": withField("X-Forged", "1"),
  "a field name twice": (entry) => withField("x-forged", "2")(withField("x-forged", "1")(entry)),
  "a field value that is a number": withField("x-forged", 1),
  "a field value without lines": withField("x-forged", []),
  "a hop-by-hop field": withField("transfer-encoding", "chunked"),
  "a hop-by-hop field in another case": withField("Transfer-Encoding", "chunked"),
  "a length": withField("content-length", "3"),
  "a length in another case": withField("Content-Length", "3"),
  "an age": withField("age", "0"),
  "a field about the connection": withField("keep-alive", "timeout=5"),
  "a field that names others": (entry) =>
    withField("connection", "x-forged")(withField("x-forged", "1")(entry)),
  "a cookie": withField("set-cookie", "forged=1"),
  "a cookie in another case": withField("Set-Cookie", ["forged=1", "forged=2"]),
  "fields that are no list": (entry) => wrong({ ...entry, fields: { "content-type": "text/html" } }),
  "a field that is text": (entry) => wrong({ ...entry, fields: ["x-forged"] }),

  "a status that is none": (entry) => ({ ...entry, status: 99 }),
  "a status beyond the last": (entry) => ({ ...entry, status: 600 }),
  "a status that is text": (entry) => wrong({ ...entry, status: "200" }),
  "a status between two": (entry) => ({ ...entry, status: 200.5 }),
  "the status of a part": (entry) => ({ ...entry, status: 206 }),
  "the status of an interim response": (entry) => ({ ...entry, status: 103 }),

  "a body that is no bytes": (entry) => wrong({ ...entry, body: "forged" }),
  "a body without its buffer": (entry) => ({ ...entry, body: transferred(entry.body) }),
  "a body that may grow": (entry) => ({ ...entry, body: resizable(entry.body) }),
  "a body that others may write": (entry) => ({ ...entry, body: shared(entry.body) }),
  "a body of larger numbers": (entry) => wrong({ ...entry, body: new Uint16Array(entry.body) }),
  "a body behind a proxy": (entry) => ({ ...entry, body: new Proxy(entry.body, {}) }),

  "instants that are no numbers": (entry) => wrong({ ...entry, staleAt: "2099-01-01" }),
  "instants that are NaN": (entry) => ({ ...entry, staleAt: Number.NaN, deleteAt: Number.NaN }),
  "instants that are dates": (entry) => wrong({ ...entry, staleAt: new Date(entry.staleAt) }),
  "an end that is NaN": (entry) => ({ ...entry, deleteAt: Number.NaN }),
  "an end without a beginning": (entry) => ({ ...entry, staleAt: -Infinity }),
  "a beginning that never comes": (entry) => ({ ...entry, storedAt: Infinity }),
  "no beginning": (entry) => ({ ...entry, storedAt: -Infinity }),
  "a stale window that is no number": (entry) => wrong({ ...entry, staleWhileRevalidateUntil: "always" }),
  "a stale window that is NaN": (entry) => ({ ...entry, staleIfErrorUntil: Number.NaN }),
  "a run that took less than nothing": (entry) => ({ ...entry, fillMs: -1 }),
  "a run that never ended": (entry) => ({ ...entry, fillMs: Infinity }),

  "tags that are no list": (entry) => wrong({ ...entry, tags: "users", taggedAt: 0 }),
  "tags that are no texts": (entry) => wrong({ ...entry, tags: [1], taggedAt: 0 }),
  "tags without their instant": (entry) => wrong({ ...entry, tags: ["t|users"], taggedAt: undefined }),
  "tags that nothing invalidates": (entry) => ({ ...entry, tags: ["t|users"], taggedAt: Infinity }),

  "no list of what it varies by": (entry) => wrong({ ...entry, vary: undefined }),
  "what it varies by, as text": (entry) => wrong({ ...entry, vary: "accept" }),
  "what it varies by, in upper case": (entry) => ({ ...entry, vary: ["Accept"] }),
  "what it varies by, as no names": (entry) => wrong({ ...entry, vary: [null] }),
  "a Vary of everything": withField("vary", "*"),
  "a Vary by what tells no variants apart": withField("vary", "x-forged"),

  "a getter that throws": (entry) => Object.defineProperty({ ...entry }, "fields", { get: refuse }),
  "a getter of its status that throws": (entry) =>
    Object.defineProperty({ ...entry }, "status", { get: refuse }),
  "a proxy that throws": (entry) => new Proxy(entry, { get: refuse }),
  "a list that throws": (entry) => ({ ...entry, fields: new Proxy(entry.fields, { get: refuse }) }),
  "a list that was revoked": (entry) => ({ ...entry, fields: revoked(entry.fields) }),

  "a value that is no entry": () => wrong({ forged: true }),
  "a value that is text": () => wrong("forged"),
  "a value that is a number": () => wrong(1),
  "a value that is true": () => wrong(true),
  "a value that is a list": () => wrong([]),
  "a value that is a function": () => wrong(() => undefined),
};

function withField(name: string, value: unknown): Corruption {
  return (entry) => wrong({ ...entry, fields: [...entry.fields, [name, value]] });
}

/** What the compiler would refuse and a store would not. */
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

/** Bytes whose buffer has gone to another thread. */
function transferred(body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(body);
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  return bytes;
}

/** Bytes in a buffer that may become longer or shorter; as they are where the runtime knows none. */
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
