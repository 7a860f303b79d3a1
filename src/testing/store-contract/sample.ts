import assert from "node:assert/strict";
import type { Entry, Look, MaybePromise, Read, Store } from "../../index.ts";

/** The body of one check. `key` returns keys that no other check uses. */
export type StoreScenario = (store: Store, key: (name: string) => string) => Promise<void>;

/** Checks by name. */
export type StoreScenarios = Readonly<Record<string, StoreScenario>>;

/** The position at which entries of `entryOf` began. A `delete` at it refuses none of them. */
export const AT = 1;

/** A look at everything, by a lookup that knows nothing of the route. */
export const WHOLE: Look = { likely: [], body: true };

const NOW = Date.UTC(2026, 0, 1);

/** Reads a variant with its body. The default is that of `entryOf`. */
export function read(store: Store, key: string, variant = "v"): MaybePromise<Read | undefined> {
  return store.get(key, () => variant, WHOLE);
}

/** Returns an entry with these members, and defaults for the others. */
export function entryOf(key: string, parts: Partial<Entry> = {}): Entry {
  const fields: Entry["fields"] = [
    ["content-type", "text/plain"],
    ["etag", '"v1"'],
  ];
  const instants = { storedAt: NOW, staleAt: NOW + 60_000, deleteAt: NOW + 60_000 };
  return {
    key,
    variant: "v",
    vary: [],
    status: 200,
    fields,
    body: bytesOf("content"),
    names: ["t|users", "r|GET /a"],
    began: AT,
    ...instants,
    ...parts,
  };
}

/** Returns the UTF-8 bytes of a text. */
export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Asserts that an entry was read. A store may return a `Buffer` as the body, and further members. */
export function assertRead(found: Read | undefined, expected: Entry): void {
  assertHead(found, expected);
  const body: unknown = found?.body;
  assert.ok(body instanceof Uint8Array, "the body is bytes");
  assert.ok(Buffer.compare(body, expected.body) === 0, "the body is byte for byte what was stored");
}

/** Asserts that the head of an entry was read, with or without its body. */
export function assertHead(found: Read | undefined, expected: Entry): void {
  const { body, ...rest } = expected;
  const members: Record<string, unknown> = { ...rest, length: body.byteLength };
  const head = found?.head as Record<string, unknown> | undefined;
  assert.ok(head !== undefined, `nothing was found under ${JSON.stringify(expected.key.slice(0, 40))}`);
  assert.deepEqual(Object.fromEntries(Object.keys(members).map((name) => [name, head[name]])), members);
  assert.deepEqual(found?.vary, expected.vary);
}

/** Asserts that a resource exists and has not the variant that was asked for. */
export function assertNoVariant(found: Read | undefined, vary: readonly string[]): void {
  assert.deepEqual(found?.vary, vary);
  assert.equal(found?.head, undefined);
}

/** Asserts how many entries a `delete` has removed. Undefined: the store cannot count. */
export function assertRemoved(count: number | undefined, expected: number): void {
  if (count !== undefined) assert.equal(count, expected);
}
