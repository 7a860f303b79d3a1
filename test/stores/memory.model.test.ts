import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Entry, Read } from "../../src/index.ts";
import { besides, fit, seenAfter, weigh } from "./held.ts";
import type { Call } from "./held.ts";
import { entryOf } from "./support.ts";

const key = fc.constantFrom("a", "b", "c", "d", "e", "f", "g", "h");
const variant = fc.constantFrom("1", "2", "3");
const vary = fc.constantFrom([], [], [], ["accept"]);
const size = fc.integer({ min: 0, max: 3000 });

const entry: fc.Arbitrary<Entry> = fc
  .record({ key, variant, vary, size })
  .map(({ size: length, ...parts }) => entryOf(parts.key, { ...parts, body: new Uint8Array(length) }));

const set: fc.Arbitrary<Call> = entry.map((chosen) => ({ does: "set", entry: chosen }));
const get: fc.Arbitrary<Call> = fc.record({ does: fc.constant("get"), key, variant });
const remove: fc.Arbitrary<Call> = fc.record({ does: fc.constant("delete"), key, variant });
const clear: fc.Arbitrary<Call> = fc.constant({ does: "clear" });

const calls = fc.array(
  fc.oneof(
    { weight: 12, arbitrary: set },
    { weight: 12, arbitrary: get },
    { weight: 2, arbitrary: remove },
    { weight: 1, arbitrary: clear },
  ),
  { maxLength: 120, size: "max" },
);

const bounds = fc.record({
  maxBytes: fc.integer({ min: 1, max: 60_000 }),
  maxEntries: fc.integer({ min: 1, max: 20 }),
  maxVariants: fc.integer({ min: 1, max: 3 }),
});

/** These hold after any calls, for any order of eviction. */
describe("the memory store, after any calls", () => {
  it("counts and weighs exactly what it holds, and stays within its bounds", () => {
    always(
      fc.property(bounds, calls, (limits, before) => {
        const { held, stats } = seenAfter(before, limits);

        expect(stats.entries).toBe(held.length);
        expect(stats.bytes).toBe(held.reduce((sum, one) => sum + weigh(one), 0));
        expect(fit(held, limits)).toBe(true);
      }),
    );
  });

  it("holds an entry that is set, and all others but those that it replaced or evicted", () => {
    always(
      fc.property(bounds, calls, entry, (limits, before, added) => {
        fc.pre(weigh(added) <= limits.maxBytes);
        const old = seenAfter(before, limits);
        const stay = besides(old.held, added);

        const { held, stats } = seenAfter([...before, { does: "set", entry: added }], limits);

        expect(held).toContain(added);
        expect([...stay, added]).toEqual(expect.arrayContaining([...held]));
        expect(stats.evictions - old.stats.evictions).toBe(stay.length + 1 - held.length);
      }),
    );
  });

  it("evicts nothing while there is room", () => {
    always(
      fc.property(bounds, calls, entry, (limits, before, added) => {
        const old = seenAfter(before, limits);
        const stay = besides(old.held, added);
        fc.pre(fit([...stay, added], limits));

        const { held, stats } = seenAfter([...before, { does: "set", entry: added }], limits);

        expect(new Set(held)).toEqual(new Set([...stay, added]));
        expect(stats.evictions).toBe(old.stats.evictions);
      }),
    );
  });

  it("returns the entry that was set last under this name, or none", () => {
    always(
      fc.property(bounds, calls, key, variant, (limits, before, name, chosen) => {
        const { held } = seenAfter(before, limits);

        const { answer } = seenAfter([...before, { does: "get", key: name, variant: chosen }], limits);

        const last = held.find((one) => one.key === name && one.variant === chosen);
        expect((answer as Read | undefined)?.body).toBe(last?.body);
      }),
    );
  });

  it("forgets all variants of a key that is deleted, and returns how many they were", () => {
    always(
      fc.property(bounds, calls, key, variant, (limits, before, name, chosen) => {
        const old = seenAfter(before, limits);
        const stay = old.held.filter((one) => one.key !== name);

        const now = seenAfter([...before, { does: "delete", key: name, variant: chosen }], limits);

        expect(now.answer).toBe(old.held.length - stay.length);
        expect(new Set(now.held)).toEqual(new Set(stay));
        expect(now.stats.evictions).toBe(old.stats.evictions);
      }),
    );
  });

  it("holds nothing once it is cleared, and fills up again as an empty one does", () => {
    always(
      fc.property(bounds, calls, calls, (limits, before, after) => {
        const old = seenAfter(before, limits);

        const now = seenAfter([...before, { does: "clear" }, ...after], limits);
        const fresh = seenAfter(after, limits);

        expect(now.held.filter((one) => old.held.includes(one))).toEqual([]);
        expect(now.stats).toEqual({
          ...fresh.stats,
          evictions: old.stats.evictions + fresh.stats.evictions,
        });
      }),
    );
  });
});

function always<T>(property: fc.IProperty<T>): void {
  fc.assert(property, { numRuns: 500 });
}
