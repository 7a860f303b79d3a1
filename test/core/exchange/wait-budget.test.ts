import { describe, expect, it } from "vitest";
import type { Decision } from "../../../src/adapter.ts";
import { FULL_BUDGET, spanOf, withLearned } from "../../../src/core/exchange/wait-budget.ts";
import { answer, fillOf, kitOf, serveOf, settle, textOf } from "../../support/kit.ts";

describe("waiting for a handler that takes long", () => {
  it("ends after ten seconds, with a run of one's own", async () => {
    const kit = kitOf();
    kit.now();
    const decisions: Decision[] = [];
    void Promise.resolve(kit.begin()).then((decision) => decisions.push(decision));
    void Promise.resolve(kit.begin()).then((decision) => decisions.push(decision));

    kit.clock.advance(9.9);
    await settle();
    const before = decisions.length;
    kit.clock.advance(0.1);
    await settle();

    expect([before, decisions.map(({ kind }) => kind)]).toEqual([0, ["fill", "fill"]]);
  });

  it("ends when the route says so, however often the leader changes meanwhile", async () => {
    const kit = kitOf({ route: { maxWait: 1 } });
    const leader = fillOf(kit.now());
    const first = Promise.resolve(kit.begin());
    const second = Promise.resolve(kit.begin());
    kit.clock.advance(0.6);
    leader.abandon("aborted");
    fillOf(await first);

    kit.clock.advance(0.4);

    expect((await second).kind).toBe("fill");
  });

  it("is for nobody who comes later: one of them leads, and the others wait for that one", async () => {
    const kit = kitOf();
    kit.now();
    const late = Promise.resolve(kit.begin());
    kit.clock.advance(10);
    const leader = fillOf(await late);
    const later = Promise.resolve(kit.begin());

    answer(leader, { body: "second" });

    expect(textOf(serveOf(await later).reply)).toBe("second");
  });

  it("is for as many as the route says; the others run the handler at once", async () => {
    const kit = kitOf({ route: { maxWaiters: 1 } });
    kit.now();
    void kit.begin();

    expect(kit.now().kind).toBe("fill");
  });

  it("leaves no timer behind when the handler ends in time", async () => {
    const kit = kitOf();
    const leader = fillOf(kit.now());
    const follower = Promise.resolve(kit.begin());
    const during = kit.clock.pending;

    answer(leader);
    await follower;

    expect([during, kit.clock.pending]).toEqual([1, 0]);
  });

  it("sets no timer where nobody waits", () => {
    const kit = kitOf();

    answer(fillOf(kit.now()));

    expect(kit.clock.pending).toBe(0);
  });

  it("does not keep a slow handler from storing what it made", async () => {
    const kit = kitOf();
    const slow = fillOf(kit.now());
    const follower = Promise.resolve(kit.begin());
    kit.clock.advance(10);
    fillOf(await follower).abandon("failed");

    answer(slow, { body: "late" });

    expect(textOf(serveOf(kit.now()).reply)).toBe("late");
  });
});

describe("how long a request may wait for one run", () => {
  const { policy } = kitOf({ route: { maxWait: 1, maxWaiters: 2, handlerTimeout: 0.3 } });

  it("is until maxWait is over or, where it may be served stale, until the handler's soft timeout", () => {
    expect(spanOf(policy, FULL_BUDGET, 0, 50, false)).toEqual({ end: 1050, until: 1050 });
    expect(spanOf(policy, FULL_BUDGET, 0, 50, true)).toEqual({ end: 350, until: 1050 });
  });

  it("is what is left of an earlier wait", () => {
    const budget = { ...FULL_BUDGET, until: 100 };

    expect(spanOf(policy, budget, 0, 50, true)).toEqual({ end: 100, until: 100 });
  });

  it("is no more than maxWait again after the clock was set back", () => {
    const budget = { ...FULL_BUDGET, until: 100_000 };

    expect(spanOf(policy, budget, 0, 50, false)).toEqual({ end: 1050, until: 1050 });
  });

  it("is refused without a turn, without time, and where as many wait as may", () => {
    const refused = [
      spanOf(policy, { ...FULL_BUDGET, turns: 0 }, 0, 50, false),
      spanOf(policy, { ...FULL_BUDGET, until: 50 }, 0, 50, false),
      spanOf(policy, FULL_BUDGET, 2, 50, false),
    ];

    expect(refused).toEqual([undefined, undefined, undefined]);
  });
});

describe("the variants that a request has learned of by waiting", () => {
  it("count until the store has a list of its own", () => {
    const budget = { ...FULL_BUDGET, vary: ["x-a"] };

    expect(withLearned({ entry: undefined, vary: [] }, budget).vary).toEqual(["x-a"]);
    expect(withLearned({ entry: undefined, vary: ["x-b"] }, budget).vary).toEqual(["x-b"]);
  });
});
