import type { SearchRule } from "../../http/no-vary-search.ts";
import { normalizeSelecting } from "../../http/vary.ts";
import { asError, CacheError, misreturned, show } from "../contract/errors.ts";
import type { Digest } from "../contract/platform.ts";
import type { Policy, RequestRecord } from "../contract/request-and-policy.ts";
import { digestContent } from "./content-digest.ts";

/** The primary cache key of a request, and the fixed part of its variant. */
export interface Key {
  /** The key of the resource in the store. */
  readonly resource: string;
  /** The start of the variant's name. */
  readonly selector: string;
  /** Path and query without the parameters outside the key. Undefined: nothing was dropped. */
  readonly target: string | undefined;
  /** The same for the URL as received, before a rewrite. Undefined: nothing was dropped. */
  readonly received: string | undefined;
  /** The scheme and authority in the key. */
  readonly origin: string;
  /** The `No-Vary-Search` rule of an earlier response by which the key was made. */
  readonly rule: SearchRule | undefined;
}

/**
 * Returns the primary cache key of a request (RFC 9111 §2): an injective encoding of everything that the response may depend
 * on. Returns undefined if the key needs the request's content and that is not available.
 *
 * A default key is `namespace|u|method|principal|digest|URI`; the key of a `key` function is `namespace|k|text`. The last
 * part needs no escaping, and the others cannot contain a bar.
 *
 * Under a default key, the variant begins with the route and the rewritten URI. So two routes on one URL share nothing
 * (hazard 34), and a removal of the URL reaches both.
 *
 * Throws `ERR_CACHE_KEY`, `ERR_CACHE_SCOPE` or `ERR_CACHE_ORIGIN` if a function of the route returns anything but a non-empty
 * string.
 */
export function keyOf<Native>(
  request: RequestRecord<Native>,
  policy: Policy<Native>,
  digest: Digest,
): Key | undefined {
  const method = request.method === "HEAD" ? "GET" : request.method;
  const principal = principalOf(request, policy, digest);
  if (policy.key !== undefined) {
    const text = nonEmpty(called(policy.key, request), "ERR_CACHE_KEY", "key", policy.route);
    // The application decided what the response depends on, so the handler sees the whole query.
    return {
      resource: namedResource(policy.namespace, text),
      selector: selectorOf(method, principal),
      target: undefined,
      received: undefined,
      origin: request.origin,
      rule: undefined,
    };
  }
  const origin = originOf(request, policy);
  const { uri, exact, resource, target, rule } = policy.targets.of(origin, request.target);
  let { selector } = policy;
  let shown = target;
  let received = target;
  if (request.rewritten !== undefined)
    ({ selector, target: shown, received } = rewrittenTo(request, origin, policy, target));
  if (method === "GET") {
    const own =
      principal === "" ? resource : uriResourcePrefix(policy.namespace, method, principal, "") + uri;
    return { resource: own, selector, target: shown, received, origin, rule };
  }
  const content = digestContent(request, digest);
  if (content === undefined) return undefined;
  const whole = uriResourcePrefix(policy.namespace, method, principal, content) + exact;
  return { resource: whole, selector, target: shown, received, origin, rule: undefined };
}

/** The parts of the key that a rewritten URL changes. The handler sees both URLs, so both are in the key. */
function rewrittenTo<Native>(
  { target, rewritten = target }: RequestRecord<Native>,
  origin: string,
  policy: Policy<Native>,
  received: string | undefined,
): Pick<Key, "selector" | "target" | "received"> {
  const { exact, target: shown } = policy.targets.of(origin, rewritten);
  const selector = routeSelector(policy.name, exact);
  if (received === undefined && shown === undefined)
    return { selector, target: undefined, received: undefined };
  return { selector, target: shown ?? rewritten, received: received ?? target };
}

/** Returns the start of a variant's name under a default key: the route and the rewritten URI. */
export function routeSelector(name: string, rewritten: string): string {
  return `${escapePart(name)}|${escapePart(rewritten)}|`;
}

/** Returns the scheme and authority for the key. Throws `ERR_CACHE_ORIGIN` if the route's function returns none. */
export function originOf<Native>(request: RequestRecord<Native>, policy: Policy<Native>): string {
  const { origin } = policy;
  if (typeof origin !== "function") return origin ?? request.origin;
  return nonEmpty(called(origin, request), "ERR_CACHE_ORIGIN", "origin", policy.route);
}

/** Returns a default key up to the URI. */
export function uriResourcePrefix(
  namespace: string,
  method: string,
  principal: string,
  content: string,
): string {
  return `${escapePart(namespace)}|u|${escapePart(method)}|${principal}|${content}|`;
}

/** The resource for the result of a `key` function. */
function namedResource(namespace: string, text: string): string {
  return `${escapePart(namespace)}|k|${text}`;
}

/** The start of a variant's name for the key of a `key` function. */
function selectorOf(method: string, principal: string): string {
  return `${escapePart(method)}|${principal}|`;
}

/** Returns the resource and selector of a GET without a principal for a key of a `key` function. */
export function namedEntry(
  key: string,
  namespace: string,
): { readonly resource: string; readonly selector: string } {
  if (typeof key !== "string" || key === "") {
    throw new CacheError(
      "ERR_CACHE_KEY",
      `the key is ${show(key)}; give the non-empty string that "key" returns`,
    );
  }
  return { resource: namedResource(namespace, key), selector: selectorOf("GET", "") };
}

/** Returns a chooser of the variant for a request without any of the `vary` fields. */
export function plainVariant(selector: string): (vary: readonly string[]) => string {
  return (vary) => variantOf(selector, vary, () => undefined);
}

/** Returns the name of the variant that a request selects: its values of the fields in `vary` (RFC 9111 §4.1). */
export function variantOf(
  selector: string,
  vary: readonly string[],
  header: (name: string) => string | undefined,
): string {
  let text = selector;
  for (const name of vary) {
    const value = header(name);
    // Only an empty field has the equals sign, an absent one has not.
    text +=
      value === undefined
        ? `${name}&`
        : `${name}=${normalizeSelecting(name, value).replace(/[%&]/g, escapeCharacter)}&`;
  }
  return text;
}

function principalOf<Native>(request: RequestRecord<Native>, policy: Policy<Native>, digest: Digest): string {
  if (typeof policy.scope === "string") return "";
  return digest.keyed(nonEmpty(called(policy.scope, request), "ERR_CACHE_SCOPE", "scope", policy.route));
}

/** Calls a function of the route. Anything that it throws becomes an error: frameworks ignore a thrown `undefined`. */
function called<Native>(
  option: (native: Native, ...rest: never[]) => unknown,
  { native, rest }: RequestRecord<Native>,
): unknown {
  try {
    return rest === undefined ? option(native) : option(native, ...(rest as never[]));
  } catch (thrown) {
    throw asError(thrown);
  }
}

/** Unrelated users would share an empty or missing name (hazard 6), so the request fails. */
function nonEmpty(
  value: unknown,
  code: "ERR_CACHE_KEY" | "ERR_CACHE_SCOPE" | "ERR_CACHE_ORIGIN",
  option: string,
  route: string,
): string {
  if (typeof value === "string" && value !== "") return value;
  const remedy =
    option === "scope" && (value === undefined || value === null)
      ? "refuse visitors in a guard, or return a name for them"
      : undefined;
  throw misreturned(code, { route, option, what: "a non-empty string", remedy }, value);
}

function escapePart(part: string): string {
  return part.replace(/[%|]/g, escapeCharacter);
}

function escapeCharacter(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}

/** The parts of a key, for `explain`. */
export interface KeyParts {
  /** The namespace of the cache and the route. Empty: none. */
  readonly namespace: string;
  readonly method: string;
  /** The keyed hash of the principal. Undefined: none. */
  readonly principal: string | undefined;
  /** The digest of the request's content. Undefined: not in the key. */
  readonly content: string | undefined;
  /** The route's name in keys. Undefined under the key of a `key` function. */
  readonly route: string | undefined;
  /** The URI after a rewrite before the route. Undefined: not rewritten. */
  readonly rewritten: string | undefined;
  /** The normalized target URI. Undefined under the key of a `key` function. */
  readonly uri: string | undefined;
  /** What the `key` function returned. Undefined under a default key. */
  readonly named: string | undefined;
}

/** Decodes a key into its parts. The encoding is injective, so nothing is lost. */
export function keyParts(resource: string, selector: string): KeyParts {
  const [namespace, kind, ...rest] = resource.split("|");
  const chosen = selector.split("|");
  const from = kind === "k" ? chosen : rest;
  const [method, principal, content] = from as [string, string, string];
  const common = {
    namespace: unescapePart(namespace as string),
    method: unescapePart(method),
    principal: principal || undefined,
  };
  if (kind === "k") {
    const unknown = { content: undefined, route: undefined, rewritten: undefined, uri: undefined };
    return { ...common, ...unknown, named: rest.join("|") };
  }
  const [route = "", rewritten = ""] = chosen;
  return {
    ...common,
    content: content || undefined,
    route: unescapePart(route),
    rewritten: rewritten === "" ? undefined : unescapePart(rewritten),
    uri: uriOf(rest.slice(3)),
    named: undefined,
  };
}

/** Drops the `No-Vary-Search` rule before the URI. No URI begins with a question mark. */
function uriOf(parts: readonly string[]): string {
  return (parts[0]?.startsWith("?") === true ? parts.slice(1) : parts).join("|");
}

function unescapePart(part: string): string {
  return part.replace(/%(25|7C)/g, (_, code) => (code === "25" ? "%" : "|"));
}
