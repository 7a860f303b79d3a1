import { expect, it } from "vitest";
import { LogCallers } from "../../../src/core/invalidation/log-callers.ts";
import type { Caller } from "../../../src/core/invalidation/log-callers.ts";

/** A caller whose calls return its own number. */
function callerOf(number: number, probed: number[]): Caller {
  return {
    fullPage: 100,
    readMarks: () => [{ name: "*", position: number }],
    addMarks: () => number,
    delete: () => number,
    probedBy: () => void probed.push(number),
  };
}

it("the first cache that is not closed makes the calls, and has the probes", () => {
  const probed: number[] = [];
  const [one, other] = [callerOf(1, probed), callerOf(2, probed)];
  const callers = new LogCallers(() => undefined);
  callers.join(one);
  callers.join(other);
  const calls = (): unknown => [callers.readMarks(0), callers.addMarks([], 0), callers.delete("a", 0)];
  const before = [calls(), callers.isLast(one)];
  callers.leave(one);
  const after = [calls(), callers.isLast(other)];
  callers.leave(other);
  callers.leave(other);

  expect([before, after, calls()]).toEqual([
    [[[{ name: "*", position: 1 }], 1, 1], false],
    [[[{ name: "*", position: 2 }], 2, 2], true],
    [undefined, undefined, undefined],
  ]);
  expect(probed).toEqual([1, 2]);
});
