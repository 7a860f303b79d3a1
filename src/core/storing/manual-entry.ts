import { areSendable, endToEnd, MESSAGE_FIELDS, toFields } from "../../http/fields.ts";
import type { Fields } from "../../http/fields.ts";
import { isStorableStatus } from "../../http/status.ts";
import { CacheError, show } from "../contract/errors.ts";
import { checkedOptions } from "../contract/options.ts";
import type { HandlerHead, StoredResponse } from "../contract/request-and-policy.ts";
import type { Entry } from "../contract/store.ts";

/** Which namespace a key is in; the cache's own namespace policy applies. */
export interface InNamespace {
  readonly namespace?: string;
}

/** A response that an application puts into the cache by hand. */
export interface ManualResponse {
  /** Default: 200. */
  readonly status?: number;
  /** An object, `Headers`, a `Map` or pairs. Default: none. */
  readonly headers?:
    | Readonly<Record<string, string | readonly string[]>>
    | Iterable<readonly [name: string, value: string | readonly string[]]>;
  /** The content: bytes, or text that is stored as UTF-8. */
  readonly body: Uint8Array | string;
}

/** What `cache.set` takes beside key and response. */
export interface ManualOptions extends InNamespace {
  /** Seconds, 0 or more. Default: the lifetime that the response states, else the cache's `defaults`, else 60. */
  readonly ttl?: number;
  /** The tags of the response, for `cache.invalidate({ tag })`. Default: none. */
  readonly tags?: readonly string[];
}

/** The route options of a response that is put by hand: its lifetime and its tags, and nothing of any route. */
export function manualRoute({ ttl, tags = [] }: ManualOptions = {}): {
  readonly statuses: "any";
  readonly scope: "everyone";
  readonly invalidateOnUnsafe: false;
  readonly query: "all";
  readonly store: true;
  readonly ttl?: number;
  readonly tags: readonly string[];
} {
  if (ttl !== undefined && !(typeof ttl === "number" && ttl >= 0)) {
    throw new CacheError(
      "ERR_CACHE_OPTION_INVALID",
      `cache.set: the option "ttl" is ${show(ttl)}; write seconds, 0 or more, Infinity allowed`,
    );
  }
  if (!Array.isArray(tags)) {
    throw new CacheError(
      "ERR_CACHE_OPTION_INVALID",
      `cache.set: the option "tags" is ${show(tags)}; write a list of names, such as ["reports"]`,
    );
  }
  const own = {
    statuses: "any",
    scope: "everyone",
    invalidateOnUnsafe: false,
    query: "all",
    store: true,
    tags,
  } as const;
  return ttl === undefined ? own : { ...own, ttl };
}

/** Reads a response that is put by hand. Throws `ERR_CACHE_RESPONSE` where it could not be sent. */
export function manualMessage(response: ManualResponse): {
  readonly head: HandlerHead;
  readonly body: Uint8Array;
} {
  checkedOptions(response, "cache.set, the response", {
    known: ["status", "headers", "body"],
    example: '{ status: 200, headers: { "content-type": "text/plain" }, body: "content" }',
  });
  const { status = 200, headers = {}, body } = response;
  const isText = typeof body === "string";
  if (!(isText || body instanceof Uint8Array) || !isStorableStatus(status)) {
    throw new CacheError(
      "ERR_CACHE_RESPONSE",
      `the response has status ${show(status)} and a body of type ${typeof body}; give a final status other than 206 and 304, and text or bytes`,
    );
  }
  const fields = fieldsIn(headers);
  if (fields === undefined || !areSendable(fields) || endToEnd(fields).length !== fields.length) {
    throw new CacheError(
      "ERR_CACHE_RESPONSE",
      `the response's headers ${show(headers)} cannot be sent over HTTP`,
    );
  }
  // It is of now: `Date` and `Age` of the message that it came from do not count.
  const own = fields.filter(([name]) => !MESSAGE_FIELDS.has(name));
  return {
    head: { status, fields: own },
    body: isText ? new TextEncoder().encode(body) : new Uint8Array(body),
  };
}

/** Reads fields from an object, or from `Headers`, a `Map` or pairs; returns undefined where they are no fields. */
function fieldsIn(headers: unknown): Fields | undefined {
  if (typeof headers !== "object" || headers === null) return undefined;
  const pairs: unknown[] =
    Symbol.iterator in headers ? [...(headers as Iterable<unknown>)] : Object.entries(headers);
  const lines = new Map<string, string[]>();
  for (const pair of pairs) {
    const [name, value] = Array.isArray(pair) ? (pair as unknown[]) : [];
    const values: unknown[] = value === undefined ? [] : [value].flat();
    if (typeof name !== "string" || !values.every(isLine)) return undefined;
    const known = lines.get(name.toLowerCase()) ?? [];
    lines.set(name.toLowerCase(), [...known, ...values.map(String)]);
  }
  return toFields(Object.fromEntries(lines));
}

function isLine(value: unknown): boolean {
  return typeof value === "string" || typeof value === "number";
}

/** The options that the methods of a cache take beside a key. */
const WHERE: Readonly<Record<string, readonly string[]>> = {
  "cache.get": ["namespace"],
  "cache.set": ["namespace", "ttl", "tags"],
  "cache.invalidate": ["namespace"],
};

/** Checks the options beside a key, and returns the namespace in them. */
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

/** Returns an entry as an application sees it. */
export function storedResponse(entry: Entry): StoredResponse {
  const { status, body, storedAt, staleAt } = entry;
  // A copy: what is stored is what every hit is sent.
  const fields = entry.fields.map(
    ([name, value]) => [name, typeof value === "string" ? value : [...value]] as const,
  );
  return { status, fields, body: new Uint8Array(body), storedAt, staleAt };
}
