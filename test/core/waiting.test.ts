import { describe, expect, it } from "vitest";
import type { Decision } from "../../src/adapter.ts";
import { answer, fillOf, kitOf, serveOf, settle, textOf } from "./support.ts";

describe("waiting for a handler that takes long", () => {
  it("ends after ten seconds: one of those who wait runs the handler, the others wait for it", async () => {
    const kit = kitOf();
    const stuck = fillOf(kit.now());
    const decisions: Decision[] = [];
    void Promise.resolve(kit.begin()).then((decision) => decisions.push(decision));
    void Promise.resolve(kit.begin()).then((decision) => decisions.push(decision));

    kit.clock.advance(9.9);
    await settle();
    const before = decisions.length;
    kit.clock.advance(0.1);
    await settle();

    expect([before, decisions.map(({ kind }) => kind)]).toEqual([0, ["fill"]]);
    answer(fillOf(decisions[0]!), { body: "second" });
    await settle();
    expect(textOf(serveOf(decisions[1]!).reply)).toBe("second");
    stuck.abandon("failed");
  });

  it("ends for everyone after three times that, with a run of one's own", async () => {
    const kit = kitOf();
    kit.now();
    const decisions: Decision[] = [];
    const ask = (): unknown => Promise.resolve(kit.begin()).then((decision) => decisions.push(decision));
    Array.from({ length: 5 }, ask);

    kit.clock.advance(10);
    await settle();
    kit.clock.advance(10);
    await settle();
    kit.clock.advance(10);
    await settle();

    expect(decisions.map(({ kind }) => kind)).toEqual(["fill", "fill", "fill", "fill", "fill"]);
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
