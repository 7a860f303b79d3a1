import { describe, expect, it, vi } from "vitest";
import { engineOf } from "../../../src/adapter.ts";
import { RefreshBackoff } from "../../../src/core/flight/refresh-backoff.ts";
import { Flights } from "../../../src/core/flight/flights.ts";
import { HandlerRun } from "../../../src/core/fill/handler-run.ts";
import { ALONE } from "../../../src/core/fill/run.ts";
import type { RunParts } from "../../../src/core/fill/run.ts";
import type { PurgeFence } from "../../../src/core/invalidation/purge-fence.ts";
import { Responder } from "../../../src/core/reply/representation.ts";
import { GuardedStore } from "../../../src/core/lookup/guarded-store.ts";
import { Ledger } from "../../../src/core/invalidation/ledger.ts";
import { createCache, memoryStore } from "../../../src/index.ts";
import { platformDigest } from "../../../src/platform.ts";
import { testClock } from "../../../src/testing/clock.ts";
import { requestOf } from "../../support/kit.ts";

/** A run whose ticket of the fence is watched. */
function watchedRun(): { readonly fill: HandlerRun; readonly leave: () => void } {
  const leave = vi.fn<() => void>();
  const clock = testClock();
  const parts: RunParts = {
    store: new GuardedStore(memoryStore(), clock, { readMs: 250, writeMs: 250 }, () => undefined),
    clock,
    digest: platformDigest(new Uint8Array(1)),
    flights: new Flights(),
    backoff: new RefreshBackoff(),
    fence: { enter: () => ({ purged: false, leave }) } as unknown as PurgeFence,
    responder: new Responder(),
    canMark: true,
    ledger: new Ledger(() => clock.now()),
    log: undefined,
    arrival: () => 0,
    blindMs: 5000,
    longestFillMs: Infinity,
    writeMs: 250,
    readMs: 100,
    targetsOf: () => [],
    sameKey: () => undefined,
    count: () => undefined,
    refused: () => undefined,
    stored: () => undefined,
    refreshed: () => undefined,
    refreshFailed: () => undefined,
    undeclared: () => undefined,
    random: () => 0,
  };
  const policy = engineOf(createCache()).policy({}, { route: "GET /a" });
  const origin = "http://example.org";
  const key = {
    resource: "a",
    selector: "",
    target: undefined,
    received: undefined,
    origin,
    rule: undefined,
  };
  const found = { key, vary: [], forward: "uri-miss", flightKey: "a", stale: undefined } as const;
  const choose = (): string => "";
  const plan = {
    ...found,
    request: requestOf(),
    policy,
    choose,
    noStore: false,
    askedAt: clock.now(),
    arrivedAt: 0,
  };
  return {
    fill: new HandlerRun(parts, plan, ALONE),
    leave,
  };
}

describe("a run leaves the fence", () => {
  it("when it streams a response that is not stored, whose end it does not see", () => {
    const { fill, leave } = watchedRun();

    fill.open({ status: 500, fields: [] }).stream();

    expect(leave).toHaveBeenCalled();
  });

  it("when a stream that was to be stored turns out not to be", () => {
    const { fill, leave } = watchedRun();
    const open = fill.open({ status: 200, fields: [] });
    const { sink } = open.stream();

    open.refuse("set-cookie");
    expect(leave).toHaveBeenCalled();
    sink?.end();
  });

  it("when it is stored, and when it is abandoned", () => {
    const stored = watchedRun();
    const abandoned = watchedRun();

    stored.fill.open({ status: 200, fields: [] }).complete("a");
    abandoned.fill.abandon("failed");

    expect(stored.leave).toHaveBeenCalledTimes(1);
    expect(abandoned.leave).toHaveBeenCalledTimes(1);
  });
});
