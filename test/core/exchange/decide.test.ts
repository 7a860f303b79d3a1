import { describe, expect, it } from "vitest";
import { contextOf } from "../../../src/core/exchange/context.ts";
import { decide } from "../../../src/core/exchange/decide.ts";
import type { Course } from "../../../src/core/exchange/decide.ts";
import { FULL_BUDGET } from "../../../src/core/exchange/wait-budget.ts";
import type { WaitBudget } from "../../../src/core/exchange/wait-budget.ts";
import type { Entry } from "../../../src/core/contract/store.ts";
import { Flights } from "../../../src/core/flight/flights.ts";
import { RefreshBackoff } from "../../../src/core/flight/refresh-backoff.ts";
import type { RouteOptions } from "../../../src/index.ts";
import { testClock } from "../../../src/testing/clock.ts";
import { entryOf } from "../../support/entry.ts";
import { kitOf, requestOf } from "../../support/kit.ts";
import type { Asked } from "../../support/kit.ts";

const NOW = 100_000;
const FLIGHT = "a\nv|";

/** What there is when a request comes, in a few words. */
interface Case {
  readonly asked?: Asked;
  readonly cannotRefresh?: boolean;
  readonly cacheControl?: string;
  readonly route?: RouteOptions<Asked>;
  readonly entry?: Partial<Entry>;
  readonly vary?: readonly string[];
  readonly budget?: Partial<WaitBudget>;
  readonly draw?: number;
  readonly isRunning?: boolean;
  readonly waiting?: number;
  readonly hasFailed?: boolean;
  readonly hitForMiss?: "answer" | "error";
}

/** A fresh entry, of which 10 s are left. */
const FRESH: Partial<Entry> = { storedAt: NOW - 50_000, staleAt: NOW + 10_000 };
const STALE: Partial<Entry> = { storedAt: NOW - 70_000, staleAt: NOW - 10_000 };
const WHILE: Partial<Entry> = { ...STALE, staleWhileRevalidateUntil: NOW + 1 };
const ON_ERROR: Partial<Entry> = { ...STALE, staleIfErrorUntil: NOW + 1 };
const BOTH: Partial<Entry> = { ...WHILE, ...ON_ERROR };

function storedOf(given: Partial<Entry>): Entry {
  return entryOf({ variant: "v|", staleAt: 0, ...given });
}

function courseOf(given: Case): Course {
  const { asked = {}, cacheControl, route = {}, vary = [], hitForMiss } = given;
  const headers = { ...asked.headers, ...(cacheControl !== undefined && { "cache-control": cacheControl }) };
  const request = requestOf({ ...asked, headers, ...(!given.cannotRefresh && { refresh: () => undefined }) });
  const { policy } = kitOf({ route: { requestDirectives: true, ...route } });
  const names = { target: undefined, received: undefined, origin: "", rule: undefined };
  const context = contextOf(request, policy, { resource: "a", selector: "v|", ...names }, 0);
  const flights = new Flights();
  const backoff = new RefreshBackoff();
  const flight = given.isRunning ? flights.lead(FLIGHT) : undefined;
  for (let waiting = given.waiting ?? 0; waiting > 0; waiting--) void flight?.wait(testClock(), 1000);
  if (given.hasFailed) backoff.failed(FLIGHT, NOW, {});
  if (hitForMiss) flights.rememberHitForMiss(FLIGHT, NOW + 1, undefined, hitForMiss === "error");
  const found = { entry: given.entry && storedOf(given.entry), vary };
  const random = (): number => given.draw ?? 0;
  return decide(context, found, { ...FULL_BUDGET, ...given.budget }, NOW, { flights, backoff, random });
}

/** A course without the flight, and without the instants at which waiting ends. */
function told({ kind, ...more }: Course): unknown {
  const { flight: _, span: __, stale, ...rest } = more as Record<string, unknown>;
  return { kind, ...rest, ...(kind === "wait" && { isSafe: stale !== undefined }) };
}

describe("the course of a request", () => {
  it.each<[string, Case, ReturnType<typeof told>]>([
    ["a fresh response", { entry: FRESH }, { kind: "hit", refreshes: false }],
    [
      "a fresh response, for HEAD",
      { entry: FRESH, asked: { method: "HEAD" } },
      { kind: "hit", refreshes: false },
    ],
    [
      "a fresh response, for only-if-cached",
      { entry: FRESH, cacheControl: "only-if-cached" },
      { kind: "hit", refreshes: false },
    ],
    [
      "a stale one that max-stale accepts",
      { entry: STALE, cacheControl: "max-stale=20" },
      { kind: "hit", refreshes: false },
    ],
    ["nothing, for only-if-cached", { cacheControl: "only-if-cached" }, { kind: "unsatisfied" }],
    [
      "a stale response, for only-if-cached",
      { entry: BOTH, cacheControl: "only-if-cached" },
      { kind: "unsatisfied" },
    ],
    ["nothing", {}, { kind: "lead" }],
    ["another variant only", { vary: ["x"] }, { kind: "lead" }],
    ["a stale response without windows", { entry: STALE }, { kind: "lead" }],
    ["a run under way", { isRunning: true }, { kind: "wait", isSafe: false }],
    ["a run under way for what is stale", { isRunning: true, entry: STALE }, { kind: "wait", isSafe: false }],
    ["nothing, for HEAD", { asked: { method: "HEAD" } }, { kind: "head", updates: false }],
    [
      "a run under way, for HEAD",
      { isRunning: true, asked: { method: "HEAD" } },
      { kind: "head", updates: false },
    ],
    [
      "a stale response that is revalidated, for HEAD",
      { entry: STALE, asked: { method: "HEAD" }, route: { revalidate: true } },
      { kind: "head", updates: true },
    ],
    [
      "the same, for a HEAD that forbids to store",
      { entry: STALE, asked: { method: "HEAD" }, route: { revalidate: true }, cacheControl: "no-store" },
      { kind: "head", updates: false },
    ],
  ])("with %s", (_, given, expected) => {
    expect(told(courseOf(given))).toEqual(expected);
  });

  it.each<[string, Case, string]>([
    ["the client forbids to store", { cacheControl: "no-store" }, "no-store"],
    ["a fresh response is not accepted", { entry: FRESH, cacheControl: "no-cache" }, "not-accepted"],
    ["a response is never fresh", { entry: { storedAt: NOW, staleAt: NOW } }, "never-fresh"],
    [
      "the client is authorized, and responses to it need not be for all",
      { route: { scope: "shared" }, asked: { headers: { authorization: "a" } } },
      "authorization",
    ],
    ["the last response was not stored", { hitForMiss: "answer" }, "hit-for-miss"],
    ["the last response was an error", { hitForMiss: "error" }, "hit-for-miss"],
    [
      "the last response was not stored and another run is under way",
      { hitForMiss: "answer", isRunning: true },
      "hit-for-miss",
    ],
    ["maxWait is 0", { isRunning: true, route: { maxWait: 0 } }, "no-wait"],
    ["maxWaiters is 0", { isRunning: true, route: { maxWaiters: 0 } }, "no-wait"],
    ["as many wait as may", { isRunning: true, waiting: 2, route: { maxWaiters: 2 } }, "no-wait"],
    ["it has no turn left", { isRunning: true, budget: { turns: 0 } }, "no-wait"],
    ["its time is over", { isRunning: true, budget: { until: NOW } }, "no-wait"],
  ])("is a run for itself where %s", (_, given, because) => {
    expect(courseOf(given)).toEqual({ kind: "alone", because });
  });
});

describe("the course of a request within stale-while-revalidate", () => {
  it.each<[string, Case, ReturnType<typeof told>]>([
    ["is stale, and refreshes", { entry: WHILE }, { kind: "stale", refreshes: true }],
    ["is the same within both windows", { entry: BOTH }, { kind: "stale", refreshes: true }],
    ["is the same for HEAD", { entry: WHILE, asked: { method: "HEAD" } }, { kind: "stale", refreshes: true }],
    [
      "refreshes nothing while a run is under way",
      { entry: WHILE, isRunning: true },
      { kind: "stale", refreshes: false },
    ],
    [
      "refreshes nothing soon after a failure",
      { entry: WHILE, hasFailed: true },
      { kind: "stale", refreshes: false },
    ],
    ["is a run where it cannot be refreshed", { entry: WHILE, cannotRefresh: true }, { kind: "lead" }],
    [
      "is a run for a client that demands max-age",
      { entry: WHILE, cacheControl: "max-age=100" },
      { kind: "lead" },
    ],
    [
      "is a run for a client that says no-cache",
      { entry: WHILE, cacheControl: "no-cache" },
      { kind: "lead" },
    ],
  ])("%s", (_, given, expected) => {
    expect(told(courseOf(given))).toEqual(expected);
  });
});

describe("the course of a request within stale-if-error", () => {
  it.each<[string, Case, ReturnType<typeof told>]>([
    ["asks first", { entry: ON_ERROR }, { kind: "ask-first" }],
    [
      "asks first for a client that demands max-age",
      { entry: BOTH, cacheControl: "max-age=100" },
      { kind: "ask-first" },
    ],
    ["waits for a run under way", { entry: ON_ERROR, isRunning: true }, { kind: "wait", isSafe: true }],
    [
      "stands in soon after a failure",
      { entry: ON_ERROR, hasFailed: true },
      { kind: "stand-in", because: "failed", refreshes: false },
    ],
    [
      "stands in, and refreshes, where maxWait is 0",
      { entry: ON_ERROR, route: { maxWait: 0 } },
      { kind: "stand-in", because: "timeout", refreshes: true },
    ],
    [
      "stands in where maxWait is 0 and a run is under way",
      { entry: ON_ERROR, route: { maxWait: 0 }, isRunning: true },
      { kind: "stand-in", because: "timeout", refreshes: false },
    ],
    [
      "stands in where maxWaiters is 0",
      { entry: ON_ERROR, route: { maxWaiters: 0 } },
      { kind: "stand-in", because: "timeout", refreshes: true },
    ],
    [
      "stands in where as many wait as may, for the failure that was before",
      { entry: ON_ERROR, route: { maxWaiters: 1 }, isRunning: true, waiting: 1, hasFailed: true },
      { kind: "stand-in", because: "failed", refreshes: false },
    ],
    [
      "asks first where the last response was an error",
      { entry: ON_ERROR, hitForMiss: "error" },
      { kind: "ask-first" },
    ],
    [
      "is a run for itself where the last response was no error and was not stored",
      { entry: ON_ERROR, hitForMiss: "answer" },
      { kind: "alone", because: "hit-for-miss" },
    ],
    ["is a run once it has no turn left", { entry: ON_ERROR, budget: { turns: 0 } }, { kind: "lead" }],
    ["is a run where it cannot be refreshed", { entry: ON_ERROR, cannotRefresh: true }, { kind: "lead" }],
  ])("%s", (_, given, expected) => {
    expect(told(courseOf(given))).toEqual(expected);
  });
});

describe("the early refresh of a hit", () => {
  const early: Case = { entry: { ...FRESH, fillMs: 10_000 }, route: { earlyRefresh: 1 }, draw: 0.7 };

  it.each<[string, Case, boolean]>([
    ["is due for a draw of its chance", early, true],
    ["is not due for a lower one", { ...early, draw: 0.6 }, false],
    ["is not due where the client forbids to store", { ...early, cacheControl: "no-store" }, false],
    ["is not due where the handler cannot run in the background", { ...early, cannotRefresh: true }, false],
    ["is not due while a run is under way", { ...early, isRunning: true }, false],
    ["is not due soon after a failure", { ...early, hasFailed: true }, false],
  ])("%s", (_, given, refreshes) => {
    expect(courseOf(given)).toEqual({ kind: "hit", refreshes });
  });
});

describe("a decision about a hit", () => {
  it("allocates nothing, and asks for no flight and no draw", () => {
    const { policy } = kitOf();
    const names = { target: undefined, received: undefined, origin: "", rule: undefined };
    const context = contextOf(requestOf(), policy, { resource: "a", selector: "v|", ...names }, 0, {
      leftMs: 200,
    });
    const found = { entry: storedOf(FRESH), vary: [] };
    const nothing = new Proxy({} as never, {
      get: (_, name) => {
        throw new Error(`${String(name)} was asked for`);
      },
    });
    const runs = { flights: nothing, backoff: nothing, random: () => expect.unreachable() };

    const [one, other] = [1, 2].map(() => decide(context, found, FULL_BUDGET, NOW, runs));

    expect(one).toBe(other);
    expect(Object.isFrozen(one)).toBe(true);
  });
});
