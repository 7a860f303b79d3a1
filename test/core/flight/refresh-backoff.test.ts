import { describe, expect, it } from "vitest";
import { RefreshBackoff } from "../../../src/core/flight/refresh-backoff.ts";
import { kitOf, refresher } from "../../support/kit.ts";

describe("the failures of a key's refreshes", () => {
  it("count one for a run that took too long and then failed", () => {
    // given
    const backoff = new RefreshBackoff();
    const run = {};

    // when
    backoff.failed("key", 0, run);
    backoff.failed("key", 500, run);

    // then
    expect([backoff.isPaused("key", 999), backoff.isPaused("key", 1000)]).toEqual([true, false]);
  });

  it("are remembered of a long key, too", () => {
    const kit = kitOf({ route: { ttl: 60, staleWhileRevalidate: 600 } });
    const { fills, refresh } = refresher();
    const asked = { refresh, target: `/reports?a=${"x".repeat(3000)}` };
    kit.ask(asked, { body: "old" });
    kit.clock.advance(70);

    kit.now(asked);
    fills[0]!.abandon("failed", new Error("no"));
    kit.now(asked);

    expect(fills).toHaveLength(1);
  });

  it("are forgotten with those of all others", () => {
    const backoff = new RefreshBackoff();
    backoff.failed("k", 0, {});

    backoff.forgetAll();

    expect(backoff.isPaused("k", 0)).toBe(false);
  });
});
