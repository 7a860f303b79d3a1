import { formatEntityTag } from "../http/etag.ts";
import { MESSAGE_FIELDS, areSendable, endToEnd, fieldOf, toFields } from "../http/fields.ts";
import type { Fields } from "../http/fields.ts";
import type { Digest } from "./digest.ts";
import { CacheError, checkedOptions, show } from "./errors.ts";
import type { Entry } from "./store.ts";
import type { StoredResponse } from "./types.ts";

/** Which namespace a key is in; the cache's own namespace policy applies. */
export interface InNamespace {
  readonly namespace?: string;
}

/** A response that an application puts into the cache by hand. */
export interface ManualResponse {
  /** Default: 200. */
  readonly status?: number;
  /** Default: none. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** The content: bytes, or text that is stored as UTF-8. */
  readonly body: Uint8Array | string;
}

/** Makes the entry of a response that was put by hand. Throws `ERR_CACHE_RESPONSE` where it could not be sent. */
export function manualEntry(
  name: { readonly resource: string; readonly selector: string },
  response: ManualResponse,
  ttl: number,
  now: number,
  digest: Digest,
): Entry {
  const { status = 200, headers = {}, body } = response;
  const said = toFields(headers);
  const isText = typeof body === "string";
  if (!(isText || body instanceof Uint8Array) || !isStorableStatus(status)) {
    throw new CacheError(
      "ERR_CACHE_RESPONSE",
      `the response has status ${show(status)} and a body of type ${typeof body}; give a final status other than 206 and 304, and text or bytes`,
    );
  }
  if (typeof ttl !== "number" || !(ttl >= 0)) {
    throw new CacheError(
      "ERR_CACHE_OPTION_INVALID",
      `cache.set: the option "ttl" is ${show(ttl)}; write seconds, 0 or more, Infinity allowed`,
    );
  }
  if (!areSendable(said) || endToEnd(said).length !== said.length) {
    throw new CacheError(
      "ERR_CACHE_RESPONSE",
      `the response's headers ${show(headers)} cannot be sent over HTTP`,
    );
  }
  const bytes = isText ? new TextEncoder().encode(body) : new Uint8Array(body);
  const tag: Fields =
    fieldOf(said, "etag") === undefined ? [["etag", formatEntityTag(digest.of(bytes))]] : [];
  return {
    key: name.resource,
    variant: name.selector,
    vary: [],
    status,
    fields: [...said.filter(([field]) => !MESSAGE_FIELDS.has(field)), ...tag],
    body: bytes,
    storedAt: now,
    staleAt: now + ttl * 1000,
    deleteAt: now + ttl * 1000,
  };
}

/** What the methods of a cache take beside a key. */
const WHERE: Readonly<Record<string, readonly string[]>> = {
  "cache.get": ["namespace"],
  "cache.set": ["namespace", "ttl"],
  "cache.invalidate": ["namespace"],
};

/** Checks what was given beside a key, and answers the namespace in it. */
export function namespaceIn(where: InNamespace | undefined, call: string): string | undefined {
  if (where === undefined) return undefined;
  checkedOptions(where, call, { known: WHERE[call] ?? [], example: '{ namespace: "users" }' });
  const namespace: unknown = where.namespace;
  if (namespace === undefined || typeof namespace === "string") return namespace;
  throw new CacheError(
    "ERR_CACHE_OPTION_INVALID",
    `${call}: the option "namespace" is ${show(namespace)}; write a string, such as "users"`,
  );
}

/** An entry as its application sees it. */
export function storedResponse(entry: Entry): StoredResponse {
  const { status, body, storedAt, staleAt } = entry;
  // A copy: what is stored is what every hit is sent.
  const fields = entry.fields.map(
    ([name, value]) => [name, typeof value === "string" ? value : [...value]] as const,
  );
  return { status, fields, body: new Uint8Array(body), storedAt, staleAt };
}

function isStorableStatus(status: unknown): boolean {
  return (
    Number.isInteger(status) &&
    Number(status) >= 200 &&
    Number(status) <= 599 &&
    status !== 206 &&
    status !== 304
  );
}
