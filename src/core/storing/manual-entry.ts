import { areSendable, endToEnd, MESSAGE_FIELDS, toFields } from "../../http/fields.ts";
import type { Fields } from "../../http/fields.ts";
import { isStorableStatus } from "../../http/status.ts";
import { CacheError, show } from "../contract/errors.ts";
import { checkedOptions, invalid } from "../contract/options.ts";
import type { HandlerHead, StoredResponse } from "../contract/request-and-policy.ts";
import type { Entry } from "../contract/store.ts";

/** The namespace of a key, besides the key itself. */
export interface InNamespace {
  /** The `namespace` of the route. It follows that of the cache or replaces it, see `namespacePolicy`. Default: none. */
  readonly namespace?: string;
}

/**
 * A response that an application stores by hand, with `cache.set`.
 *
 * @example
 * const response: ManualResponse = { headers: { "content-type": "application/json" }, body: JSON.stringify(user) };
 */
export interface ManualResponse {
  /** A final status other than 206 and 304. Default: 200. */
  readonly status?: number;
  /** The header fields: an object, `Headers`, a `Map` or pairs of name and value. Default: none. */
  readonly headers?:
    | Readonly<Record<string, string | readonly string[]>>
    | Iterable<readonly [name: string, value: string | readonly string[]]>;
  /** The content: bytes, or text that is stored as UTF-8. */
  readonly body: Uint8Array | string;
}

/** The options of `cache.set`. */
export interface ManualOptions extends InNamespace {
  /** The lifetime in seconds, 0 or more. Default: the response's own, else that of the cache's `defaults`, else 60. */
  readonly ttl?: number;
  /** The tags of the response, for `cache.invalidate({ tag })`. Default: none. */
  readonly tags?: readonly string[];
}

/**
 * Returns the route options under which a response is stored by hand. Throws `ERR_CACHE_OPTION_INVALID` for a wrong
 * `ttl` or `tags`.
 */
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
    throw invalid("cache.set", "ttl", ttl, "seconds, 0 or more, Infinity allowed");
  }
  if (!Array.isArray(tags)) {
    throw invalid("cache.set", "tags", tags, 'a list of names, such as ["reports"]');
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

/** Returns head and content of a response that is stored by hand. Throws `ERR_CACHE_RESPONSE` if it could not be sent. */
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
  // It is made now: `Date` and `Age` of a message that it was copied from do not count.
  const own = fields.filter(([name]) => !MESSAGE_FIELDS.has(name));
  return {
    head: { status, fields: own },
    body: isText ? new TextEncoder().encode(body) : new Uint8Array(body),
  };
}

/** Returns fields given as an object, `Headers`, a `Map` or pairs. Undefined: they are none of these. */
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

const BY_KEY = { known: ["namespace"], example: '{ namespace: "users" }' };

/** The options of the cache's methods, besides the key. */
const WHERE: Readonly<Record<string, typeof BY_KEY>> = {
  "cache.set": { known: ["namespace", "ttl", "tags"], example: "{ ttl: 60 }" },
  "cache.invalidate": { known: ["namespace", "soft"], example: '{ namespace: "users" }' },
};

/** Returns the namespace in the options of a cache's method. Throws as `checkedOptions` does, or if it is not a string. */
export function namespaceIn(where: InNamespace | undefined, call: string): string | undefined {
  if (where === undefined) return undefined;
  checkedOptions(where, call, WHERE[call] ?? BY_KEY);
  const namespace: unknown = where.namespace;
  if (namespace === undefined || typeof namespace === "string") return namespace;
  throw invalid(call, "namespace", namespace, 'a string, such as "users"');
}

/** Returns an entry as an application sees it. */
export function storedResponse(entry: Entry): StoredResponse {
  const { status, body, storedAt, staleAt } = entry;
  // Copies, because every hit is sent the stored values.
  const fields = entry.fields.map(
    ([name, value]) => [name, typeof value === "string" ? value : [...value]] as const,
  );
  return { status, fields, body: new Uint8Array(body), storedAt, staleAt };
}
