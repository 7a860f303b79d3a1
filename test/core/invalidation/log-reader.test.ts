import { describe, expect, it } from "vitest";
import { LogNode, oneNode, twoNodes } from "../../support/log-node.ts";
import { SharedLog } from "../../support/shared-log.ts";

describe("a log", () => {
  it("is begun where there is none, once", async () => {
    const shared = new SharedLog();
    const [one, other] = [new LogNode(shared), new LogNode(shared)];

    await Promise.all([one.lookUp(), other.lookUp()]);

    expect(shared.all()).toEqual([{ name: "*", position: one.ledger.position }]);
    expect([one.errors, other.ledger.position]).toEqual([[], one.ledger.position]);
  });

  it("that a process has begun itself invalidates nothing that it is about to store", async () => {
    const node = new LogNode(new SharedLog());
    const arrivedAt = node.log.arrive();
    await node.lookUp();

    expect(node.hasChanged("t|a", arrivedAt)).toBe(false);
  });

  it("is read in pages", async () => {
    const [shared, one] = await oneNode();
    const entry = one.entry(["t|7"]);
    const last = one.entry(["t|99999"]);
    await one.log.mark(Array.from({ length: 99_999 }, (_, index) => `t|${index + 1}`));
    const late = new LogNode(shared);

    await late.lookUp();

    expect([late.ledger.isDead(entry), late.ledger.isDead(last), late.ledger.size]).toEqual([
      true,
      true,
      99_999,
    ]);
    expect(late.reads.length).toBeGreaterThan(99);
  });

  it("is read to its end, as a name that is marked again meanwhile is on no page before that", async () => {
    const [shared, one] = await oneNode();
    const late = new LogNode(shared);
    await late.lookUp();
    shared.pageSize = 100;
    const entry = one.entry(["t|hot"]);
    await one.log.mark([...Array.from({ length: 150 }, (_, index) => `t|${index}`), "t|hot"]);
    const read = late.readMarks.bind(late);
    const before = late.reads.length;
    late.readMarks = async (from) => {
      const page = await read(from);
      // It moves from the second page to one behind: five times, since it was on no page yet.
      if (late.reads.length - before < 6)
        await one.log.mark([
          ...Array.from({ length: 150 }, (_, index) => `t|${late.reads.length} ${index}`),
          "t|hot",
        ]);
      return page;
    };
    await late.advance(1);

    await late.lookUp();

    expect([late.ledger.isDead(entry), late.errors]).toEqual([true, []]);
    expect(shared.read(late.ledger.position).length).toBeLessThan(100);
  });

  it("has the size of its pages from the store", async () => {
    const [shared, one] = await oneNode();
    await one.log.mark(Array.from({ length: 150 }, (_, index) => `t|${index}`));
    const late = new LogNode(shared);

    await late.lookUp();

    expect(late.reads).toHaveLength(1);
  });

  it("brings a process up to date that was cut off during 1,000 invalidations, in one poll", async () => {
    const [shared, one, other] = await twoNodes();
    shared.pageSize = 2000;
    const entries = Array.from({ length: 1000 }, (_, index) => other.entry([`t|${index}`]));
    const untouched = other.entry(["t|x"]);
    other.link = "cut";
    await other.advance(0.1);
    await other.lookUp();
    for (let index = 0; index < 1000; index++) await one.log.mark([`t|${index}`]);
    other.link = "up";
    await other.lookUp();

    await other.advance(0.5);

    expect(other.log.stats()).toMatchObject({ state: "current", marks: 1000 });
    expect(entries.every((entry) => other.ledger.isDead(entry))).toBe(true);
    expect([other.ledger.isDead(untouched), other.errors, shared.all().length]).toEqual([false, [], 1001]);
  });

  it("that was lost makes everything dead, everywhere, by one mark", async () => {
    const [shared, one, other] = await twoNodes();
    const entries = [one, other].map((node) => node.entry([]));
    shared.lose();
    for (const node of [one, other]) {
      await node.advance(1);
      await node.lookUp();
    }

    expect(entries.map((entry) => one.ledger.isDead(entry))).toEqual([true, true]);
    expect(entries.map((entry) => other.ledger.isDead(entry))).toEqual([true, true]);
    expect(shared.all().map(({ name }) => name)).toEqual(["*"]);
    expect([one.adds.length + other.adds.length, one.errors[0]?.code]).toEqual([2, "ERR_CACHE_MARKS_LOST"]);
    expect(other.ledger.isDead(other.entry([]))).toBe(false);
  });

  it("that was rolled back makes everything dead, also by what else is marked since", async () => {
    const [shared, one, other] = await twoNodes();
    const rollBack = shared.copy();
    await one.log.mark(["t|a"]);
    const entry = one.entry(["r|/b"]);
    rollBack();
    shared.now += 1e6;
    await other.log.mark(["t|c"]);
    await one.advance(1);

    await one.lookUp();

    expect([one.ledger.isDead(entry), one.errors.length]).toEqual([true, 1]);
    await other.advance(1);
    await other.lookUp();
    expect(other.ledger.isDead(entry)).toBe(true);
  });

  it("that was lost and cannot be written leaves everything dead here until it can", async () => {
    const [shared, one] = await oneNode();
    const before = one.entry([]);
    shared.lose();
    shared.add(["t|x"], 0);
    shared.forget("*");
    one.link = "read-only";
    await one.advance(1);
    await one.lookUp();
    const during = one.entry([]);
    const dead = [before, during].map((entry) => one.ledger.isDead(entry));
    one.link = "up";
    await one.advance(0.5);

    expect([dead, [before, during, one.entry([])].map((entry) => one.ledger.isDead(entry))]).toEqual([
      [true, true],
      [true, true, false],
    ]);
  });

  it("is not lost where the name seen last was marked again", async () => {
    const [shared, one, other] = await twoNodes();
    await one.log.mark(["t|a"]);
    await other.advance(1);
    await other.lookUp();
    await one.log.mark(["t|a"]);
    await other.advance(1);
    await other.lookUp();

    expect([other.errors, shared.all().length]).toEqual([[], 2]);
  });

  it.each(["t|a", "r|/a", "~t|a", "~r|/a"])(
    "is not lost where it has forgotten the oldest: %s",
    async (name) => {
      const [shared, one, other] = await twoNodes();
      await one.log.mark([name]);
      await other.advance(1);
      await other.lookUp();
      const entry = other.entry([]);
      shared.most = 10;
      await one.log.mark(Array.from({ length: 20 }, (_, index) => `t|${index}`));
      await other.advance(1);
      await other.lookUp();

      expect([other.errors, other.ledger.isDead(entry)]).toEqual([[], false]);
    },
  );

  it("is not lost where a mark by key has gone after 10 minutes, of which this process has seen nothing", async () => {
    const [shared, one, other] = await twoNodes();
    await one.log.mark(["k|a"]);
    await other.advance(1);
    await other.lookUp();
    const entry = other.entry([]);
    shared.now += 601e6;
    await one.log.mark(["k|b"]);
    shared.forget("k|a");
    await other.advance(601);
    await other.lookUp();

    expect([other.errors, other.ledger.isDead(entry)]).toEqual([[], false]);
  });
});

describe("a soft mark", () => {
  it("counts from when this process has learned of it", async () => {
    const [shared, one, other] = await twoNodes();
    const entry = other.entry(["t|a"]);
    await one.log.mark(["~t|a"]);
    await other.advance(7);
    await other.lookUp();
    const late = new LogNode(shared);
    await late.advance(100);
    await late.lookUp();

    expect([one, other, late].map((node) => node.ledger.staleSince(entry))).toEqual([
      one.clock.now(),
      other.clock.now(),
      Math.floor(shared.now / 1000),
    ]);
    expect(other.ledger.isDead(entry)).toBe(false);
  });

  it("that a process has begun itself, slowly, comes before its first request, and what is marked meanwhile after it", async () => {
    const shared = new SharedLog();
    const node = new LogNode(shared);
    node.link = "held";
    const arrivedAt = node.log.arrive();
    const looking = node.lookUp();
    node.clock.advance(0.09);
    node.link = "up";
    const add = node.addMarks.bind(node);
    node.addMarks = async (...given) => {
      const last = await add(...given);
      shared.add(["t|a"], 0);
      return last;
    };
    await node.release();
    await looking;

    expect(["t|a", "t|b"].map((name) => node.hasChanged(name, arrivedAt))).toEqual([true, false]);
  });

  it("counts from now where the clock of a process is behind", async () => {
    const [shared, one] = await oneNode();
    const entry = one.entry(["t|a"]);
    await one.log.mark(["~t|a"]);
    const late = new LogNode(shared, { skewMs: -3_600_000 });
    await late.lookUp();

    expect(late.ledger.staleSince(entry)).toBe(late.clock.now());
  });

  it("that was read twice counts once", async () => {
    const [, one, other] = await twoNodes();
    const entry = one.entry(["t|a"]);
    await one.log.mark(["~t|a"]);
    const since = one.ledger.staleSince(entry);
    await one.advance(10);
    await one.lookUp();
    await other.log.mark(["~t|b"]);
    await one.advance(10);
    await one.lookUp();

    expect(one.ledger.staleSince(entry)).toBe(since);
  });
});

describe("a request that arrives", () => {
  it("comes before what is marked elsewhere while its guards run", async () => {
    const [, one, other] = await twoNodes();
    const arrivedAt = other.log.arrive();
    await one.log.mark(["t|a"]);
    await other.advance(1);
    await other.lookUp();

    expect(["t|a", "t|b"].map((name) => other.hasChanged(name, arrivedAt))).toEqual([true, false]);
  });

  it("comes after what was marked elsewhere before, though this process has not heard of it", async () => {
    const [, one, other] = await twoNodes();
    await one.log.mark(["t|a"]);
    await other.advance(3600);

    const arrivedAt = other.log.arrive();
    await other.lookUp();

    expect([other.ledger.size, other.hasChanged("t|a", arrivedAt)]).toEqual([1, false]);
  });

  it.each([
    ["10 seconds", 10.1, false],
    ["less", 9.9, true],
  ])(
    "while a slow first poll is under way comes after marks of %s before, so that it is stored",
    async (_what, seconds, hasChanged) => {
      const [shared, one] = await oneNode();
      await one.log.mark(["t|a"]);
      const late = new LogNode(shared, { skewMs: seconds * 1000 });
      late.link = "held";
      const arrivedAt = late.log.arrive();
      const looking = late.lookUp();
      late.clock.advance(0.09);
      await late.release();
      late.link = "up";
      await late.release();
      await looking;

      expect([late.ledger.size, late.hasChanged("t|a", arrivedAt)]).toEqual([1, hasChanged]);
    },
  );

  it("comes before all that a slow poll returns, which may have waited itself", async () => {
    const [, one, other] = await twoNodes();
    await other.advance(1);
    other.link = "held";
    const arrivedAt = other.log.arrive();
    await one.log.mark(["t|a"]);
    other.clock.advance(0.011);
    other.link = "up";
    await other.release();
    await other.lookUp();

    expect([other.ledger.size, other.hasChanged("t|a", arrivedAt)]).toEqual([1, true]);
  });

  it("comes before what is marked here afterwards, also where the poll that it has sent returns that", async () => {
    const [, , node] = await twoNodes();
    await node.advance(1);
    node.link = "held";
    const arrivedAt = node.log.arrive();
    node.link = "up";
    await node.log.mark(["t|a"]);
    await node.release();
    const between = node.log.arrive();

    expect([arrivedAt, between].map((arrival) => node.hasChanged("t|a", arrival))).toEqual([true, false]);
  });

  it("comes before everything where it waited for too long to be remembered", async () => {
    const [, , node] = await twoNodes();
    const arrivedAt = node.log.arrive();
    for (let index = 0; index < 2000; index++) await node.log.mark(["t|b"]);

    expect(node.hasChanged("t|a", arrivedAt)).toBe(true);
  });
});

describe("clocks", () => {
  it.each([3600, -3600])("that are %s s off change nothing", async (skew) => {
    const shared = new SharedLog();
    const [one, odd] = [new LogNode(shared), new LogNode(shared, { skewMs: skew * 1000 })];
    await one.lookUp();
    await odd.lookUp();
    const entries = [one.entry(["t|a"]), odd.entry(["t|a"])];
    await odd.log.mark(["t|a"]);
    const after = odd.entry(["t|a"]);
    await one.advance(1);
    await one.lookUp();
    const effect = [...entries, after].map((entry) => [one.ledger.isDead(entry), odd.ledger.isDead(entry)]);

    expect(effect).toEqual([
      [true, true],
      [true, true],
      [false, false],
    ]);
  });

  it("of the server may be set back: positions still grow", async () => {
    const [shared, one] = await oneNode();
    shared.now -= 3600e6;
    const entry = one.entry(["t|a"]);
    await one.log.mark(["t|a"]);

    expect([one.ledger.isDead(entry), one.ledger.isDead(one.entry(["t|a"]))]).toEqual([true, false]);
  });
});
