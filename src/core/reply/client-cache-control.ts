import { faultOf, fromNow, withPrivate } from "../../http/client-cache-control.ts";
import { parseAge } from "../../http/delta-seconds.ts";
import { combined, fieldOf } from "../../http/fields.ts";
import type { Fields } from "../../http/fields.ts";
import { misreturned } from "../contract/errors.ts";
import type { Policy, Reply } from "../contract/request-and-policy.ts";

/** A response as far as what clients are told of it goes. */
interface Told {
  readonly status: number;
  /** The handler's fields. */
  readonly fields: Fields;
}

/**
 * Returns the `Cache-Control` for the client of a response that is stored or shared, unless its handler set one: the route's
 * `clientCacheControl`, and `private` if the route has a `scope` function, so that no shared cache stores one principal's
 * response for all. `age` is the `Age` that the client is sent, in seconds.
 *
 * Throws `ERR_CACHE_CLIENT_CACHE_CONTROL` if a function does not return a faultless text.
 */
export function toldToClient(policy: Policy, response: Told, age: number): Fields | undefined {
  const { clientCacheControl: own } = policy;
  if (own === undefined || hasLifetime(response.fields)) return toldOfRefused(policy, response);
  if (fieldOf(response.fields, "cache-control") !== undefined) return undefined;
  const text = typeof own === "string" ? own : returnedText(own, response, policy);
  return [["cache-control", fromNow(isPrivate(policy) ? withPrivate(text) : text, age)]];
}

/** Returns the same for a response that is neither stored nor shared: `private`, under a `scope` function. */
export function toldOfRefused(
  policy: Pick<Policy, "scope">,
  { fields }: Pick<Told, "fields">,
): Fields | undefined {
  if (!isPrivate(policy) || fieldOf(fields, "cache-control") !== undefined) return undefined;
  return PRIVATE;
}

const PRIVATE: Fields = Object.freeze([["cache-control", "private"]] as const);

/** Returns the `Age` that a new response came with, in seconds: its client is sent the same. */
export function statedAge({ fields }: Pick<Told, "fields">): number {
  const age = parseAge(fieldOf(fields, "age")) ?? 0;
  return Number.isFinite(age) ? age : 0;
}

/** Returns a reply that tells its client this. A 416 is no response of the resource, and tells nothing. */
export function telling(reply: Reply, unlessSet: Fields | undefined): Reply {
  return unlessSet === undefined || reply.status === 416 ? reply : { ...reply, unlessSet };
}

function isPrivate({ scope }: Pick<Policy, "scope">): boolean {
  return typeof scope === "function";
}

/** A handler that says when its response expires has told its clients. */
function hasLifetime(fields: Fields): boolean {
  return fieldOf(fields, "expires") !== undefined;
}

function returnedText(
  own: Extract<Policy["clientCacheControl"], (...given: never) => unknown>,
  { status, fields }: Told,
  policy: Policy,
): string {
  const returned: unknown = own({ status, header: (name) => combined(fieldOf(fields, name.toLowerCase())) });
  const fault = typeof returned === "string" ? faultOf(returned, isPrivate(policy)) : "it is no text";
  if (fault === undefined) return returned as string;
  const what = `a Cache-Control for clients, such as "max-age=60" (${fault})`;
  throw misreturned(
    "ERR_CACHE_CLIENT_CACHE_CONTROL",
    { route: policy.route, option: "clientCacheControl", what },
    returned,
  );
}
