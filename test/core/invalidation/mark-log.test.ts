import { describe, expect, it } from "vitest";
import { KEYS_KEPT_MS } from "../../../src/core/invalidation/log-reader.ts";
import { collectGarbage } from "../../adapters/harness/collect-garbage.ts";
import { LogNode, oneNode, twoNodes } from "../../support/log-node.ts";
import { SharedLog } from "../../support/shared-log.ts";

/** A process whose polls fail. */
async function blindNode(): Promise<readonly [SharedLog, LogNode]> {
  const [shared, node] = await oneNode();
  node.link = "cut";
  await node.advance(0.1);
  await node.lookUp();
  return [shared, node];
}

/** Lets time pass, probe by probe. */
async function idleFor(seconds: number, node: LogNode): Promise<void> {
  for (let halves = 0; halves < 2 * seconds; halves++) await node.advance(0.5);
}

describe("a lookup", () => {
  it("waits for the first poll, and then knows what was marked before", async () => {
    const [shared, one] = await oneNode();
    const entry = one.entry(["t|a"]);
    await one.log.mark(["t|a"]);
    const late = new LogNode(shared);

    const wait = late.log.look(() => undefined);
    const before = [wait instanceof Promise, late.log.mayServe(5000), late.log.stats().state];
    await wait;

    expect([before, late.log.mayServe(5000), late.log.stats().state]).toEqual([
      [true, false, "unread"],
      true,
      "current",
    ]);
    expect([late.ledger.isDead(entry), late.ledger.isDead(one.entry(["t|a"]))]).toEqual([true, false]);
  });

  it("waits no longer than it may for a log that takes long to read, and then has nothing", async () => {
    const [shared, one] = await oneNode();
    const late = new LogNode(shared);
    late.link = "held";
    const found = late.log.look(() => "read", { leftMs: 200 });
    const other = late.log.look(async () => "read", { leftMs: 200 });
    await late.advance(0);
    await late.advance(0.2);
    const results = await Promise.all([found, other]);

    late.link = "up";
    await late.release();
    await one.log.mark(["t|a"]);
    await late.lookUp();

    expect(results).toEqual([undefined, undefined]);
    expect(late.log.look(() => "read", { leftMs: 200 })).toBe("read");
  });

  it("takes all that a request waits from what it may wait", async () => {
    const late = new LogNode(new SharedLog());
    late.link = "held";
    const patience = { leftMs: 200 };
    const first = late.log.look(() => "read", patience);
    await late.advance(0.15);
    late.link = "up";
    await late.release();
    await late.advance(3600);
    const left = patience.leftMs;
    patience.leftMs = 0;

    expect([await first, left, new LogNode(new SharedLog()).log.look(() => "read", patience)]).toEqual([
      "read",
      50,
      undefined,
    ]);
  });

  it("keeps nothing of what was read, once it is too late", async () => {
    const late = new LogNode(new SharedLog());
    late.link = "held";
    const refs: WeakRef<object>[] = [];
    const found = late.log.look(
      () => {
        const read = { content: new Uint8Array(1000) };
        refs.push(new WeakRef(read));
        return read;
      },
      { leftMs: 200 },
    );
    await late.advance(0.2);
    expect(await found).toBeUndefined();
    await collectGarbage();
    expect(refs.map((ref) => ref.deref())).toEqual([undefined]);
  });

  it("awaits nothing for 50 ms, and sends nothing for 25", async () => {
    const [, node] = await oneNode();
    const before = node.reads.length;
    node.link = "held";
    const waits = [0, 24, 1, 24].map((ms) => {
      node.clock.advance(ms / 1000);
      return [node.log.look(() => "read"), node.reads.length - before];
    });

    expect(waits).toEqual([
      ["read", 0],
      ["read", 0],
      ["read", 1],
      ["read", 1],
    ]);
  });

  it("knows at once what was marked elsewhere 50 ms before", async () => {
    const [, one, other] = await twoNodes();
    const entry = other.entry(["t|a"]);
    await one.log.mark(["t|a"]);
    other.clock.advance(0.051);

    await other.lookUp();

    expect(other.ledger.isDead(entry)).toBe(true);
  });

  it("shares its poll with all who wait", async () => {
    const [, node] = await oneNode();
    await node.advance(1);
    const before = node.reads.length;
    node.link = "held";
    const looking = Array.from({ length: 100 }, () => node.lookUp());
    node.clock.advance(0.03);
    looking.push(node.lookUp());
    const sent = node.reads.length - before;
    node.link = "up";
    await node.release();

    await Promise.all(looking);

    expect(sent).toBe(1);
  });

  it("waits for a poll of its own where the one under way was sent too long ago", async () => {
    const [, node] = await oneNode();
    await node.advance(1);
    const before = node.reads.length;
    node.link = "held";
    node.log.arrive();
    node.clock.advance(0.04);
    let isOver = false;
    const wait = node.lookUp().then(() => (isOver = true));
    node.clock.advance(0.02);
    node.link = "up";
    await node.release();

    await wait;

    expect([isOver, node.reads.length - before]).toEqual([true, 2]);
  });

  it("trusts a poll that was sent after it began, however long that took, so that a stall cannot starve it", async () => {
    const [, node] = await oneNode();
    await node.advance(1);
    const before = node.reads.length;
    node.link = "held";
    const wait = node.lookUp();
    node.clock.advance(5);
    node.link = "up";
    await node.release();

    await wait;

    expect(node.reads.length - before).toBe(1);
  });

  it("does not trust a poll for longer where the clock was set back meanwhile", async () => {
    const [, node] = await oneNode();
    const timers = node.clock;
    const now = timers.now();
    node.clock.now = () => now;
    timers.advance(1);

    expect(node.log.look(() => undefined)).toBeInstanceOf(Promise);
  });

  it.each([1, 3_600_000])("is sent for who arrives after the clock was set back by %i ms", async (ms) => {
    const [, node] = await oneNode();
    const timers = node.clock;
    const now = timers.now();
    node.clock.now = () => now - ms;
    timers.advance(0.06);
    const before = node.reads.length;

    node.log.arrive();

    expect(node.reads.length - before).toBe(1);
  });

  it("leaves nothing behind: an idle process sends nothing, and has no timers", async () => {
    const [, node] = await oneNode();
    const before = node.reads.length;

    await node.advance(3600);

    expect([node.reads.length - before, node.clock.pending]).toEqual([0, 0]);
  });
});

describe("a process that cannot poll", () => {
  it("knows it, and may serve for as long as it was told", async () => {
    const [, node] = await blindNode();
    const before = [node.log.isBlind, node.log.mayServe(5000), node.log.mayServe(0)];
    node.clock.advance(4.8);
    const during = node.log.mayServe(5000);
    node.clock.advance(0.1);

    expect([before, during, node.log.mayServe(5000), node.log.stats().state]).toEqual([
      [true, true, false],
      true,
      false,
      "blind",
    ]);
  });

  it("may serve nothing if it never could", async () => {
    const node = new LogNode(new SharedLog());
    node.link = "cut";
    await node.lookUp();

    expect([node.log.isBlind, node.log.mayServe(5000)]).toEqual([true, false]);
  });

  it("holds no lookup, and probes twice a second while it is asked", async () => {
    const [, node] = await blindNode();
    const before = node.reads.length;
    node.link = "held";
    const waits: unknown[] = [];
    for (let tenths = 0; tenths < 20; tenths++) {
      waits.push(node.log.look(() => undefined));
      await node.advance(0.1);
      if (tenths % 5 === 0) await node.fail();
    }

    expect([waits.every((wait) => wait === undefined), node.reads.length - before]).toEqual([true, 3]);
  });

  it("sends nothing if it is not asked for half a minute, and asks again with the next lookup, which waits", async () => {
    const [, node] = await blindNode();
    await idleFor(29, node);
    const early = node.log.look(() => "at once");
    await idleFor(31, node);
    const before = node.reads.length;
    await node.advance(3600);
    const idle = [node.reads.length - before, node.clock.pending];
    node.link = "up";

    await node.lookUp();

    expect([early, idle, node.log.isBlind, node.clock.pending]).toEqual(["at once", [0, 0], false, 1]);
  });

  it("is current again with the first probe that succeeds", async () => {
    const [, node] = await blindNode();
    node.link = "up";
    node.log.arrive();

    await node.advance(0.5);

    expect([node.log.stats().state, node.log.mayServe(0)]).toEqual(["current", true]);
  });

  it.each([
    [KEYS_KEPT_MS / 1000 - 10, false],
    [KEYS_KEPT_MS / 1000, true],
  ])("for %s s has missed marks by key: is everything dead? %s", async (seconds, isDead) => {
    const [shared, node] = await blindNode();
    const entry = node.entry([]);
    for (let time = 0; time < 2; time++) {
      await node.lookUp();
      await idleFor(31, node);
      node.clock.advance(seconds / 2 - 30);
    }
    shared.add(["k|x"], 0);
    node.link = "up";

    await node.lookUp();

    expect([node.ledger.isDead(entry), node.ledger.isDead(node.entry([]))]).toEqual([isDead, false]);
  });

  it("does not let a second invalidation wait for a store that took the first one's time", async () => {
    const [shared, one] = await twoNodes();
    const entries = [one.entry(["t|b"]), one.entry(["t|c"])];
    one.link = "cut";
    await one.advance(1);
    await one.lookUp();
    const sent = one.adds.length;
    const positions = [await one.log.mark(["t|a"]), await one.log.mark(["t|b"]), await one.log.mark(["t|b"])];
    const tries = one.adds.slice(sent);
    one.link = "up";
    await one.advance(0.5);

    expect([positions, tries]).toEqual([[undefined, undefined, undefined], [["t|a"]]]);
    expect(entries.map((entry) => one.ledger.isDead(entry))).toEqual([true, false]);
    expect(shared.all().map(({ name }) => name)).toEqual(["*", "t|a", "t|b"]);
    expect(one.log.stats().pending).toBe(0);
  });

  it("that was idle for longer has missed nothing of what is stored elsewhere", async () => {
    const [, node] = await oneNode();
    const entry = node.entry([]);
    await node.advance(3600);

    await node.lookUp();

    expect(node.ledger.isDead(entry)).toBe(false);
  });
});

describe("a log that is closed", () => {
  it("has sent once more what was pending, and has no timers", async () => {
    const [shared, node] = await oneNode();
    node.link = "read-only";
    await node.log.mark(["t|a"]);
    node.link = "up";

    await node.log.close(1000);

    expect([shared.all().map(({ name }) => name), node.clock.pending]).toEqual([["*", "t|a"], 0]);
  });

  it("has waited for what was on its way, and gives up what fails", async () => {
    const [, node] = await oneNode();
    node.link = "held";
    const marked = node.log.mark(["t|a"]);
    let isClosed = false;
    const closed = node.log.close(1000).then(() => (isClosed = true));
    await node.advance(0);
    const before = isClosed;
    node.link = "cut";
    await node.release();
    await closed;

    expect([before, await marked, node.clock.pending]).toEqual([false, undefined, 0]);
  });
});
