import { faultOf } from "../../http/client-cache-control.ts";
import { isFieldName } from "../../http/fields.ts";
import { isOrigin } from "../../http/origin.ts";
import { isErrorStatus, isStorableStatus } from "../../http/status.ts";
import { CacheError, NOT_ASYNC } from "../contract/errors.ts";
import { checkedOptions, invalid, ROUTE_OPTIONS } from "../contract/options.ts";
import type { JsonSchemaSource, RouteOptions } from "./route-options.ts";

/** What each option must be, for error messages; undefined if the value is right. */
export type Checks<Name extends string> = Readonly<Record<Name, (value: unknown) => string | undefined>>;

const ROUTE_CHECKS: Checks<(typeof ROUTE_OPTIONS)[number]> = {
  ttl: (value) =>
    typeof value === "function" || value === "response" || (typeof value === "number" && value >= 0)
      ? undefined
      : 'seconds (0 or more, Infinity allowed), "response", or a function that returns seconds',
  scope: (value) =>
    typeof value === "function" || value === "anonymous" || value === "shared" || value === "everyone"
      ? undefined
      : '"anonymous", "shared", "everyone", or a function that returns a principal',
  credentials: (value) =>
    isListOf(value, (name) => typeof name === "string" && isFieldName(name) && name !== "*")
      ? undefined
      : 'a list of request header names, such as ["x-api-key"]',
  key: (value) => (typeof value === "function" ? undefined : "a function that returns a non-empty string"),
  namespace: (value) => (typeof value === "string" ? undefined : 'a string, such as "users"'),
  route: (value) => (isNonEmptyString(value) ? undefined : 'a non-empty string, such as "reports"'),
  origin: (value) =>
    typeof value === "function" || (typeof value === "string" && isOrigin(value))
      ? undefined
      : 'scheme and authority, such as "https://example.org", or a function that returns them',
  vary: (value) =>
    isListOf(value, (name) => typeof name === "string" && isFieldName(name) && name !== "*")
      ? undefined
      : 'a list of header names, such as ["accept-language"]',
  statuses: (value) =>
    value === "any" ||
    (isListOf(value, isStorableStatus) && (value as unknown[]).length > 0) ||
    isStatusMap(value)
      ? undefined
      : 'final status codes other than 206 and 304, as in [200, 404] or { 200: true, 404: 10 }, or "any"',
  query: (value) =>
    value === "declared" || value === "all" || isListOf(value, isNonEmptyString) || isJsonSchemaSource(value)
      ? undefined
      : '"declared", "all", a list of parameter names, or a Standard Schema that offers jsonSchema (zod 4.2 and up)',
  methods: (value) =>
    isListOf(
      value,
      (name) => typeof name === "string" && isFieldName(name) && name.toUpperCase() !== "HEAD",
    ) && (value as unknown[]).length > 0
      ? undefined
      : 'a list of methods, such as ["GET", "POST"]; HEAD is answered from GET and not listed',
  setCookie: (value) =>
    value === "refuse" || value === "strip" || value === "store" ? undefined : '"refuse", "strip" or "store"',
  maxBodyBytes: (value) =>
    Number.isInteger(value) && (value as number) >= 0 ? undefined : "a whole number of bytes",
  staleWhileRevalidate: isSeconds,
  staleIfError: isSeconds,
  errorStatuses: (value) =>
    isListOf(value, isErrorStatus) ? undefined : "a list of status codes from 400 to 599, such as [500, 503]",
  handlerTimeout: (value) =>
    isPositive(value) || isTimeouts(value)
      ? undefined
      : "seconds more than 0 and at most 2147483, or { soft, hard } with soft not above hard, such as { soft: 0.5, hard: 10 }",
  maxWait: (value) =>
    value === 0 || isPositive(value) ? undefined : "seconds, 0 or more and at most 2147483, such as 0.5",
  maxWaiters: (value) =>
    Number.isInteger(value) && (value as number) >= 0 ? undefined : "a whole number, 0 or more",
  uncacheableTtl: isSeconds,
  earlyRefresh: (value) =>
    typeof value === "number" && value >= 0 && value < Infinity
      ? undefined
      : "a number, 0 (off) or more, such as 1",
  jitter: (value) =>
    typeof value === "number" && value >= 0 && value <= 1 ? undefined : "a number from 0 to 1, such as 0.1",
  heuristic: trueOrFalse,
  requestDirectives: trueOrFalse,
  revalidate: trueOrFalse,
  invalidateOnUnsafe: trueOrFalse,
  tags: (value) =>
    typeof value === "function" || isListOf(value, isNonEmptyString)
      ? undefined
      : 'a list of names, such as ["reports"], or a function that returns one',
  cacheTag: (value) => (value === "send" || value === "strip" ? undefined : '"send" or "strip"'),
  clientCacheControl: (value) => {
    if (typeof value === "function" || value === false) return undefined;
    const fault = typeof value === "string" ? faultOf(value, false) : "it is no text";
    return fault && `a Cache-Control, such as "max-age=60", a function that returns one, or false (${fault})`;
  },
  storeDate: trueOrFalse,
  store: (value) =>
    typeof value === "boolean"
      ? undefined
      : "true, or false to share a run and keep nothing; a store belongs to createCache({ store })",
  enabled: trueOrFalse,
  noVarySearch: trueOrFalse,
};

function trueOrFalse(value: unknown): string | undefined {
  return typeof value === "boolean" ? undefined : "true or false";
}

/** The longest delay of a timer: longer ones fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

function isSeconds(value: unknown): string | undefined {
  return typeof value === "number" && value >= 0 ? undefined : "seconds, 0 or more, such as 60";
}

function isPositive(value: unknown): value is number {
  return typeof value === "number" && value > 0 && value * 1000 <= LONGEST_TIMER_MS;
}

function isTimeouts(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { soft, hard, ...rest } = value as { readonly soft?: unknown; readonly hard?: unknown };
  if (Object.keys(rest).length > 0 || (soft === undefined && hard === undefined)) return false;
  const areTimes = [soft, hard].every((time) => time === undefined || isPositive(time));
  return areTimes && (soft === undefined || hard === undefined || Number(soft) <= Number(hard));
}

/**
 * Checks the options of a route or the `defaults` of a cache. `where` names them in messages. `others` are options that the
 * adapter handles itself, which messages offer as well.
 *
 * Throws `ERR_CACHE_OPTION_UNKNOWN`, `ERR_CACHE_OPTION_LATER` or `ERR_CACHE_OPTION_INVALID`. No option is ignored.
 */
export function checkRouteOptions(options: unknown, where: string, others: readonly string[] = []): void {
  const known: readonly (keyof RouteOptions)[] = ROUTE_OPTIONS;
  const given = checkedOptions(options, where, {
    known,
    offered: [...known, ...others],
    example: "{ ttl: 60 }",
    isSetup: true,
  });
  for (const [name, value] of given) {
    const expected = ROUTE_CHECKS[name as keyof RouteOptions](value);
    if (expected !== undefined) throw invalid(where, name, value, expected);
    if (NOT_ASYNC.has(name) && isAsync(value)) throw asynchronous(where, name);
  }
}

function isAsync(value: unknown): boolean {
  return Object.prototype.toString.call(value) === "[object AsyncFunction]";
}

function asynchronous(where: string, name: string): CacheError {
  return new CacheError(
    "ERR_CACHE_OPTION_INVALID",
    `${where}: the function given as "${name}" is async, so it returns a Promise: ${NOT_ASYNC.get(name)}`,
  );
}

/** Returns whether a value is a {@link JsonSchemaSource}. */
export function isJsonSchemaSource(value: unknown): value is JsonSchemaSource {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return false;
  const standard = (value as { "~standard"?: { jsonSchema?: { input?: unknown } } })["~standard"];
  return typeof standard?.jsonSchema?.input === "function";
}

function isListOf(value: unknown, holds: (member: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(holds);
}

function isNonEmptyString(value: unknown): boolean {
  return typeof value === "string" && value !== "";
}

function isStatusMap(value: unknown): boolean {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const members = Object.entries(value);
  return (
    members.length > 0 &&
    members.every(
      ([status, kept]) =>
        isStorableStatus(Number(status)) && (kept === true || (typeof kept === "number" && kept >= 0)),
    )
  );
}
