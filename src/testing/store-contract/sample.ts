import assert from "node:assert/strict";
import type { ChooseVariant, Entry, Store } from "../../index.ts";

/** The body of one check. `key` returns keys that no other check uses. */
export type StoreScenario = (store: Store, key: (name: string) => string) => Promise<void>;

/** Checks by name. */
export type StoreScenarios = Readonly<Record<string, StoreScenario>>;

const NOW = Date.UTC(2026, 0, 1);

/** Chooses the default variant of {@link entryOf}. */
export const only: ChooseVariant = () => "v";

/** Returns a chooser that records its calls. */
export function watched(variant: string): {
  readonly choose: ChooseVariant;
  readonly calls: (readonly string[])[];
} {
  const calls: (readonly string[])[] = [];
  const choose: ChooseVariant = (vary) => {
    calls.push([...vary]);
    return variant;
  };
  return { choose, calls };
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
    began: 1,
    ...instants,
    ...parts,
  };
}

/** Returns the UTF-8 bytes of a text. */
export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Asserts that two entries are equal. A store may return a `Buffer` as the body, and further members. */
export function assertSame(found: Entry | undefined, expected: Entry): void {
  assert.notEqual(found, undefined, `nothing was found under ${JSON.stringify(expected.key.slice(0, 40))}`);
  const { body, ...rest } = found as Entry;
  const { body: expectedBody, ...expectedRest } = expected;
  const named = Object.keys(expectedRest).map((name) => [name, rest[name as keyof typeof rest]]);
  assert.deepEqual(Object.fromEntries(named), expectedRest);
  assert.ok(body instanceof Uint8Array, "the body is bytes");
  assert.ok(Buffer.compare(body, expectedBody) === 0, "the body is byte for byte what was stored");
}
