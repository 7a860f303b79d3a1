import { formatEntityTag } from "../http/etag.ts";
import { fieldOf, toFields } from "../http/fields.ts";
import type { Fields } from "../http/fields.ts";
import type { Digest } from "./digest.ts";
import { CacheError, show } from "./errors.ts";
import { namedResource, selectorOf, variantOf } from "./key.ts";
import type { Entry } from "./store.ts";
import type { StoredResponse } from "./types.ts";
import { areSendable } from "./write.ts";

/** A response that an application puts into the cache by hand. */
export interface ManualResponse {
  /** Default: 200. */
  readonly status?: number;
  /** Default: none. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** The content: bytes, or text that is stored as UTF-8. */
  readonly body: Uint8Array | string;
}

/** The names under which a key of a `key` function is stored. */
export function namedEntry(key: string, namespace: string): { readonly resource: string; readonly selector: string } {
  if (typeof key !== "string" || key === "") {
    throw new CacheError("ERR_CACHE_KEY", `the key is ${show(key)}; give the non-empty string that "key" returns`);
  }
  return { resource: namedResource(namespace, key), selector: selectorOf("GET", "") };
}

/** Chooses the variant of a request that carries none of the fields that tell variants apart. */
export function plainVariant(selector: string): (vary: readonly string[]) => string {
  return (vary) => variantOf(selector, vary, () => undefined);
}

/** Makes the entry of a response that was put by hand. Throws `ERR_CACHE_RESPONSE` where it could not be sent. */
export function manualEntry(
  name: { readonly resource: string; readonly selector: string },
  response: ManualResponse,
  ttlMs: number,
  now: number,
  digest: Digest,
): Entry {
  const { status = 200, headers = {}, body } = response;
  const said = toFields(headers);
  const isText = typeof body === "string";
  if (!(isText || body instanceof Uint8Array) || !Number.isInteger(status) || status < 200 || status > 599) {
    throw new CacheError(
      "ERR_CACHE_RESPONSE",
      `the response has status ${show(status)} and a body of type ${typeof body}; give a final status, and text or bytes`,
    );
  }
  if (!areSendable(said)) {
    throw new CacheError("ERR_CACHE_RESPONSE", `the response's headers ${show(headers)} cannot be sent over HTTP`);
  }
  const bytes = isText ? new TextEncoder().encode(body) : new Uint8Array(body);
  const hasher = digest.hasher();
  hasher.update(bytes);
  const tag: Fields = fieldOf(said, "etag") === undefined ? [["etag", formatEntityTag(hasher.finish())]] : [];
  return {
    key: name.resource,
    variant: name.selector,
    vary: [],
    status,
    fields: [...said.filter(([field]) => field !== "content-length"), ...tag],
    body: bytes,
    storedAt: now,
    staleAt: now + ttlMs,
    deleteAt: now + ttlMs,
  };
}

/** An entry as its application sees it. */
export function storedResponse(entry: Entry): StoredResponse {
  const { status, fields, body, storedAt, staleAt } = entry;
  return { status, fields, body, storedAt, staleAt };
}
