import { appendCacheStatus, formatCacheStatus } from "../../http/cache-status.ts";
import type { CacheStatus } from "../../http/cache-status.ts";
import { combined, fieldOf } from "../../http/fields.ts";
import type { Outcome, Refusal } from "../contract/outcomes.ts";
import type { Policy, RequestRecord } from "../contract/request-and-policy.ts";
import type { Entry } from "../contract/store.ts";
import { ownTagsOf } from "../invalidation/tags.ts";

/** The outcome of an explained request. `failed`: a function of the route would throw. `unknown`: one needs `native`. */
export type ExplainedOutcome = Outcome | "failed" | "unknown";

/**
 * Why a request is not a hit: a refusal, or the `fwd` of `Cache-Status`. `uncacheable`: its key is hit-for-miss.
 * `only-if-cached`: the client accepts only a stored response. `native`: a function of the route needs `native`.
 */
export type ExplainedReason =
  | Refusal
  | "uri-miss"
  | "vary-miss"
  | "stale"
  | "request"
  | "uncacheable"
  | "only-if-cached"
  | "native";

/** The parts of a request's key. */
export interface ExplainedKey {
  /** The `key` parameter of `Cache-Status`: a hash, since the key itself is not disclosed to clients. */
  readonly hash: string;
  /** The namespace of the cache and the route. Empty: none. */
  readonly namespace: string;
  readonly method: string;
  /** The normalized target URI. Undefined if the route has a `key` function. */
  readonly uri: string | undefined;
  /** The name of the route in keys. Undefined if it has a `key` function. */
  readonly route: string | undefined;
  /** The URI after a rewrite before the route. Undefined: no rewrite. */
  readonly rewritten: string | undefined;
  /** The result of the route's `key` function. Undefined: it has none. */
  readonly named: string | undefined;
  /** The query parameters outside the key, which the handler does not see. */
  readonly dropped: readonly string[];
  /** The keyed hash of the principal. Undefined: the route has no `scope` function. */
  readonly principal: string | undefined;
  /** The digest of the request's content. Undefined: not in the key. */
  readonly content: string | undefined;
  /**
   * The request's values of the fields that select a variant, by name. Undefined: the request lacks the field.
   * Credentials are `(not shown)`.
   */
  readonly vary: Readonly<Record<string, string | undefined>>;
}

/** The stored response to a request, fresh or stale. Instants are in epoch milliseconds and may be `Infinity`. */
export interface ExplainedEntry {
  readonly status: number;
  /** The content's length in bytes. */
  readonly size: number;
  readonly etag: string | undefined;
  readonly vary: readonly string[];
  /** The tags that invalidate it. */
  readonly tags: readonly string[];
  readonly storedAt: number;
  readonly staleAt: number;
  readonly deleteAt: number;
}

/** Why the stored response is fresh or stale. In seconds: `remaining` is `lifetime` less `age`. */
export interface ExplainedFreshness {
  readonly lifetime: number;
  readonly age: number;
  /** Negative if the response is stale. */
  readonly remaining: number;
  /** Where the lifetime came from, in words. Absent: the stored response does not show it. */
  readonly from?: string;
}

/** What would happen to a request, and why. */
export interface Explanation {
  /** The whole explanation as a few lines of text. */
  readonly text: string;
  readonly outcome: ExplainedOutcome;
  readonly reason?: ExplainedReason;
  /** What to change for another outcome. */
  readonly remedy?: string;
  /** The name of the route in messages. */
  readonly route: string;
  /** Absent if the request is not looked up. */
  readonly key?: ExplainedKey;
  /** Absent if nothing is stored for this request. */
  readonly entry?: ExplainedEntry;
  readonly freshness?: ExplainedFreshness;
  /**
   * The `Cache-Status` of the response, as far as is known before the handler runs. Empty if the response has none: the
   * request fails, its key is unknown, or the cache is off.
   */
  readonly cacheStatus: string;
}

/** A decision about a request, in words. */
export interface Verdict {
  readonly outcome: ExplainedOutcome;
  readonly reason?: ExplainedReason;
  readonly status: Omit<CacheStatus, "cache">;
  /** Whole sentences. */
  readonly because: readonly string[];
  readonly remedy?: string;
}

/** The parts of a key, with the values of all fields that select a variant, secrets included. */
export interface KeyFindings extends Omit<ExplainedKey, "vary"> {
  readonly vary: readonly (readonly [name: string, value: string | undefined])[];
}

/** What a dry run has found. */
export interface Findings {
  readonly request: Pick<RequestRecord, "method" | "origin" | "target">;
  readonly policy: Pick<Policy, "route" | "cacheStatus" | "credentials">;
  readonly verdict: Verdict;
  readonly key?: KeyFindings;
  readonly entry?: Entry;
  readonly freshness?: ExplainedFreshness;
}

/** Returns the explanation of what a dry run has found. `remarks` are further sentences for its text. */
export function explanationOf(findings: Findings, remarks: readonly string[] = []): Explanation {
  const { policy, verdict, freshness } = findings;
  const { outcome, reason, remedy } = verdict;
  const key = findings.key && shownKey(findings.key, policy.credentials);
  const entry = findings.entry && shownEntry(findings.entry);
  const data = {
    outcome,
    ...(reason === undefined ? {} : { reason }),
    ...(remedy === undefined ? {} : { remedy }),
    route: policy.route,
    ...(key === undefined ? {} : { key }),
    ...(entry === undefined ? {} : { entry }),
    ...(freshness === undefined ? {} : { freshness }),
    cacheStatus: cacheStatusOf(findings),
  };
  return Object.freeze({ text: textOf(data, findings, remarks), ...data });
}

function cacheStatusOf({ policy, verdict, entry }: Findings): string {
  const { outcome, reason, status } = verdict;
  if (reason === "disabled") return "";
  if (outcome === "failed" || outcome === "unknown") return "";
  const inner = outcome === "hit" && entry !== undefined ? fieldOf(entry.fields, "cache-status") : undefined;
  return appendCacheStatus(
    inner,
    formatCacheStatus({ cache: policy.cacheStatus ?? "caching-route", ...status }),
  );
}

/** A field that is a secret, even where a route does not list it among its credentials. */
const ALWAYS_SECRET = "proxy-authorization";

function shownKey({ vary, ...key }: KeyFindings, credentials: ReadonlySet<string>): ExplainedKey {
  // Explanations are pasted into chats and tickets.
  const isSecret = (name: string): boolean => name === ALWAYS_SECRET || credentials.has(name);
  const shown = (name: string, value: string | undefined): string | undefined =>
    value !== undefined && isSecret(name) ? "(not shown)" : value;
  return { ...key, vary: Object.fromEntries(vary.map(([name, value]) => [name, shown(name, value)])) };
}

function shownEntry(entry: Entry): ExplainedEntry {
  const { status, body, fields, vary, storedAt, staleAt, deleteAt } = entry;
  const etag = combined(fieldOf(fields, "etag"));
  const tags = ownTagsOf(entry);
  return { status, size: body.byteLength, etag, vary, tags, storedAt, staleAt, deleteAt };
}

function textOf(
  { outcome, reason, remedy, route, key, entry, freshness, cacheStatus }: Omit<Explanation, "text">,
  { request, verdict }: Findings,
  remarks: readonly string[],
): string {
  const lines = [
    `${request.method} ${request.origin}${request.target}: ${outcome}${reason === undefined ? "" : ` (${reason})`}`,
    ...[...verdict.because, ...remarks].map((sentence) => `  ${sentence}`),
    ...(remedy === undefined ? [] : [row("remedy", remedy)]),
    row("route", route),
    ...(key === undefined ? [] : keyRows(key)),
    ...(entry === undefined ? [] : entryRows(entry)),
    ...(freshness === undefined ? [] : [row("freshness", arithmetic(freshness))]),
    ...(cacheStatus === "" ? [] : [row("sends", `Cache-Status: ${cacheStatus}`)]),
  ];
  return lines.map(onOneLine).join("\n");
}

function keyRows({
  namespace,
  method,
  uri,
  route,
  rewritten,
  named,
  dropped,
  principal,
  content,
  vary,
}: ExplainedKey): string[] {
  const name = named === undefined ? String(uri) : `${JSON.stringify(named)}, from the route's key function`;
  const varies = Object.entries(vary).map(([field, value]) => `${field}: ${value ?? "(none)"}`);
  return [
    row("key", `${method} ${name}${namespace === "" ? "" : `, in the namespace ${namespace}`}`),
    ...(route === undefined ? [] : [row("", `of the route ${route}`)]),
    ...(rewritten === undefined ? [] : [row("", `rewritten to ${rewritten}`)]),
    ...(dropped.length === 0 ? [] : [row("", `not in the key: the parameters ${dropped.join(", ")}`)]),
    ...(principal === undefined ? [] : [row("", `of one principal, hashed ${principal}`)]),
    ...(content === undefined ? [] : [row("", `of one content, digest ${content}`)]),
    ...(varies.length === 0 ? [] : [row("varies by", varies.join("; "))]),
  ];
}

function entryRows({
  status,
  size,
  etag,
  vary,
  tags,
  storedAt,
  staleAt,
  deleteAt,
}: ExplainedEntry): string[] {
  const tag = etag === undefined ? "" : `, etag ${etag}`;
  const varies = vary.length === 0 ? "" : `, chosen by ${vary.join(", ")}`;
  return [
    row("entry", `${status}, ${size} bytes${tag}${varies}`),
    ...(tags.length === 0 ? [] : [row("", `tagged ${tags.join(", ")}`)]),
    row("", `stored ${instant(storedAt)}, stale ${instant(staleAt)}, deleted ${instant(deleteAt)}`),
  ];
}

function arithmetic({ lifetime, age, remaining, from }: ExplainedFreshness): string {
  const source = from === undefined ? "" : ` (${from})`;
  const left = remaining > 0 ? `${seconds(remaining)} left` : `stale for ${seconds(-remaining)}`;
  return `lifetime ${seconds(lifetime)}${source} - age ${seconds(age)} = ${left}`;
}

function row(label: string, text: string): string {
  return `  ${label.padEnd(10)}${text}`;
}

function seconds(value: number): string {
  return value === Infinity ? "without end" : `${Number(value.toFixed(3))} s`;
}

/** The largest instant that a `Date` can hold, epoch ms. */
const LAST_INSTANT = 8.64e15;

function instant(at: number): string {
  return at <= LAST_INSTANT ? new Date(at).toISOString() : "never";
}

/** Escapes line breaks, by which a client could forge a line of the text. */
function onOneLine(line: string): string {
  return line.replace(/[\p{Cc}\u2028\u2029]/gu, (control) => encodeURIComponent(control));
}
