import { appendCacheStatus, formatCacheStatus } from "../../http/cache-status.ts";
import type { CacheStatus } from "../../http/cache-status.ts";
import { combined, fieldOf } from "../../http/fields.ts";
import type { Outcome, Refusal } from "../contract/outcomes.ts";
import type { Policy, RequestRecord } from "../contract/request-and-policy.ts";
import type { Entry } from "../contract/store.ts";

/** How a request would be answered; `failed`: a function of its route throws, `unknown`: one was not given `native`. */
export type ExplainedOutcome = Outcome | "failed" | "unknown";

/** Why it would not be a hit: what `Cache-Status` says, or what keeps the request from being looked up or waiting. */
export type ExplainedReason =
  | Refusal
  | "uri-miss"
  | "vary-miss"
  | "stale"
  | "request"
  | "uncacheable"
  | "only-if-cached"
  | "native";

/** What the response to a request is stored under. */
export interface ExplainedKey {
  /** What `Cache-Status` calls this entry where `key` is on; the key itself is not told to clients. */
  readonly hash: string;
  /** The whole namespace; empty where there is none. */
  readonly namespace: string;
  readonly method: string;
  /** Scheme, authority, path and query that count; undefined where the route's own function names the key. */
  readonly uri: string | undefined;
  /** What keys call the route; undefined where its own function names the key. */
  readonly route: string | undefined;
  /** What the URI was rewritten to in front of the route; undefined where it was not. */
  readonly rewritten: string | undefined;
  /** What the route's own `key` function returned. */
  readonly named: string | undefined;
  /** Names of query parameters that are not in the key, and that the handler does not see. */
  readonly dropped: readonly string[];
  /** The keyed hash of the principal; undefined where the response is for everyone. */
  readonly principal: string | undefined;
  /** The digest of the request's content; undefined where it does not count. */
  readonly content: string | undefined;
  /** This request's values of the fields that tell variants apart; undefined: it has none of this name. */
  readonly vary: Readonly<Record<string, string | undefined>>;
}

/** What is stored for a request, fresh or stale; instants are epoch ms. */
export interface ExplainedEntry {
  readonly status: number;
  /** The content's length in bytes. */
  readonly size: number;
  readonly etag: string | undefined;
  readonly vary: readonly string[];
  readonly storedAt: number;
  readonly staleAt: number;
  readonly deleteAt: number;
}

/** Why the stored response is fresh or stale: `lifetime` less `age` is what remains; in seconds, to the millisecond. */
export interface ExplainedFreshness {
  readonly lifetime: number;
  readonly age: number;
  /** Negative once it is stale. */
  readonly remaining: number;
  /** Where the lifetime came from, in words, as far as what is stored tells it. */
  readonly from?: string;
}

/** What would happen to a request, and why. */
export interface Explanation {
  /** All of it in a few lines, for a person. */
  readonly text: string;
  readonly outcome: ExplainedOutcome;
  readonly reason?: ExplainedReason;
  /** What to write if it should be otherwise. */
  readonly remedy?: string;
  /** What messages call the route whose policy decides. */
  readonly route: string;
  /** Undefined where the request is not looked up. */
  readonly key?: ExplainedKey;
  /** Undefined where nothing is stored for this request. */
  readonly entry?: ExplainedEntry;
  readonly freshness?: ExplainedFreshness;
  /** What `Cache-Status` would say, less what only the handler's answer decides; empty where the request would fail. */
  readonly cacheStatus: string;
}

/** What would happen, as the stations decide it. */
export interface Verdict {
  readonly outcome: ExplainedOutcome;
  readonly reason?: ExplainedReason;
  readonly status: Omit<CacheStatus, "cache">;
  /** Whole sentences. */
  readonly because: readonly string[];
  readonly remedy?: string;
}

/** A key's parts, with the values of all the fields that tell variants apart. */
export interface KeyFindings extends Omit<ExplainedKey, "vary"> {
  readonly vary: readonly (readonly [name: string, value: string | undefined])[];
}

/** What the stations found on the way of one request. */
export interface Findings {
  readonly request: Pick<RequestRecord, "method" | "origin" | "target">;
  readonly policy: Pick<Policy, "route" | "cacheStatus" | "credentials">;
  readonly verdict: Verdict;
  readonly key?: KeyFindings;
  readonly entry?: Entry;
  readonly freshness?: ExplainedFreshness;
}

/** Says what the stations found, as data and as text; `remarks` are sentences that stand beside it. */
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
  const { outcome, status } = verdict;
  if (outcome === "failed" || outcome === "unknown") return "";
  const inner = outcome === "hit" && entry !== undefined ? fieldOf(entry.fields, "cache-status") : undefined;
  return appendCacheStatus(
    inner,
    formatCacheStatus({ cache: policy.cacheStatus ?? "caching-route", ...status }),
  );
}

/** A secret whatever a route calls credentials. */
const ALWAYS_SECRET = "proxy-authorization";

function shownKey({ vary, ...key }: KeyFindings, credentials: ReadonlySet<string>): ExplainedKey {
  // An explanation is read aloud in chats and tickets.
  const isSecret = (name: string): boolean => name === ALWAYS_SECRET || credentials.has(name);
  const shown = (name: string, value: string | undefined): string | undefined =>
    value !== undefined && isSecret(name) ? "(not shown)" : value;
  return { ...key, vary: Object.fromEntries(vary.map(([name, value]) => [name, shown(name, value)])) };
}

function shownEntry({ status, body, fields, vary, storedAt, staleAt, deleteAt }: Entry): ExplainedEntry {
  const etag = combined(fieldOf(fields, "etag"));
  return { status, size: body.byteLength, etag, vary, storedAt, staleAt, deleteAt };
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
    ...(cacheStatus === "" ? [] : [row("says", `Cache-Status: ${cacheStatus}`)]),
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

function entryRows({ status, size, etag, vary, storedAt, staleAt, deleteAt }: ExplainedEntry): string[] {
  const tag = etag === undefined ? "" : `, etag ${etag}`;
  const varies = vary.length === 0 ? "" : `, chosen by ${vary.join(", ")}`;
  return [
    row("entry", `${status}, ${size} bytes${tag}${varies}`),
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

/** The largest instant that a date can show. */
const LAST_INSTANT = 8.64e15;

function instant(at: number): string {
  return at <= LAST_INSTANT ? new Date(at).toISOString() : "never";
}

/** What a client sent stands in here: it must not forge a line of its own. */
function onOneLine(line: string): string {
  return line.replace(/[\p{Cc}\u2028\u2029]/gu, (control) => encodeURIComponent(control));
}
