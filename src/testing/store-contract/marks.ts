import assert from "node:assert/strict";
import type { Mark, Marks, Store } from "../../index.ts";
import { ODD_TEXTS } from "./names.ts";
import { assertRead, entryOf, read } from "./sample.ts";
import type { StoreScenarios } from "./sample.ts";

/** The log of invalidations, of stores that have one. */
export const marks: StoreScenarios = {
  "reading a log that is absent returns an empty list": async (store) => {
    assert.deepEqual(await marksOf(store).read(0), []);
  },

  "adding no names begins an absent log with a mark of everything": async (store) => {
    const last = await marksOf(store).add([], 0);
    assert.deepEqual(await logOf(store), [{ name: "*", position: last }]);
  },

  "adding no names to a log changes nothing and returns its last position": async (store) => {
    const last = await marksOf(store).add(["t|a"], 0);
    const before = await logOf(store);
    assert.equal(await marksOf(store).add([], last + 1000), last);
    assert.deepEqual(await logOf(store), before);
  },

  "names begin an absent log with a mark of everything below them": async (store) => {
    const last = await marksOf(store).add(["t|a"], 0);
    const [all, tag, ...others] = await logOf(store);
    assert.deepEqual([all?.name, tag, others], ["*", { name: "t|a", position: last }, []]);
  },

  "each name has a position of its own, above the given one, above all others, and in order": async (
    store,
  ) => {
    const first = await marksOf(store).add(["t|a"], 0);
    const above = first + 1_000_000_000;
    const last = await marksOf(store).add(["t|b", "t|c"], above);
    const next = await marksOf(store).add(["t|d"], 0);
    const log = await logOf(store);
    assert.deepEqual(namesOf(log).slice(0, 2), ["*", "t|a"]);
    assert.deepEqual(namesOf(log).slice(2, 4).toSorted(), ["t|b", "t|c"]);
    assert.deepEqual(namesOf(log).slice(4), ["t|d"]);
    assert.ok(log.slice(2).every(({ position }) => position > above));
    assert.deepEqual([log.at(-2)?.position, log.at(-1)?.position], [last, next]);
    assertInOrder(log);
  },

  "positions are whole numbers below 2 to the power of 53": async (store) => {
    await marksOf(store).add(["t|a", "t|b"], 0);
    const last = await marksOf(store).add(["t|c"], 0);
    const positions = (await logOf(store)).map(({ position }) => position);
    assert.ok([...positions, last].every((position) => Number.isSafeInteger(position) && position > 0));
  },

  "the log of a later time begins above that of an earlier one": async (store) => {
    const { position = 0 } = (await marksOf(store).add([], 0), (await logOf(store)).at(-1)) ?? {};
    const year2020 = Date.UTC(2020, 0, 1) * 1000;
    assert.ok(position > year2020, "positions follow the clock: a log that was lost is not begun below it");
  },

  "a name that is marked again moves to its new position": async (store) => {
    await marksOf(store).add(["t|a"], 0);
    await marksOf(store).add(["t|b"], 0);
    const last = await marksOf(store).add(["t|a"], 0);
    const log = await logOf(store);
    assert.deepEqual(namesOf(log), ["*", "t|b", "t|a"]);
    assert.equal(log.at(-1)?.position, last);
  },

  "a name that is given twice at once stands in the log once, at the last position": async (store) => {
    const last = await marksOf(store).add(["t|a", "t|b", "t|a"], 0);
    const log = await logOf(store);
    assert.deepEqual(namesOf(log).toSorted(), ["*", "t|a", "t|b"]);
    assert.equal(log.at(-1)?.position, last);
  },

  "read includes the mark at its position, and none before it": async (store) => {
    await marksOf(store).add(["t|a"], 0);
    const from = await marksOf(store).add(["t|b"], 0);
    const last = await marksOf(store).add(["t|c"], 0);
    assert.deepEqual(await marksOf(store).read(from), [
      { name: "t|b", position: from },
      { name: "t|c", position: last },
    ]);
    assert.deepEqual(await marksOf(store).read(from + 1), [{ name: "t|c", position: last }]);
    assert.deepEqual(await marksOf(store).read(last + 1), []);
  },

  "marks of all kinds, of keys too, come in one order": async (store) => {
    const names = ["t|a", "k|a", "~k|b", "r|GET /a", "k|b", "~t|a", "u|http://a/", "*", "k|c", "t|", "~*"];
    for (const name of names) await marksOf(store).add([name], 0);
    const log = await logOf(store);
    assert.deepEqual(namesOf(log), names);
    const middle = log[4] as Mark;
    assert.deepEqual(await marksOf(store).read(middle.position), log.slice(4));
  },

  "names with any characters, and long ones, stay apart": async (store) => {
    const long = "k".repeat(4000);
    const texts = [...ODD_TEXTS, long, `${long}2`];
    const names = ["t|", "k|", "~t|"].flatMap((kind) => texts.map((text) => kind + text));
    await marksOf(store).add(names, 0);
    assert.deepEqual(namesOf(await logOf(store)).toSorted(), ["*", ...names].toSorted());
  },

  "many marks are read page by page, each from the last position on": async (store) => {
    const names = Array.from({ length: 2500 }, (_, at) => `${at % 2 === 0 ? "t" : "k"}|${at}`);
    await marksOf(store).add(names.slice(0, 2000), 0);
    await marksOf(store).add(names.slice(2000), 0);
    const log = await logOf(store);
    assert.deepEqual(namesOf(log).toSorted(), ["*", ...names].toSorted());
    assertInOrder(log);
  },

  "a page of marks that is not the last is full": async (store) => {
    const { fullPage = LEAST_PAGE } = marksOf(store);
    assert.ok(Number.isSafeInteger(fullPage) && fullPage > 0, "fullPage is a number from 1 up");
    // More marks than a large page has would take long to add.
    const names = Array.from({ length: Math.min(2500, 2 * fullPage + 1) }, (_, at) => `t|${at}`);
    const last = await marksOf(store).add(names, 0);
    for (let from = 0, to = 0; to < last; from = to) {
      const page = await marksOf(store).read(from);
      to = page.at(-1)?.position ?? last;
      assert.ok(page.length >= fullPage || to === last, `${page.length} marks, and there are more`);
    }
  },

  "marks that are added concurrently are all kept, at positions of their own": async (store) => {
    const names = Array.from({ length: 30 }, (_, at) => `t|${at}`);
    const positions = await Promise.all(names.map(async (name) => marksOf(store).add([name], 0)));
    const log = await logOf(store);
    const found = new Map(log.map(({ name, position }) => [name, position]));
    assert.deepEqual(
      names.map((name) => found.get(name)),
      positions,
    );
    assert.equal(log.length, names.length + 1);
    assertInOrder(log);
  },

  "clear keeps the marks, and marks keep the entries": async (store, key) => {
    await store.set(entryOf(key("a")));
    await marksOf(store).add(["t|users"], 0);
    assertRead(await read(store, key("a")), entryOf(key("a")));
    const before = await logOf(store);
    await store.clear();
    assert.deepEqual(await logOf(store), before);
    assert.equal(before.length, 2);
  },
};

/** From how many marks on a page may not be the last, unless the store says it. */
const LEAST_PAGE = 100;

function marksOf({ marks: log }: Store): Marks {
  assert.ok(log !== undefined, "the store has marks");
  return log;
}

/** The whole log, read as the core reads it: from the last position on, until nothing new comes. */
async function logOf(store: Store): Promise<readonly Mark[]> {
  const log: Mark[] = [];
  for (let from = 0; ;) {
    const page = await marksOf(store).read(from);
    const news = page.filter(({ position }) => position > from);
    log.push(...news.map(({ name, position }) => ({ name, position })));
    const last = news.at(-1);
    if (last === undefined) return log;
    from = last.position;
  }
}

function namesOf(log: readonly Mark[]): readonly string[] {
  return log.map(({ name }) => name);
}

function assertInOrder(log: readonly Mark[]): void {
  const positions = log.map(({ position }) => position);
  const ordered = [...new Set(positions)].toSorted((left, right) => left - right);
  assert.deepEqual(positions, ordered, "each position is above that before it");
}
