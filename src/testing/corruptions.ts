import type { Entry } from "../index.ts";

/** Alters an entry on its way out of a store. */
export type Corruption = (entry: Entry) => Entry;

type Name =
  | "another key"
  | "another variant"
  | "a line break in a field value"
  | "a field name that is none"
  | "a hop-by-hop field"
  | "a status that is none"
  | "a body that is no bytes"
  | "fields that are no list"
  | "instants that are no numbers"
  | "a stale window that is no number"
  | "tags that are no list"
  | "a value that is no entry";

/**
 * What a store may hand out after an upgrade, a collision, a half-finished write or an attack, by name: none of it may
 * reach a client (hazards 23 and 24).
 */
export const corruptions: Readonly<Record<Name, Corruption>> = {
  "another key": (entry) => ({ ...entry, key: `${entry.key}/another` }),
  "another variant": (entry) => ({ ...entry, variant: `${entry.variant}another` }),
  "a line break in a field value": (entry) => ({
    ...entry,
    fields: [...entry.fields, ["x-forged", "1\r\nset-cookie: forged=1"]],
  }),
  "a field name that is none": (entry) => ({ ...entry, fields: [...entry.fields, ["x forged:", "1"]] }),
  "a hop-by-hop field": (entry) => ({
    ...entry,
    fields: [...entry.fields, ["transfer-encoding", "chunked"]],
  }),
  "a status that is none": (entry) => ({ ...entry, status: 99 }),
  "a body that is no bytes": (entry) => wrong({ ...entry, body: "forged" }),
  "fields that are no list": (entry) => wrong({ ...entry, fields: { "content-type": "text/html" } }),
  "instants that are no numbers": (entry) => wrong({ ...entry, staleAt: "2099-01-01" }),
  "a stale window that is no number": (entry) => wrong({ ...entry, staleWhileRevalidateUntil: "always" }),
  "tags that are no list": (entry) => wrong({ ...entry, tags: "users", taggedAt: 0 }),
  "a value that is no entry": () => wrong({ forged: true }),
};

/** What the compiler would refuse and a store would not. */
function wrong(value: unknown): Entry {
  return value as Entry;
}
