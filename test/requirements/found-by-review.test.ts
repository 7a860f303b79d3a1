import { describe, expect, it } from "vitest";
import { testClock } from "../../src/testing/index.ts";
import { stale } from "../support/staged.ts";
import { answer, asking, fillOf, kitOf, refresher, serveOf, settle, textOf } from "../support/kit.ts";

describe("an error of a run that was not a refresh", () => {
  it("does not take what is stale from those who come after it", async () => {
    const kit = stale({ staleIfError: 600, requestDirectives: true }, 70);
    answer(fillOf(kit.now({ headers: { "cache-control": "no-cache" } })), { status: 500 });

    const decided = asking(kit, kit.asked);
    await settle();
    expect(decided()).toBeUndefined();
    answer(kit.fills[0]!, { status: 500 });
    await settle();

    const { reply, outcome } = serveOf(decided()!);
    expect([textOf(reply), outcome]).toEqual(["old", "stale"]);
  });
});

describe("a response that is stale on arrival, with staleIfError", () => {
  const headers = { "cache-control": "max-age=0, stale-if-error=600" };

  it("is one run of the handler for each request", async () => {
    const { fills, refresh } = refresher();
    const kit = kitOf();
    kit.ask({ refresh }, { headers, body: "first" });
    kit.clock.advance(1);

    const decided = asking(kit, { refresh });
    await settle();
    answer(fills[0]!, { headers, body: "second" });
    await settle();

    const { reply, outcome } = serveOf(decided()!);
    expect([textOf(reply), outcome, fills.length]).toEqual(["second", "miss", 1]);
  });
});

describe("a clock that is set back while a request waits", () => {
  it("does not make it wait longer than waitMs", async () => {
    const at = testClock();
    let shift = 0;
    const clock = { now: () => at.now() + shift, schedule: at.schedule.bind(at) };
    const kit = kitOf({ cache: { clock }, route: { waitMs: 10_000 } });
    const first = fillOf(kit.now());
    const second = asking(kit, {});
    const third = asking(kit, {});
    await settle();
    shift = -3_600_000;
    first.abandon("aborted");
    await settle();
    expect(fillOf(second()!)).toBeDefined();

    at.advance(11);
    await settle();

    expect(third()).toBeDefined();
  });
});
