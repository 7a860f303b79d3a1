import type { SearchRule } from "../../http/no-vary-search.ts";
import { normaliseSelecting } from "../../http/vary.ts";
import { asError, CacheError, misreturned, show } from "../contract/errors.ts";
import type { Digest } from "../contract/platform.ts";
import type { Policy, RequestRecord } from "../contract/request-and-policy.ts";
import { digestContent } from "./content-digest.ts";

/** Which resource a request means, and the fixed part of which variant. */
export interface Key {
  /** The resource's name in the store. */
  readonly resource: string;
  /** What the variant's name begins with. */
  readonly selector: string;
  /** Path and query without the parameters that are not in the key; undefined where nothing was dropped. */
  readonly target: string | undefined;
  /** Those as received, without the same, where something has rewritten them; undefined where nothing was dropped. */
  readonly received: string | undefined;
  /** Scheme and authority that count. */
  readonly origin: string;
  /** What the resource leaves out of the query because an earlier response said so. */
  readonly rule: SearchRule | undefined;
}

/**
 * Finds the primary cache key of a request (RFC 9111 §2): an injective encoding of everything that the policy lets
 * a response depend on.
 *
 * `namespace|u|method|principal|digest|URI` for a key made from the request, `namespace|k|text` for one made by the
 * route's own function. The last part needs no escaping, and the others cannot contain a bar. Of a key made from the
 * request, the route and what the URL was rewritten to are the first parts of the variant: two routes on one URL share
 * nothing (hazard 34), and what removes the URL removes what each of them stored.
 * Throws `ERR_CACHE_KEY`, `ERR_CACHE_SCOPE` or `ERR_CACHE_ORIGIN` where the route's functions answer something that
 * others could share.
 * Answers undefined where the content that belongs into the key is not at hand.
 */
export function keyOf<Native>(
  request: RequestRecord<Native>,
  policy: Policy<Native>,
  digest: Digest,
): Key | undefined {
  const method = request.method === "HEAD" ? "GET" : request.method;
  const principal = principalOf(request, policy, digest);
  if (policy.key !== undefined) {
    const text = checked(named(policy.key, request.native), "ERR_CACHE_KEY", "key", policy.route);
    // The route said in words what its response depends on, so the handler sees the whole query.
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
    const named =
      principal === "" ? resource : uriResourcePrefix(policy.namespace, method, principal, "") + uri;
    return { resource: named, selector, target: shown, received, origin, rule };
  }
  const content = digestContent(request, digest);
  if (content === undefined) return undefined;
  const whole = uriResourcePrefix(policy.namespace, method, principal, content) + exact;
  return { resource: whole, selector, target: shown, received, origin, rule: undefined };
}

/** What a request means whose URL was rewritten: the handler sees both, so both count. */
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

/** What a variant's name begins with under a key that was made from the request: the route, and the rewritten URI. */
export function routeSelector(name: string, rewritten: string): string {
  return `${escapePart(name)}|${escapePart(rewritten)}|`;
}

/** The scheme and authority that count. Throws `ERR_CACHE_ORIGIN` where the route's function answers none. */
export function originOf<Native>(request: RequestRecord<Native>, policy: Policy<Native>): string {
  const { origin } = policy;
  if (typeof origin !== "function") return origin ?? request.origin;
  return checked(origin(request.native), "ERR_CACHE_ORIGIN", "origin", policy.route);
}

/** What stands before the URI in a key that was made from the request. */
export function uriResourcePrefix(
  namespace: string,
  method: string,
  principal: string,
  content: string,
): string {
  return `${escapePart(namespace)}|u|${escapePart(method)}|${principal}|${content}|`;
}

/** The resource that a route's own `key` function names. */
function namedResource(namespace: string, text: string): string {
  return `${escapePart(namespace)}|k|${text}`;
}

/** What a variant's name begins with, under a key that a function made. */
function selectorOf(method: string, principal: string): string {
  return `${escapePart(method)}|${principal}|`;
}

/** The names under which a key of a `key` function is stored. */
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

/** Chooses the variant of a request that carries none of the fields that tell variants apart. */
export function plainVariant(selector: string): (vary: readonly string[]) => string {
  return (vary) => variantOf(selector, vary, () => undefined);
}

/** The name of the variant that a request selects: its values of the fields in `vary` (RFC 9111 §4.1). */
export function variantOf(
  selector: string,
  vary: readonly string[],
  header: (name: string) => string | undefined,
): string {
  let text = selector;
  for (const name of vary) {
    const value = header(name);
    // An absent field and an empty one are different requests: only the latter has the equals sign.
    text +=
      value === undefined
        ? `${name}&`
        : `${name}=${normaliseSelecting(name, value).replace(/[%&]/g, escapeCharacter)}&`;
  }
  return text;
}

function principalOf<Native>(request: RequestRecord<Native>, policy: Policy<Native>, digest: Digest): string {
  if (typeof policy.scope === "string") return "";
  return digest.keyed(checked(named(policy.scope, request.native), "ERR_CACHE_SCOPE", "scope", policy.route));
}

/** What a route's function names; what it throws is an error, since a framework goes on where it is told of none. */
function named<Native>(name: (request: Native) => unknown, request: Native): unknown {
  try {
    return name(request);
  } catch (thrown) {
    throw asError(thrown);
  }
}

/** An empty or missing name would be shared by unrelated users (hazard 6): the request fails instead. */
function checked(
  value: unknown,
  code: "ERR_CACHE_KEY" | "ERR_CACHE_SCOPE" | "ERR_CACHE_ORIGIN",
  option: string,
  route: string,
): string {
  if (typeof value === "string" && value !== "") return value;
  throw misreturned(code, { route, option, what: "a non-empty string" }, value);
}

/** Bars separate a key's parts; the percent sign escapes them. */
function escapePart(part: string): string {
  return part.replace(/[%|]/g, escapeCharacter);
}

function escapeCharacter(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}

/** What a key is made of, for those who want to read it. */
export interface KeyParts {
  /** The whole namespace, root included; empty where there is none. */
  readonly namespace: string;
  readonly method: string;
  /** The keyed hash of the principal; undefined where the response belongs to nobody. */
  readonly principal: string | undefined;
  /** The digest of the request's content; undefined where it does not count. */
  readonly content: string | undefined;
  /** What keys call the route; undefined where its own function named the key. */
  readonly route: string | undefined;
  /** What the URI was rewritten to before the route was reached; undefined where nothing did so. */
  readonly rewritten: string | undefined;
  /** The target URI as it counts, for a key that was made from the request. */
  readonly uri: string | undefined;
  /** What the route's own `key` function returned. */
  readonly named: string | undefined;
}

/** Reads a key back into its parts: the encoding is injective, so nothing is guessed. */
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

/** Leaves out the rule that the key was made by: no URI begins with a question mark. */
function uriOf(parts: readonly string[]): string {
  return (parts[0]?.startsWith("?") === true ? parts.slice(1) : parts).join("|");
}

function unescapePart(part: string): string {
  return part.replace(/%(25|7C)/g, (_, code) => (code === "25" ? "%" : "|"));
}
