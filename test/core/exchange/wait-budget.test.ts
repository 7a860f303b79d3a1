import { describe, expect, it } from "vitest";
import type { Decision } from "../../../src/adapter.ts";
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
    const kit = kitOf({ route: { waitMs: 1000 } });
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
