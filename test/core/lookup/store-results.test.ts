import { describe, expect, it } from "vitest";
import type { Store } from "../../../src/index.ts";
import {
  isCount,
  marksIn,
  memberOf,
  positionIn,
  statsIn,
  wrongResult,
} from "../../../src/core/lookup/store-results.ts";
import { refused } from "../../support/refused.ts";

describe("what a store returned", () => {
  it("is a count from 0 up", () => {
    expect([0, 1.5, -1, Number.NaN, "1", undefined].map(isCount)).toEqual([
      true,
      true,
      false,
      false,
      false,
      false,
    ]);
  });

  it("is its size, without what else it has", () => {
    expect(statsIn("redis", { entries: 1, bytes: 2, evictions: 3, more: 4 })).toEqual({
      entries: 1,
      bytes: 2,
      evictions: 3,
    });
  });

  it.each([[null], [7], [{ entries: 1, bytes: 2 }]])("is no size: %j", (value) => {
    expect(() => statsIn("redis", value)).toThrow(
      refused("ERR_CACHE_STORE_ANSWER", "redis", '"stats"', "counts"),
    );
  });

  it("is a page of marks, copied", () => {
    const page = [{ name: "t|a", position: 1, more: 2 }];
    const marks = marksIn("redis", page);
    page.length = 0;

    expect(marks).toEqual([{ name: "t|a", position: 1 }]);
  });

  it("is a position that is finite and above another", () => {
    expect(positionIn("redis", 7, 6)).toBe(7);
    for (const position of [Infinity, 7, "8"])
      expect(() => positionIn("redis", position, 7)).toThrow(
        refused("ERR_CACHE_STORE_ANSWER", "a position above 7"),
      );
  });

  it("is shown in the error, and its rejection is handled", async () => {
    const { message } = wrongResult("redis", "delete", "a count", Promise.reject(new Error("down")));

    expect(message).toContain('the store redis returned a Promise from "delete" instead of a count');
  });
});

describe("a member of a store", () => {
  it("is read safely", () => {
    const store = {
      name: "odd",
      get shared(): never {
        throw new Error("no");
      },
    } as unknown as Store;

    expect([memberOf(store, "name"), memberOf(store, "shared")]).toEqual(["odd", undefined]);
  });
});
