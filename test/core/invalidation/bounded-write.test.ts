import { describe, expect, it } from "vitest";
import { boundedWrite } from "../../../src/core/invalidation/bounded-write.ts";
import { testClock } from "../../../src/testing/clock.ts";

const END = { status: 200 };

describe("a bounded write", () => {
  it("returns at once where there is nothing to wait for", () => {
    const clock = testClock();

    expect([boundedWrite(() => undefined, clock, 1000)(END), clock.pending]).toEqual([undefined, 0]);
  });

  it("is given what the write is given", () => {
    const given: unknown[] = [];
    void boundedWrite((...all: unknown[]) => void given.push(...all), testClock(), 1000)(END, 1, 2);

    expect(given).toEqual([END, 1, 2]);
  });

  it("ends with the invalidation, and leaves no timer", async () => {
    const clock = testClock();
    await boundedWrite(async () => undefined, clock, 1000)(END);

    expect(clock.pending).toBe(0);
  });

  it("ends at its bound where the invalidation does not", async () => {
    const clock = testClock();
    const write = boundedWrite(() => new Promise<void>(() => undefined), clock, 1000)(END);
    clock.advance(1);

    await expect(write).resolves.toBeUndefined();
  });

  it("does not reject", async () => {
    const write = boundedWrite(() => Promise.reject(new Error("down")), testClock(), 1000);

    await expect(write(END)).resolves.toBeUndefined();
  });
});
