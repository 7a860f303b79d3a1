import assert from "node:assert/strict";
import type { ChooseVariant, Entry, Store } from "../../index.ts";

/** What one check does with its store; `key` makes keys that are the check's own. */
export type StoreScenario = (store: Store, key: (name: string) => string) => Promise<void>;

/** Checks by name. */
export type StoreScenarios = Readonly<Record<string, StoreScenario>>;

const NOW = Date.UTC(2026, 0, 1);

/** Chooses the variant that entries here have unless they say otherwise. */
export const only: ChooseVariant = () => "v";

/** A chooser that remembers what it was asked. */
export function watched(variant: string): {
  readonly choose: ChooseVariant;
  readonly asked: (readonly string[])[];
} {
  const asked: (readonly string[])[] = [];
  const choose: ChooseVariant = (vary) => {
    asked.push([...vary]);
    return variant;
  };
  return { choose, asked };
}

/** An entry, with what matters to a check put in. */
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
    ...instants,
    ...parts,
  };
}

/** The UTF-8 bytes of a text. */
export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Both are one entry. A store may hand out a `Buffer` for a `Uint8Array`, and members of its own besides. */
export function assertSame(found: Entry | undefined, expected: Entry): void {
  assert.notEqual(found, undefined, `nothing was found under ${JSON.stringify(expected.key.slice(0, 40))}`);
  const { body, ...rest } = found as Entry;
  const { body: expectedBody, ...expectedRest } = expected;
  const named = Object.keys(expectedRest).map((name) => [name, rest[name as keyof typeof rest]]);
  assert.deepEqual(Object.fromEntries(named), expectedRest);
  assert.ok(body instanceof Uint8Array, "the body is bytes");
  assert.ok(Buffer.compare(body, expectedBody) === 0, "the body is byte for byte what was stored");
}
