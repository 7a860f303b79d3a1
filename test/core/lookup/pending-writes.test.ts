import { describe, expect, it } from "vitest";
import { PendingWrites } from "../../../src/core/lookup/pending-writes.ts";
import { settle } from "../../support/kit.ts";

const MIB = 2 ** 20;

describe("pending writes", () => {
  it("have room for 16 MiB", () => {
    const writes = new PendingWrites();
    writes.add(15 * MIB, 0);

    expect([writes.hasRoomFor(MIB), writes.hasRoomFor(MIB + 1)]).toEqual([true, false]);
  });

  it("have room for a single one of any size", () => {
    expect(new PendingWrites().hasRoomFor(100 * MIB)).toBe(true);
  });

  it("have room again once one has ended, however often that is told", () => {
    const writes = new PendingWrites();
    const done = writes.add(16 * MIB, 0);
    writes.add(0, 0);
    done();
    done();

    expect([writes.count, writes.hasRoomFor(16 * MIB)]).toEqual([1, true]);
  });

  it("forget what is lost, and nothing else", () => {
    const writes = new PendingWrites();
    const late = writes.add(8 * MIB, 1000);
    writes.add(8 * MIB, 2000);
    writes.forgetLost(1999);
    late();

    expect([writes.count, writes.hasRoomFor(8 * MIB), writes.hasRoomFor(9 * MIB)]).toEqual([1, true, false]);
  });

  it("are idle once all have ended", async () => {
    const writes = new PendingWrites();
    const ends = [writes.add(1, 0), writes.add(1, 0)];
    let isIdle = false;
    void writes.idle().then(() => (isIdle = true));
    ends[0]?.();
    await settle();
    const before = isIdle;
    ends[1]?.();
    await settle();

    expect([before, isIdle]).toEqual([false, true]);
  });

  it("are idle at once where there are none", async () => {
    await expect(new PendingWrites().idle()).resolves.toBeUndefined();
  });
});
