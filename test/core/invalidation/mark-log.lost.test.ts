import { describe, expect, it } from "vitest";
import { KEYS_KEPT_MS } from "../../../src/core/invalidation/log-reader.ts";
import { LogNode } from "../../support/log-node.ts";
import { SharedLog } from "../../support/shared-log.ts";

/** A process that has read a log, in which some names are marked. */
async function nodeOn(...names: readonly string[]): Promise<readonly [SharedLog, LogNode]> {
  const shared = new SharedLog();
  const node = new LogNode(shared);
  await node.lookUp();
  if (names.length > 0) shared.add(names, 0);
  await pollOf(node);
  return [shared, node];
}

/** The next poll of a process. */
async function pollOf(node: LogNode): Promise<void> {
  await node.advance(0.1);
  await node.lookUp();
}

/** Whether a process has taken the log for lost, and whether everything from before is dead. */
async function hasNoticed(node: LogNode, names: readonly string[] = []): Promise<readonly [number, boolean]> {
  const entry = node.entry(names);
  await pollOf(node);
  return [node.errors.length, node.ledger.isDead(entry)];
}

const NOTICED = [1, true];
const NOT_NOTICED = [0, false];

describe("a log that was rolled back", () => {
  it("is noticed where the last name that was seen has been marked again since", async () => {
    const [shared, node] = await nodeOn("t|a");
    const rollBack = shared.copy();
    shared.now += 1e6;
    shared.add(["t|b", "t|hot"], 0);
    await pollOf(node);

    rollBack();
    shared.now += 1e6;
    shared.add(["t|hot"], 0);

    expect(await hasNoticed(node)).toEqual(NOTICED);
  });

  it("is noticed by who has only added to it, and reads it for the first time", async () => {
    const shared = new SharedLog();
    const other = new LogNode(shared);
    await other.lookUp();
    const rollBack = shared.copy();
    const node = new LogNode(shared);
    await node.log.mark(["t|a"]);

    rollBack();
    await node.lookUp();
    const entry = other.entry([]);
    await pollOf(other);

    expect([shared.all().at(-1)?.name, other.ledger.isDead(entry)]).toEqual(["*", true]);
  });

  it("is noticed where a name was added here while a read was under way, which had later ones", async () => {
    const [shared, node] = await nodeOn();
    const rollBack = shared.copy();
    await node.advance(0.1);
    node.link = "held";
    const lookup = node.lookUp();
    node.link = "up";
    await node.log.mark(["t|a"]);
    rollBack();
    shared.now += 1e6;
    shared.add(["t|later"], 0);
    await node.release();
    await lookup;

    expect(await hasNoticed(node)).toEqual(NOTICED);
  });

  it("is noticed by the poll that had read what was lost", async () => {
    const [shared, node] = await nodeOn("t|a", "t|b");
    const rollBack = shared.copy();
    shared.now += 1e6;
    shared.add(["t|b", "t|c"], 0);
    await node.advance(0.1);
    node.link = "held";
    const lookup = node.lookUp();
    await node.release();
    rollBack();
    node.link = "up";
    await node.release();
    await lookup;

    expect(node.errors.length).toBe(1);
  });

  it("is told to all by who has noticed it, also where nobody asks any more", async () => {
    const [shared, node] = await nodeOn("t|a");
    shared.lose();
    shared.add(["t|b"], 0);
    await node.advance(0.1);
    node.link = "held";
    const lookup = node.lookUp();
    // The read that finds it is answered, and the next one fails.
    await node.release();
    await node.release();
    await node.fail();
    await lookup;
    node.link = "up";
    for (let probes = 0; probes < 4; probes++) await node.advance(0.5);

    expect([node.errors.length, shared.all().at(-1)?.name]).toEqual([1, "*"]);
  });

  it("is noticed by each name that was added here, once", async () => {
    const [shared, node] = await nodeOn();
    const rollBack = shared.copy();
    await node.log.mark(["t|a", "t|b"]);

    rollBack();
    shared.now += 1e6;
    shared.add(["t|b"], 0);
    const noticed = await hasNoticed(node);
    await pollOf(node);
    await pollOf(node);

    expect([noticed, node.errors.length]).toEqual([NOTICED, 1]);
  });
});

describe("a log that is whole", () => {
  it("is not taken for lost by who has added to it, when others have since", async () => {
    const [shared, node] = await nodeOn();
    await node.log.mark(["t|a"]);
    await pollOf(node);
    shared.add(["t|b"], 0);
    await pollOf(node);

    expect(await hasNoticed(node)).toEqual(NOT_NOTICED);
  });

  it("is not taken for lost where all names have been marked again", async () => {
    const [shared, node] = await nodeOn("t|a", "t|b");
    shared.now += 1e6;
    shared.add(["t|b", "t|a"], 0);

    expect(await hasNoticed(node)).toEqual(NOT_NOTICED);
  });

  it("is not taken for lost when a mark by key has gone out of it, though the last poll was just now", async () => {
    const [shared, node] = await nodeOn("k|a");
    shared.now += KEYS_KEPT_MS * 1000 + 1;
    shared.add(["k|b"], 0);
    shared.forget("k|a");

    expect(await hasNoticed(node)).toEqual(NOT_NOTICED);
  });

  it("is not taken for lost when the names that were added here are forgotten", async () => {
    const [shared, node] = await nodeOn();
    shared.most = 4;
    await node.log.mark(["t|a", "t|b", "t|c", "t|d", "t|e", "t|f", "t|g"]);

    expect(await hasNoticed(node)).toEqual(NOT_NOTICED);
  });
});

describe("a log that cannot be written", () => {
  it("holds a lookup no longer than a read does, where it is not there", async () => {
    const node = new LogNode(new SharedLog());
    node.holdsAdds = true;
    let isOver = false;
    void node.lookUp().then(() => (isOver = true));
    await node.advance(0);

    await node.advance(0.1);

    expect([isOver, node.log.isBlind]).toEqual([true, true]);
  });

  it("holds no lookup where it was lost: everything is dead until it can be", async () => {
    const [shared, node] = await nodeOn("t|a");
    shared.lose();
    shared.add([], 0);
    node.holdsAdds = true;

    expect(await hasNoticed(node)).toEqual(NOTICED);
  });
});

describe("a log that is slow to read", () => {
  it("still tells who arrives after a read what was marked before", async () => {
    const [shared, node] = await nodeOn();
    shared.add(["t|a"], 0);
    node.link = "held";
    await node.advance(0.1);
    const wait = node.lookUp();
    await node.advance(0.02);
    node.link = "up";
    await node.release();
    await wait;

    expect(node.hasChanged("t|a", node.log.arrive())).toBe(false);
  });
});

describe("a request that arrived before an invalidation", () => {
  it("is told from those that came while that was on its way to the log", async () => {
    const [, node] = await nodeOn();
    node.link = "held";
    const before = node.log.arrive();
    const marked = node.log.mark(["t|a"]);
    const after = node.log.arrive();
    node.link = "up";
    await node.release();
    await marked;

    expect([after > before, node.hasChanged("t|a", before)]).toEqual([true, true]);
  });

  it("is told by a mark by key as well", async () => {
    const [shared, node] = await nodeOn();
    const arrivedAt = node.log.arrive();
    shared.add(["k|x"], 0);
    await pollOf(node);
    const at = node.ledger.at(arrivedAt);

    const changed = ["x", "y"].map((key) =>
      node.ledger.hasChanged({ names: [], key }, at, node.ledger.position),
    );

    expect(changed).toEqual([true, false]);
  });
});
