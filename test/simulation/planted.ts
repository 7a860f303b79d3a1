import type { PlantedBug } from "./planted-bug.ts";
import { PLANTED_IN_CLUSTERS } from "./planted-cluster.ts";

/** Defences whose loss the simulation has to notice: what it finds, it finds because of these. */
export const PLANTED: readonly PlantedBug[] = [
  {
    name: "length-unchecked",
    file: "core/storing/body-capture.js",
    find: "contentLength !== undefined && contentLength !== String(this.#length)",
    replace: "false",
  },
  {
    name: "chunks-not-copied",
    file: "core/storing/body-capture.js",
    find: "new Uint8Array(chunk)",
    replace: "chunk",
  },
  {
    name: "fence-ignored-on-commit",
    file: "core/fill/write.js",
    find: "ticket.purged || parts.ledger.isDead({ names, began, key: key.resource }, arrivedAt)",
    replace: "parts.ledger.isDead({ names, began, key: key.resource }, arrivedAt)",
  },
  {
    name: "tags-ignored-on-commit",
    file: "core/fill/write.js",
    find: "ticket.purged || parts.ledger.isDead({ names, began, key: key.resource }, arrivedAt)",
    replace: "ticket.purged",
  },
  {
    name: "tags-ignored-on-lookup",
    file: "core/exchange/parts.js",
    find: "ledger.isDead(entry, arrival)",
    replace: "false",
  },
  {
    name: "tags-ignored-at-landing",
    file: "core/exchange/collapsed.js",
    find: "markedEntry(ledger, entry, now, policy, leaderArrivedAt)",
    replace: "entry",
  },
  {
    name: "variant-ignored-at-landing",
    file: "core/exchange/collapsed.js",
    find: "choose(entry.vary) !== entry.variant || ",
    replace: "",
  },
  {
    name: "followers-let-in-unjudged",
    file: "core/fill/response-fill.js",
    find: "this.#refused(judgement);",
    replace: `{
                const instants = { storedAt: 0, staleAt: Infinity, deleteAt: Infinity };
                const head = this.#entry(new Uint8Array(), undefined, instants);
                run.flight?.flow({ head, length: undefined, read: () => this.#readers.follow() });
                this.#refused(judgement);
            }`,
  },
  {
    name: "abort-ends-cleanly",
    file: "core/fill/response-fill.js",
    find: "this.#bodyCapture.broadcast.fail(error ?? ",
    replace: 'this.#bodyCapture.broadcast[reason === "aborted" ? "end" : "fail"](error ?? ',
  },
  {
    name: "broken-source-ends-cleanly",
    file: "core/fill/response-fill.js",
    find: "this.#bodyCapture.broadcast.fail(error ?? ",
    replace: "this.#bodyCapture.broadcast.end(error ?? ",
  },
  {
    name: "stale-window-unlimited",
    file: "core/freshness/stale-windows.js",
    find: "now < (entry.staleWhileRevalidateUntil ?? 0)",
    replace: "entry.staleWhileRevalidateUntil !== undefined",
  },
  {
    name: "must-revalidate-ignored",
    file: "core/freshness/stale-windows.js",
    find: "cacheControl.mustRevalidate || ",
    replace: "",
  },
  {
    name: "second-refresh",
    file: "core/exchange/decide.js",
    find: "flights.find(flightKey) === undefined && !backoff",
    replace: "!backoff",
  },
  {
    name: "private-stored",
    file: "core/storing/storable.js",
    find: "head.cacheControl.private !== false",
    replace: "false",
  },
  {
    name: "credentials-ignored",
    file: "core/request/bypass-reason.js",
    find: 'hasCredentials(request, policy.credentials) ? "credentials" : undefined',
    replace: "undefined",
  },
  {
    name: "stored-after-deadline",
    file: "core/fill/handler-run.js",
    find: 'isExpired ? "timeout" : judge(',
    replace: 'isExpired && false ? "timeout" : judge(',
  },
  {
    name: "purge-leaves-flight",
    file: "core/fill/run.js",
    find: "() => flight?.purge()",
    replace: "() => undefined",
  },
  {
    name: "gap-for-slow-reader",
    file: "core/flight/broadcast.js",
    find: "return { isClean: false, error: cutOff() };",
    replace: "reader.at = this.#first;",
  },
  {
    name: "waiters-never-late",
    file: "core/flight/flights.js",
    find: 'clock.schedule(() => settle({ kind: "timeout" }), waitMs)',
    replace: "() => undefined",
  },
  {
    name: "store-without-deadline",
    file: "core/lookup/store-caller.js",
    find: "(cancel = this.#clock.schedule(late, 0)), deadlineMs);",
    replace: "(cancel = this.#clock.schedule(late, 0)), 2 ** 31 - 1);",
  },
  {
    name: "unsafe-leaves-what-is-stored",
    file: "core/fill/pass-fill.js",
    find: "removeResources(parts, resources",
    replace: "removeResources({ ...parts, store: { delete: () => 0 } }, resources",
  },
  {
    name: "unsafe-leaves-fills",
    file: "core/fill/pass-fill.js",
    find: "removeResources(parts, resources",
    replace: "removeResources({ ...parts, fence: { purge: () => undefined } }, resources",
  },
  {
    name: "unsafe-forgotten-without-its-client",
    file: "core/fill/pass-fill.js",
    find: "return this.#head === undefined;",
    replace: "return false;",
  },
  {
    name: "part-too-short",
    file: "core/reply/representation.js",
    find: "body.subarray(only.first, only.last + 1)",
    replace: "body.subarray(only.first, only.last)",
  },
  {
    name: "if-range-ignored",
    file: "core/reply/representation.js",
    find: "ifRange !== undefined && !ifRangeHolds(",
    replace: "false && !ifRangeHolds(",
  },
  {
    name: "suffix-from-the-front",
    file: "http/range.js",
    find: "Math.max(length - Number(suffix), 0)",
    replace: "0",
  },
  {
    name: "part-stored",
    file: "core/storing/storable.js",
    find: "if (!isStoredStatus(head.status, policy))",
    replace: "if (head.status !== 206 && !isStoredStatus(head.status, policy))",
  },
  {
    name: "tag-invalidated-in-the-past",
    file: "core/invalidation/ledger.js",
    find: "Math.max(microseconds(this.#now()), this.#position + 1)",
    replace: "microseconds(this.#now())",
  },
  {
    name: "no-cache-of-client-ignored",
    file: "core/request/directives.js",
    find: "    if (asked.noCache !== false)\n        return false;",
    replace: "",
  },
  {
    name: "max-age-of-client-ignored",
    file: "core/request/directives.js",
    find: "asked.maxAge !== undefined && now",
    replace: "false && now",
  },
  {
    name: "min-fresh-of-client-ignored",
    file: "core/request/directives.js",
    find: "asked.minFresh !== undefined",
    replace: "false",
  },
  {
    name: "max-stale-without-limit",
    file: "core/request/directives.js",
    find: "most === true || staleMs <= most * 1000",
    replace: "true",
  },
  {
    name: "max-stale-overrides-must-revalidate",
    file: "core/request/directives.js",
    find: "!mustRevalidate && ",
    replace: "",
  },
  {
    name: "no-store-of-client-kept",
    file: "core/fill/judge.js",
    find: "if (noStore)",
    replace: "if (false)",
  },
  {
    name: "only-if-cached-asks",
    file: "core/exchange/decide.js",
    find: "if (directives.onlyIfCached)",
    replace: "if (false)",
  },
  {
    name: "directives-ignored-at-landing",
    file: "core/exchange/collapsed.js",
    find: "directives.accepts(current, now)",
    replace: "isFresh(current, now)",
  },
  {
    name: "explained-without-removals",
    file: "core/explain/dry-run.js",
    find: "lookupIn(parts.store, parts)",
    replace: "lookupIn(parts.store, { ...parts, fence: { isRemoving: () => false } })",
  },
  {
    name: "explained-without-runs-under-way",
    file: "core/explain/dry-run.js",
    find: "decide(context, found, FULL_BUDGET, now, { flights,",
    replace: `decide(context, found, FULL_BUDGET, now, {
            flights: { find: () => undefined, isHitForMiss: () => false, isHitForMissWithoutError: () => false },`,
  },
  {
    name: "stored-where-nothing-is-kept",
    file: "core/fill/write.js",
    find: "if (!policy.keeps)",
    replace: "if (false)",
  },
  {
    name: "no-cache-shared-where-nothing-is-kept",
    file: "core/policy/policy.js",
    find: "revalidate: keeps && ",
    replace: "revalidate: ",
  },
  {
    name: "enabled-ignored",
    file: "core/request/bypass-reason.js",
    find: "if (!policy.isEnabled)",
    replace: "if (false)",
  },
  {
    name: "soft-mark-ignored-by-running-fill",
    file: "core/invalidation/soft-marks.js",
    find: "const { names, began } = entry;",
    replace: "const { names, storedAt } = entry;\n        const began = storedAt * 1000;",
  },
  {
    name: "soft-treated-as-hard",
    file: "invalidate.js",
    find: "isSoftly ? names.map(softName) : names",
    replace: "names",
  },
  {
    name: "hard-treated-as-soft",
    file: "invalidate.js",
    find: "isSoftly ? names.map(softName) : names",
    replace: "names.map(softName)",
  },
  {
    name: "hard-after-soft-ignored",
    file: "core/exchange/parts.js",
    find: "if (ledger.isDead(entry, arrival))",
    replace: "if (ledger.staleSince(entry, arrival) === undefined && ledger.isDead(entry, arrival))",
  },
  {
    name: "soft-windows-begin-again",
    file: "core/invalidation/soft-marks.js",
    find: "?.find(({ position }) => position > began)",
    replace: "?.findLast(({ position }) => position > began)",
  },
  {
    name: "soft-windows-where-they-were",
    file: "core/freshness/softened.js",
    find: "until && since + (until - staleAt)",
    replace: "until",
  },
  {
    name: "write-not-waited-for",
    file: "create-cache.js",
    find: "invalidationOf(invalidates, context, marker, tellError)",
    replace: `(...given) => {
            clock.schedule(() => invalidationOf(invalidates, context, marker, tellError)(...given), 5);
        }`,
  },
  {
    name: "write-invalidates-softly",
    file: "core/invalidation/writes.js",
    find: 'status >= 500 ? "soft" : "hard"',
    replace: 'status >= 500 ? "soft" : "soft"',
  },
  {
    name: "half-done-write-invalidates-nothing",
    file: "core/invalidation/writes.js",
    find: 'status >= 500 ? "soft" : "hard"',
    replace: 'status >= 500 ? undefined : "hard"',
  },
  {
    name: "half-done-write-removes",
    file: "core/invalidation/writes.js",
    find: 'status >= 500 ? "soft" : "hard"',
    replace: 'status >= 500 ? "hard" : "hard"',
  },
  {
    name: "aborted-write-invalidates-nothing",
    file: "core/invalidation/writes.js",
    find: 'return "soft";',
    replace: "return undefined;",
  },
  {
    name: "refused-write-invalidates",
    file: "core/invalidation/writes.js",
    find: "(status >= 400 && status < 500)",
    replace: "false",
  },
  {
    name: "unknown-tags-of-a-write-ignored",
    file: "core/invalidation/writes.js",
    find: "return [ANY_TAG];",
    replace: "return [];",
  },
  {
    name: "handler-tags-ignored",
    file: "core/invalidation/tags.js",
    find: "...(head.tags ?? []), ",
    replace: "",
  },
  {
    name: "cache-tag-ignored",
    file: "core/invalidation/tags.js",
    find: "field === undefined ? [] : parseCacheTag(field)",
    replace: "[]",
  },
  {
    name: "handler-tags-dropped-on-refresh",
    file: "core/fill/update-stored.js",
    find: "hasTags(head) ? head.tags : ownTagsOf(stale)",
    replace: "head.tags",
  },
  ...PLANTED_IN_CLUSTERS,
];
