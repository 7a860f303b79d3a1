import { formatNoVarySearch, isSameRule, keepsBy } from "../../http/no-vary-search.ts";
import type { SearchRule } from "../../http/no-vary-search.ts";
import { normaliseOrigin } from "../../http/origin.ts";
import { decodeComponent, formatQuery, isLongQuery, parseQuery, splitTarget } from "../../http/query.ts";
import type { QueryParameter } from "../../http/query.ts";
import type {
  DeclaredQuery,
  NormalizedTarget,
  NormalizedTargets,
  Policy,
} from "../contract/request-and-policy.ts";

const REMEMBERED_TARGET = 2048;

/** What one generation may hold for each name of its limit, in characters: long targets count for more than one. */
const CHARACTERS_PER_NAME = 64;

/** Of how many paths it is known which parameters do not count. */
const MOST_RULES = 1000;

/** A rule, and when it was learned: the count of those that were learned before it. */
interface KnownRule extends SearchRule {
  readonly turn: number;
}

/**
 * What responses have said of the parameters that do not count. It is known of a URL and not of one declaration: those
 * for GET, HEAD and PUT mean the same by a target (hazard 53). So a cache has one of these.
 */
export class SearchRules {
  readonly #byPath = new Map<string, KnownRule>();
  #learned = 0;

  /** The rule of a path; undefined: each parameter counts. */
  of(path: string): KnownRule | undefined {
    return this.#byPath.get(path);
  }

  /** Learns the rule of a path. The oldest of a thousand is forgotten. */
  learn(path: string, rule: SearchRule | undefined): void {
    const known = this.#byPath.get(path);
    this.#byPath.delete(path);
    if (rule === undefined) return;
    const isKnown = known !== undefined && isSameRule(known, rule);
    this.#byPath.set(path, isKnown ? known : { ...rule, turn: ++this.#learned });
    const [oldest] = this.#byPath.keys();
    if (this.#byPath.size > MOST_RULES) this.#byPath.delete(oldest as string);
  }
}

/** A name, and of what path it is. */
interface PlacedTarget extends NormalizedTarget {
  readonly path: string;
}

/**
 * Remembers the normalised names of raw targets, since normalising one costs sixty times a look-up.
 *
 * Two generations of at most `limit` names each: when the young one is full it becomes the old one, so hot names
 * survive and memory is bounded whatever clients send.
 */
export class TargetMemory implements NormalizedTargets {
  readonly #prefix: string;
  readonly #declared: DeclaredQuery | undefined;
  readonly #limit: number;
  readonly #isStrict: boolean;
  readonly #rules: SearchRules;
  #young = new Map<string, Map<string, PlacedTarget>>();
  #old = new Map<string, Map<string, PlacedTarget>>();
  #size = 0;
  #characters = 0;

  /**
   * `prefix` is what a key without principal and content has before the URI; `declared` as in the policy; `isStrict`:
   * parts of a declared parameter do not count; `rules`: those of its cache, where they are heeded.
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

  /** Answers the name of a target, remembered or made. */
  of(origin: string, target: string): NormalizedTarget {
    const young = this.#young.get(origin)?.get(target);
    if (young !== undefined && this.#holds(young)) return young;
    const old = young === undefined ? this.#old.get(origin)?.get(target) : undefined;
    const name = old !== undefined && this.#holds(old) ? old : this.#normalise(origin, target);
    this.#remember(origin, target, name);
    return name;
  }

  /** The same, and what is remembered stays as it is. */
  peek(origin: string, target: string): PlacedTarget {
    const name = this.#young.get(origin)?.get(target) ?? this.#old.get(origin)?.get(target);
    return name !== undefined && this.#holds(name) ? name : this.#normalise(origin, target);
  }

  /** Whether a name was made by the rule that is known now. */
  #holds({ path, rule }: PlacedTarget): boolean {
    return this.#rules.of(path) === rule;
  }

  /** The origins of the targets that are remembered. */
  origins(): readonly string[] {
    return [...new Set([...this.#old.keys(), ...this.#young.keys()])];
  }

  /** Learns, for the whole cache, which parameters of a path do not count; undefined: each does. */
  learn(origin: string, path: string, rule: SearchRule | undefined): void {
    const place = withPath(origin, path);
    if (place.length <= REMEMBERED_TARGET) this.#rules.learn(place, rule);
  }

  /** Forgets the targets, and keeps what was learned of paths. */
  forget(): void {
    this.#young = new Map();
    this.#old = new Map();
    this.#size = this.#characters = 0;
  }

  #remember(origin: string, target: string, name: PlacedTarget): void {
    const characters = target.length + origin.length;
    if (characters > REMEMBERED_TARGET) return;
    if (this.#size >= this.#limit || this.#characters + characters > this.#limit * CHARACTERS_PER_NAME) {
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
    targets.set(target, name);
  }

  #normalise(origin: string, received: string): PlacedTarget {
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
    // Some routers begin the query at one of these.
    const isOrdered = /[;#]/.test(path);
    const name = (counting: readonly QueryParameter[]): string =>
      // No other query begins so: none has empty segments.
      withQuery(resource, isLongQuery(shown) ? `&${shown}` : formatQuery(counting, isOrdered));
    const exact = name(counted);
    const rule = this.#rules.of(resource);
    if (rule === undefined)
      return { uri: exact, resource: this.#prefix + exact, exact, target, rule, path: resource };
    const ruled = counted.filter((parameter) => keepsBy(rule, decodeComponent(parameter.name)));
    // The rule is part of the name, since a response that was stored under another one is not for the same targets;
    // and when it was learned, since writes that came while it was not known did not remove what lay under it.
    const uri = `?${rule.turn} ${formatNoVarySearch(rule)}|${name(ruled)}`;
    return { uri, resource: this.#prefix + uri, exact, target, rule, path: resource };
  }
}

/**
 * Joins origin and path so that different pairs stay different. A client writes `Host` as it likes: `a/b` with the
 * path `/c` must not be the host `a` with the path `/b/c` (hazard 5).
 */
function withPath(origin: string, path: string): string {
  if (origin !== last.origin) last = { origin, parts: splitOrigin(normaliseOrigin(origin)) };
  const [scheme, authority] = last.parts;
  return authority !== undefined && path.startsWith("/")
    ? `${scheme}://${authority}${path}`
    : `${scheme}|${authority ?? ""}|${path}`;
}

type OriginParts = readonly [scheme: string, authority: string | undefined];

/** The origin that was split last, which is mostly the only one. */
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
  // A parser that nests finds `a` in `a[b]=1`, and fills in no default.
  const given = new Set(kept.flatMap(({ name }) => [decodeComponent(name), partOf(decodeComponent(name))]));
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

/**
 * Whether a parameter of this name enters the key: by its whole name or, unless that is wanted strictly, by what stands
 * before `[` or `.`.
 */
export function keepsParameter(declared: DeclaredQuery, name: string, isStrict = false): boolean {
  if (declared.has(name)) return true;
  // A client that is told the names could not tell which others are part of them.
  if (isStrict) return false;
  // Nested syntaxes make `filter[a]=1` a part of `filter`; more in the key than needed is always safe.
  const base = partOf(name);
  return base !== "" && declared.has(base);
}

/** What a name is a part of: what stands before `[` or `.`. */
function partOf(name: string): string {
  return name.split(/[[.]/, 1)[0] as string;
}

/** The names of a target's parameters that are not in the key, decoded, each once. */
export function undeclaredNames(
  target: string,
  { query, noVarySearch }: Pick<Policy, "query" | "noVarySearch">,
): readonly string[] {
  if (query === undefined) return [];
  const given = parseQuery(splitTarget(target).query).map(({ name }) => decodeComponent(name));
  return [...new Set(given.filter((name) => !keepsParameter(query, name, noVarySearch)))];
}
