import { formatNoVarySearch, isSameRule, keepsBy } from "../../http/no-vary-search.ts";
import type { SearchRule } from "../../http/no-vary-search.ts";
import { normalizeOrigin } from "../../http/origin.ts";
import { decodeComponent, formatQuery, isLongQuery, parseQuery, splitTarget } from "../../http/query.ts";
import type { QueryParameter } from "../../http/query.ts";
import type {
  DeclaredQuery,
  NormalizedTarget,
  NormalizedTargets,
  Policy,
} from "../contract/request-and-policy.ts";

/** Longer targets are not cached. In characters. */
const LONGEST_TARGET = 2048;

/** How many characters one generation may hold per target of its limit, so that long targets count more. */
const CHARACTERS_PER_TARGET = 64;

/** For how many paths a `No-Vary-Search` rule is kept. */
const MOST_RULES = 1000;

/** A rule and its serial number. */
interface KnownRule extends SearchRule {
  readonly turn: number;
}

/**
 * The `No-Vary-Search` rules of paths. They belong to a URL and not to a declaration, because GET, HEAD and PUT of one URL
 * need the same key (hazard 53). So a cache has one instance.
 */
export class SearchRules {
  readonly #byPath = new Map<string, KnownRule>();
  #count = 0;

  /** Returns the rule of a path. Undefined: every parameter counts. */
  of(path: string): KnownRule | undefined {
    return this.#byPath.get(path);
  }

  /** Sets the rule of a path. Beyond a thousand paths the oldest rule is dropped. */
  set(path: string, rule: SearchRule | undefined): void {
    const known = this.#byPath.get(path);
    this.#byPath.delete(path);
    if (rule === undefined) return;
    const isKnown = known !== undefined && isSameRule(known, rule);
    this.#byPath.set(path, isKnown ? known : { ...rule, turn: ++this.#count });
    const [oldest] = this.#byPath.keys();
    if (this.#byPath.size > MOST_RULES) this.#byPath.delete(oldest as string);
  }
}

/** A normalized target with its path, which rules are kept by. */
interface CachedTarget extends NormalizedTarget {
  readonly path: string;
}

/**
 * Normalizes request targets and caches the results: normalizing costs sixty times as much as a lookup here.
 *
 * It has two generations of at most `limit` targets. When the young one is full, it becomes the old one. So popular targets
 * survive, and memory is bounded whatever clients send.
 */
export class TargetCache implements NormalizedTargets {
  readonly #prefix: string;
  readonly #declared: DeclaredQuery | undefined;
  readonly #limit: number;
  readonly #isStrict: boolean;
  readonly #rules: SearchRules;
  #young = new Map<string, Map<string, CachedTarget>>();
  #old = new Map<string, Map<string, CachedTarget>>();
  #size = 0;
  #characters = 0;

  /**
   * `prefix` is the part of a key before the URI, without principal and content. `declared` is the policy's `query`. With
   * `isStrict` only exact names are declared. `rules` are those of the cache, if the policy has `noVarySearch`.
   */
  constructor(
    prefix: string,
    declared: DeclaredQuery | undefined,
    limit = 4096,
    isStrict = false,
    rules: SearchRules = new SearchRules(),
  ) {
    this.#prefix = prefix;
    this.#declared = declared;
    this.#limit = limit;
    this.#isStrict = isStrict;
    this.#rules = rules;
  }

  /** Returns a target in its normalized form. */
  of(origin: string, target: string): NormalizedTarget {
    const young = this.#young.get(origin)?.get(target);
    if (young !== undefined && this.#holds(young)) return young;
    const old = young === undefined ? this.#old.get(origin)?.get(target) : undefined;
    const normalized = old !== undefined && this.#holds(old) ? old : this.#normalize(origin, target);
    this.#add(origin, target, normalized);
    return normalized;
  }

  /** The same, without changing the cache. */
  peek(origin: string, target: string): CachedTarget {
    const cached = this.#young.get(origin)?.get(target) ?? this.#old.get(origin)?.get(target);
    return cached !== undefined && this.#holds(cached) ? cached : this.#normalize(origin, target);
  }

  /** Whether a target was normalized by the current rule of its path. */
  #holds({ path, rule }: CachedTarget): boolean {
    return this.#rules.of(path) === rule;
  }

  /** Returns the origins of the cached targets. */
  origins(): readonly string[] {
    return [...new Set([...this.#old.keys(), ...this.#young.keys()])];
  }

  /** Sets the rule of a path for the whole cache. Undefined: every parameter counts. */
  setRule(origin: string, path: string, rule: SearchRule | undefined): void {
    const place = withPath(origin, path);
    if (place.length <= LONGEST_TARGET) this.#rules.set(place, rule);
  }

  /** Drops the cached targets and keeps the rules. */
  clear(): void {
    this.#young = new Map();
    this.#old = new Map();
    this.#size = this.#characters = 0;
  }

  #add(origin: string, target: string, normalized: CachedTarget): void {
    const characters = target.length + origin.length;
    if (characters > LONGEST_TARGET) return;
    if (this.#size >= this.#limit || this.#characters + characters > this.#limit * CHARACTERS_PER_TARGET) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#size = this.#characters = 0;
    }
    let targets = this.#young.get(origin);
    if (targets === undefined) this.#young.set(origin, (targets = new Map()));
    if (!targets.has(target)) {
      this.#size++;
      this.#characters += characters;
    }
    targets.set(target, normalized);
  }

  #normalize(origin: string, received: string): CachedTarget {
    const declared = this.#declared;
    const { path, query } = splitTarget(received);
    const resource = withPath(origin, path);
    const given = parseQuery(query);
    const kept =
      declared === undefined
        ? given
        : given.filter(({ name }) => keepsParameter(declared, decodeComponent(name), this.#isStrict));
    const isWhole = kept.length === given.length;
    const shown = isWhole ? query : kept.map((parameter) => parameter.raw).join("&");
    const target = isWhole ? undefined : withQuery(path, shown);
    const counted = declared === undefined ? kept : [...kept, ...defaultsFor(kept, declared)];
    // Some routers begin the query at one of these characters.
    const isOrdered = /[;#]/.test(path);
    const uriOf = (counting: readonly QueryParameter[]): string =>
      // No other query begins with `&`: empty segments are dropped.
      withQuery(resource, isLongQuery(shown) ? `&${shown}` : formatQuery(counting, isOrdered));
    const exact = uriOf(counted);
    const rule = this.#rules.of(resource);
    if (rule === undefined)
      return { uri: exact, resource: this.#prefix + exact, exact, target, rule, path: resource };
    const ruled = counted.filter((parameter) => keepsBy(rule, decodeComponent(parameter.name)));
    // The rule is part of the URI, because a response stored under another rule is for other targets. Its serial number is
    // part as well, because a write while the rule was not set did not remove what was stored under it.
    const uri = `?${rule.turn} ${formatNoVarySearch(rule)}|${uriOf(ruled)}`;
    return { uri, resource: this.#prefix + uri, exact, target, rule, path: resource };
  }
}

/**
 * Joins origin and path without ambiguity. A client can send any `Host`: the host `a/b` with the path `/c` must differ from
 * the host `a` with the path `/b/c` (hazard 5).
 */
function withPath(origin: string, path: string): string {
  if (origin !== last.origin) last = { origin, parts: splitOrigin(normalizeOrigin(origin)) };
  const [scheme, authority] = last.parts;
  return authority !== undefined && path.startsWith("/")
    ? `${scheme}://${authority}${path}`
    : `${scheme}|${authority ?? ""}|${path}`;
}

type OriginParts = readonly [scheme: string, authority: string | undefined];

/** The last origin, already split: mostly there is only one. */
let last: { readonly origin: string; readonly parts: OriginParts } = { origin: "", parts: ["", undefined] };

function splitOrigin(origin: string): OriginParts {
  const at = origin.indexOf("://");
  if (at === -1) return [escapeOrigin(origin), undefined];
  return [escapeOrigin(origin.slice(0, at)), escapeOrigin(origin.slice(at + 3))];
}

function escapeOrigin(part: string): string {
  return part.replace(/[%/?#|\\]/g, encodeURIComponent);
}

function withQuery(path: string, query: string): string {
  return query === "" ? path : `${path}?${query}`;
}

function defaultsFor(kept: readonly QueryParameter[], declared: DeclaredQuery): QueryParameter[] {
  // A parser that nests finds `a` in `a[b]=1` and fills in no default.
  const given = new Set(kept.flatMap(({ name }) => [decodeComponent(name), baseOf(decodeComponent(name))]));
  const missing: QueryParameter[] = [];
  for (const [name, values] of declared) {
    if (values === undefined || given.has(name)) continue;
    for (const value of values) {
      missing.push({
        name: encodeURIComponent(name),
        value: encodeURIComponent(value),
        raw: "",
        isPlain: true,
      });
    }
  }
  return missing;
}

/** Returns whether a parameter enters the key: by its name or, unless `isStrict`, by the part before `[` or `.`. */
export function keepsParameter(declared: DeclaredQuery, name: string, isStrict = false): boolean {
  if (declared.has(name)) return true;
  // With `No-Vary-Search` clients know exact names only.
  if (isStrict) return false;
  // Parsers that nest make `filter[a]=1` part of `filter`. More in the key than needed is always safe.
  const base = baseOf(name);
  return base !== "" && declared.has(base);
}

/** The part of a name before `[` or `.`. */
function baseOf(name: string): string {
  return name.split(/[[.]/, 1)[0] as string;
}

/** Returns the decoded names of a target's parameters outside the key, each once. */
export function undeclaredNames(
  target: string,
  { query, noVarySearch }: Pick<Policy, "query" | "noVarySearch">,
): readonly string[] {
  if (query === undefined) return [];
  const given = parseQuery(splitTarget(target).query).map(({ name }) => decodeComponent(name));
  return [...new Set(given.filter((name) => !keepsParameter(query, name, noVarySearch)))];
}
