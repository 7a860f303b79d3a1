import { describe, expect, it } from "vitest";
import { softened } from "../../../src/core/freshness/softened.ts";
import { entryOf } from "../../support/entry.ts";

const entry = entryOf({
  storedAt: 1000,
  staleAt: 61_000,
  deleteAt: 961_000,
  staleWhileRevalidateUntil: 71_000,
  staleIfErrorUntil: 961_000,
});

const none = (): object => ({});

describe("an entry that is softly invalidated", () => {
  it("is stale from then on, with windows as long as before", () => {
    expect(softened(entry, 5000, none)).toEqual({
      ...entry,
      staleAt: 5000,
      staleWhileRevalidateUntil: 15_000,
      staleIfErrorUntil: 905_000,
    });
  });

  it("stays as it is if it was stale by then", () => {
    expect(softened(entry, 61_000, none)).toBe(entry);
  });

  it("gets no window that it did not have", () => {
    const { staleWhileRevalidateUntil: _, ...bare } = entry;

    expect(softened(bare, 5000, none).staleWhileRevalidateUntil).toBeUndefined();
  });

  it("is one object, so that what is prepared for its hits is prepared once", () => {
    expect(softened(entry, 5000, none)).toBe(softened(entry, 5000, none));
  });

  it("gets its windows from its route if its lifetime has no end", () => {
    const endless = { ...entry, staleAt: Infinity, deleteAt: Infinity, staleIfErrorUntil: Infinity };
    const windowsFrom = (at: number): object => ({ staleIfErrorUntil: at + 3000 });

    expect(softened({ ...endless, staleWhileRevalidateUntil: Infinity }, 5000, windowsFrom)).toMatchObject({
      staleAt: 5000,
      staleIfErrorUntil: 8000,
    });
  });

  it("was made before, if it was stored later: then it is not one that is stale on arrival", () => {
    expect(softened(entry, 500, none)).toMatchObject({ storedAt: 499, staleAt: 500 });
  });

  it("has windows of the same length, whatever fraction of a millisecond `jitter` has left", () => {
    const begin = Date.UTC(2026, 0, 1);
    const fractions = Array.from({ length: 100 }, (_, at) => at / 100);

    const windows = fractions.map((fraction) => {
      const staleAt = begin + 100 + fraction;
      return softened({ ...entry, staleAt, staleIfErrorUntil: staleAt + 500 }, begin, none).staleIfErrorUntil;
    });

    expect(new Set(windows)).toEqual(new Set([begin + 500]));
  });
});
