import { describe, expect, it } from "vitest";
import { Broadcast } from "../../../src/core/flight/broadcast.ts";
import { testClock } from "../../../src/testing/clock.ts";
import { readText, settle } from "../../support/kit.ts";

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

const clock = testClock();

function flowOf(budget: number, ...parts: readonly string[]): Broadcast {
  const flow = new Broadcast(budget, clock);
  for (const part of parts) flow.write(bytes(part));
  return flow;
}

const ignore = (): void => undefined;

describe("a content on its way to many", () => {
  it("is replayed to each reader that arrives, and then followed", async () => {
    const flow = flowOf(100, "one ", "two ");
    const early = readText(flow.read(ignore));
    const late = readText(flow.read(ignore));

    flow.write(bytes("three"));
    flow.end();

    expect([await early, await late, await readText(flow.read(ignore))]).toEqual(
      Array.from({ length: 3 }, () => "one two three"),
    );
  });

  it("is read at each reader's own pace", async () => {
    const flow = flowOf(100, "one ");
    const slow = flow.read(ignore);
    const fast = readText(flow.read(ignore));
    flow.write(bytes("two"));
    flow.end();

    expect(await fast).toBe("one two");
    expect(await readText(slow)).toBe("one two");
  });

  it("breaks for each reader after what has come, where its source breaks", async () => {
    const broken = new Error("no more");
    const flow = flowOf(100, "one");
    const reader = flow.read(ignore);

    flow.fail(broken);

    expect((await reader.next()).value).toEqual(bytes("one"));
    await expect(reader.next()).rejects.toBe(broken);
  });

  it("ends once: what comes after is ignored", async () => {
    const flow = flowOf(100, "one");
    flow.end();
    flow.write(bytes("two"));
    flow.fail(new Error("too late"));

    expect(await readText(flow.read(ignore))).toBe("one");
  });

  it("tells once when a reader leaves, at the end or before", async () => {
    const left: string[] = [];
    const flow = flowOf(100, "one");
    const whole = flow.read(() => left.push("whole"));
    const part = flow.read(() => left.push("part"));

    await part.return?.();
    await part.return?.();
    flow.end();
    await readText(whole);

    expect([left, flow.readers]).toEqual([["part", "whole"], 0]);
  });

  it("lets a reader leave that waits", async () => {
    const reader = flowOf(100).read(ignore);
    const waiting = reader.next();

    await reader.return?.();

    expect(await waiting).toEqual({ done: true, value: undefined });
  });
});

describe("a content that is not kept whole any more", () => {
  it("is held for readers that have still to read it, and let go behind them", async () => {
    const flow = flowOf(100, "one ", "two ");
    const reader = flow.read(ignore);
    flow.slide();
    const before = flow.parts.length;

    await reader.next();

    expect([before, flow.parts.length]).toEqual([2, 1]);
  });

  it("cuts off a reader further behind than twice the budget, with an error and never with a gap", async () => {
    const flow = flowOf(4, "one ");
    const slow = flow.read(ignore);
    flow.slide();

    flow.write(bytes("two "));
    flow.write(bytes("three "));
    clock.advance(0);
    flow.write(bytes("four "));

    await expect(slow.next()).rejects.toMatchObject({ code: "ERR_CACHE_READER_CUT" });
  });

  it.each([
    ["while it is written in one go", 0],
    ["once more comes later, and it has been read by then", 1],
  ])("cuts nobody off %s", async (_when, seconds) => {
    const flow = flowOf(4, "one ");
    const slow = readText(flow.read(ignore));
    flow.slide();

    for (const part of ["two ", "three ", "four "]) flow.write(bytes(part));
    clock.advance(seconds);
    await settle();
    for (const part of ["five ", "six"]) flow.write(bytes(part));
    flow.end();

    expect(await slow).toBe("one two three four five six");
  });

  it("holds what was written in one go for readers that have still to read it, as long as nothing more comes", async () => {
    const flow = flowOf(4, "one ");
    const slow = flow.read(ignore);
    flow.slide();

    for (const part of ["two ", "three ", "four"]) flow.write(bytes(part));
    clock.advance(60);
    flow.end();

    expect(await readText(slow)).toBe("one two three four");
  });

  it("keeps its newest part, however large, for readers that keep up", async () => {
    const flow = flowOf(4);
    const reader = flow.read(ignore);
    flow.slide();

    flow.write(bytes("more than four"));
    flow.end();

    expect(await readText(reader)).toBe("more than four");
  });

  it("has room for more once the awaited reader has read everything, and never cuts it off", async () => {
    const flow = flowOf(4, "one ");
    const awaited = flow.read(ignore, true);
    flow.slide();
    flow.write(bytes("two "));
    const room = flow.room();

    await awaited.next();
    const between = flow.room();
    await awaited.next();

    expect([room, between, flow.room()]).toEqual([expect.any(Promise), expect.any(Promise), undefined]);
    await expect(room).resolves.toBeUndefined();
  });

  it("has room for more once any reader has read everything, where none is awaited any more", async () => {
    const flow = flowOf(4, "one ");
    const awaited = flow.read(ignore, true);
    const quick = flow.read(ignore);
    flow.slide();
    await quick.next();
    const before = flow.room();

    flow.awaitNobody();
    flow.write(bytes("two "));
    await quick.next();
    flow.write(bytes("three"));
    clock.advance(0);
    flow.write(bytes("four"));

    await expect(before).resolves.toBeUndefined();
    await expect(awaited.next()).rejects.toMatchObject({ code: "ERR_CACHE_READER_CUT" });
  });

  it("has room for more once the fastest has read everything, where none is awaited", async () => {
    const flow = flowOf(400, "one ");
    const fast = flow.read(ignore);
    const slow = flow.read(ignore);
    flow.slide();
    const room = flow.room();

    await fast.next();

    await expect(room).resolves.toBeUndefined();
    expect((await slow.next()).done).toBe(false);
  });

  it("has room where nobody reads, and when it ends", async () => {
    const flow = flowOf(4, "one ");
    flow.slide();
    const alone = flow.room();
    flow.read(ignore);
    flow.write(bytes("two "));
    const room = flow.room();

    flow.end();

    expect(alone).toBeUndefined();
    await expect(room).resolves.toBeUndefined();
  });
});
