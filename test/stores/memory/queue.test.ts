import { describe, expect, it } from "vitest";
import type { Entry } from "../../../src/index.ts";
import { Queue } from "../../../src/stores/memory/queue.ts";
import type { Slot } from "../../../src/stores/memory/queue.ts";

function slots(queue: Queue, ...bytes: readonly number[]): readonly Slot[] {
  return bytes.map((weight) => {
    const slot: Slot = {
      entry: {} as Entry,
      read: undefined,
      bytes: weight,
      name: weight,
      hits: 0,
      queue,
      older: undefined,
      newer: undefined,
    };
    queue.push(slot);
    return slot;
  });
}

/** What is in the queue, the oldest first. */
function drained(queue: Queue): readonly number[] {
  const names: number[] = [];
  for (let slot = queue.oldest; slot !== undefined; slot = queue.oldest) {
    names.push(slot.name);
    queue.remove(slot);
  }
  return names;
}

describe("a queue", () => {
  it("has its entries in order of arrival, and the sum of their bytes", () => {
    const queue = new Queue();
    slots(queue, 1, 2, 4);

    expect([queue.bytes, drained(queue), queue.bytes]).toEqual([7, [1, 2, 4], 0]);
  });

  it.each([
    [0, [2, 4]],
    [1, [1, 4]],
    [2, [1, 2]],
  ])("keeps its order without the entry at %i", (at, left) => {
    const queue = new Queue();
    queue.remove(slots(queue, 1, 2, 4)[at]!);

    expect(drained(queue)).toEqual(left);
  });

  it("takes an entry from another queue", () => {
    const [first, second] = [new Queue(), new Queue()];
    const [slot] = slots(first, 1, 2);
    first.remove(slot!);
    second.push(slot!);

    expect([slot!.queue === second, first.bytes, second.bytes]).toEqual([true, 2, 1]);
  });

  it("is empty after clear", () => {
    const queue = new Queue();
    slots(queue, 1, 2);
    queue.clear();

    expect([queue.bytes, queue.oldest]).toEqual([0, undefined]);
  });
});
