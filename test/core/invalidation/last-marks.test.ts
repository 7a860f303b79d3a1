import { expect, it } from "vitest";
import { LastMarks } from "../../../src/core/invalidation/last-marks.ts";

it("the last mark of a name counts, in whatever order they come", () => {
  const marks = new LastMarks(10);

  const isNew = [marks.set("a", 2), marks.set("a", 3), marks.set("a", 1)];

  expect([isNew, marks.last("a"), marks.last("b"), marks.size]).toEqual([
    [true, false, false],
    3,
    -Infinity,
    1,
  ]);
});

it("the name that was marked the longest ago is forgotten first", () => {
  const marks = new LastMarks(2);
  for (const [name, position] of [
    ["a", 1],
    ["b", 2],
    ["a", 3],
    ["c", 4],
  ] as const)
    marks.set(name, position);

  expect([[...marks.forgotten()], marks.last("a")]).toEqual([[["b", 2]], 3]);
});

it("long names count for more", () => {
  const marks = new LastMarks(2);
  marks.set("a", 1);
  marks.set("b".repeat(128), 2);

  expect([...marks.forgotten()]).toEqual([["a", 1]]);
});

it("what is older than a position is forgotten", () => {
  const marks = new LastMarks(10);
  marks.set("a", 1);
  marks.set("b", 2);

  expect([[...marks.forgotten(2)], marks.size]).toEqual([[["a", 1]], 1]);
});

it("the oldest is found in whatever order names are marked again", () => {
  const marks = new LastMarks(20);
  const model = new Map<string, number>();
  let seed = 1;
  for (let position = 1; position <= 2000; position++) {
    seed = (seed * 48_271) % 2_147_483_647;
    const name = `t|${seed % 35}`;
    marks.set(name, position);
    model.delete(name);
    model.set(name, position);
    const oldest = position % 7 === 0 ? position - 15 : -Infinity;
    const expected = [...model].filter(([, at], index) => model.size - index > 20 || at < oldest);
    for (const [gone] of expected) model.delete(gone);

    expect([...marks.forgotten(oldest)]).toEqual(expected);
  }
  expect(marks.size).toBe(model.size);
});
