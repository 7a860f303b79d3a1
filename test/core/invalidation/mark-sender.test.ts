import { describe, expect, it } from "vitest";
import { oneNode, twoNodes } from "../../support/log-node.ts";

describe("an invalidation", () => {
  it("counts in this process before the log has it, and has the position of the log then", async () => {
    const [shared, node] = await oneNode();
    const entry = node.entry(["t|a"]);
    const soft = node.entry(["t|b"]);
    node.link = "held";
    const marked = Promise.all([node.log.mark(["t|a"]), node.log.mark(["~t|b"])]);
    const during = [node.ledger.isDead(entry), node.ledger.staleSince(soft), node.log.stats().pending];
    node.link = "up";
    await node.release();

    expect([during, await marked, node.log.stats().pending]).toEqual([
      [true, node.clock.now(), 2],
      shared
        .all()
        .slice(1)
        .map(({ position }) => position),
      0,
    ]);
    expect([node.ledger.isDead(entry), node.ledger.staleSince(soft)]).toEqual([true, node.clock.now()]);
    expect(node.ledger.isDead(node.entry(["t|a"]))).toBe(false);
  });

  it.each<[string, readonly string[], string | undefined]>([
    ["t|a", ["t|a"], undefined],
    ["u|* /a", ["u|http://a /a"], undefined],
    ["t|", ["t|x"], undefined],
    ["*", [], undefined],
    ["k|x", [], "x"],
  ])("of %s that is pending reaches what it is about, and only that", async (name, names, key = "a") => {
    const [, node] = await oneNode();
    const entries = [node.entry(names, key), node.entry(["r|/z"], "z")];
    node.link = "held";
    void node.log.mark([name]);

    expect(entries.map((entry) => node.ledger.isDead(entry))).toEqual([true, name === "*"]);
  });

  it("that fails returns nothing, is pending, and is sent again until the log has it", async () => {
    const [, one, other] = await twoNodes();
    const entry = one.entry(["t|a"]);
    one.link = "read-only";
    const marked = await one.log.mark(["t|a"]);
    const during = one.entry(["t|a"]);
    await one.advance(0.5);
    const before = [marked, one.ledger.isDead(entry), one.ledger.isDead(during), one.log.stats().pending];
    one.link = "up";
    await one.advance(0.5);
    await other.advance(2);
    await other.lookUp();

    expect([before, other.ledger.isDead(entry), one.log.stats().pending]).toEqual([
      [undefined, true, true, 1],
      true,
      0,
    ]);
    expect([one.ledger.isDead(one.entry(["t|a"])), one.adds.length]).toEqual([false, 4]);
  });

  it("that fails twice is pending once", async () => {
    const [, node] = await oneNode();
    node.link = "read-only";
    await Promise.all([node.log.mark(["t|a"]), node.log.mark(["t|a", "t|a"])]);
    node.link = "up";

    await node.advance(0.5);

    expect([node.log.stats().pending, node.adds.at(-1)]).toEqual([0, ["t|a"]]);
  });

  it("that fails stays pending where the same names reach the log by a call from before", async () => {
    const [shared, node] = await oneNode();
    node.link = "read-only";
    await node.log.mark(["t|a"]);
    node.link = "held";
    await node.advance(0.5);
    await node.release();
    await node.release();
    node.link = "read-only";
    const entry = node.entry(["t|a"]);
    await node.log.mark(["t|a"]);
    node.link = "up";
    await node.release();
    const pending = node.log.stats().pending;
    await node.advance(0.5);

    expect([pending, node.ledger.isDead(entry), node.log.stats().pending, shared.all().length]).toEqual([
      1,
      true,
      0,
      2,
    ]);
  });

  it.each([
    ["many", 10_001, 1],
    ["long", 700, 1000],
  ])("of too %s names that fails becomes one of everything", async (_what, count, length) => {
    const [shared, node] = await oneNode();
    const entry = node.entry([]);
    node.link = "read-only";
    await node.log.mark(Array.from({ length: count }, (_, index) => `t|${index}${"x".repeat(length)}`));
    const before = [node.ledger.isDead(entry), node.log.stats().pending];
    node.link = "up";
    await node.advance(0.5);

    expect([before, shared.all().map(({ name }) => name), node.log.stats().pending]).toEqual([
      [true, 1],
      ["*"],
      0,
    ]);
  });

  it("does not hide what others have marked between", async () => {
    const [, one, other] = await twoNodes();
    const entry = one.entry(["t|b"]);
    await other.log.mark(["t|b"]);
    await one.log.mark(["t|a"]);
    await one.advance(0.1);

    await one.lookUp();

    expect([one.ledger.isDead(entry), one.errors]).toEqual([true, []]);
  });

  it("of no names sends nothing", async () => {
    const [, node] = await oneNode();
    const position = await node.log.mark([]);

    expect([position, node.adds]).toEqual([node.ledger.position, [[]]]);
  });
});

describe("a removal", () => {
  it("marks first, and deletes at the position of the mark", async () => {
    const [shared, node] = await oneNode();

    const removal = await node.log.remove(["a", "b"], ["g|x"], 1000);

    const position = shared.all().at(-1)?.position;
    expect([removal, node.deleted, shared.all().map(({ name }) => name)]).toEqual([
      { removed: 2, position },
      [
        ["a", position],
        ["b", position],
      ],
      ["*", "k|a", "k|b", "g|x"],
    ]);
  });

  it("whose mark fails deletes what it can, and returns at once", async () => {
    const [, node] = await oneNode();
    node.link = "read-only";
    const { position } = node.ledger;

    const removal = await node.log.remove(["a"], [], 1000);

    expect([removal, node.deleted]).toEqual([
      { removed: undefined, position: undefined },
      [["a", position + 1]],
    ]);
    expect(node.ledger.isDead(node.entry([], "a"))).toBe(true);
  });

  it("whose store fails is repeated, with its mark, until it is done", async () => {
    const [shared, node] = await oneNode();
    node.deletes = undefined;
    const removal = await node.log.remove(["a"], [], 1000);
    await node.advance(0.5);
    node.deletes = 1;
    await node.advance(0.5);
    await node.advance(0.5);

    expect([removal.removed, removal.position === undefined, node.deleted.length]).toEqual([
      undefined,
      false,
      3,
    ]);
    expect([node.deleted.at(-1)?.[1], node.log.stats().pending]).toEqual([shared.all().at(-1)?.position, 0]);
  });

  it("does not hold its caller for longer than it is told", async () => {
    const [, node] = await oneNode();
    const removing = node.log.remove(["a"], [], 1000);
    await Promise.resolve();
    node.link = "held";
    await node.advance(0);
    node.clock.advance(1);

    expect(await removing).toMatchObject({ removed: undefined, position: node.ledger.position });
  });
});
