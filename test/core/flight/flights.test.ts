import { describe, expect, it } from "vitest";
import { Flights } from "../../../src/core/flight/flights.ts";
import { platformDigest } from "../../../src/platform.ts";
import { testClock } from "../../../src/testing/clock.ts";

describe("a flight", () => {
  it("lands once: the first word counts", async () => {
    const flight = new Flights().lead("k");
    const waiting = flight.wait(testClock(), 1000);

    flight.land({ kind: "not-shared" });
    flight.land({ kind: "retry" });

    expect(await waiting).toEqual({ kind: "not-shared" });
  });

  it("that has landed holds nobody up", async () => {
    const flight = new Flights().lead("k");
    flight.land({ kind: "not-shared" });
    const clock = testClock();

    expect([await flight.wait(clock, 1000), clock.pending]).toEqual([{ kind: "not-shared" }, 0]);
  });

  it("is found until it lands", () => {
    const flights = new Flights();
    const flight = flights.lead("k");
    const during = flights.find("k");

    flight.land({ kind: "not-shared" });

    expect([during, flights.find("k")]).toEqual([flight, undefined]);
  });

  it("does not take away the one that took its place", () => {
    const flights = new Flights();
    const first = flights.lead("k");
    const second = flights.lead("k");

    first.land({ kind: "not-shared" });

    expect(flights.find("k")).toBe(second);
  });
});

describe("a key whose response could not be shared", () => {
  it("keeps a digest of keys of great length", () => {
    const long = "x".repeat(5000);
    const asked: string[] = [];
    const keyed = (text: string): string => (asked.push(text), `d${text.length}`);
    const flights = new Flights({ ...platformDigest(new Uint8Array()), keyed });
    flights.rememberHitForMiss(long, 1000);

    expect([flights.isHitForMiss(long, 0), flights.isHitForMiss(`${long}y`, 0)]).toEqual([true, false]);
    expect(asked).toHaveLength(3);
  });

  it("ends when its time is up", () => {
    const flights = new Flights();
    flights.rememberHitForMiss("a", 6000);

    expect([5999, 6000, 5999].map((now) => flights.isHitForMiss("a", now))).toEqual([true, false, false]);
  });

  it("is bounded: the oldest are forgotten", () => {
    const flights = new Flights(undefined, 2);
    ["a", "b", "a", "c"].forEach((key) => flights.rememberHitForMiss(key, 1000));

    expect(["a", "b", "c"].map((key) => flights.isHitForMiss(key, 0))).toEqual([true, false, true]);
  });

  it("is forgotten with all others", () => {
    const flights = new Flights();
    flights.rememberHitForMiss("k", Infinity);

    flights.forgetAll();

    expect(flights.isHitForMiss("k", 0)).toBe(false);
  });
});
