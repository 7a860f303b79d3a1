import { describe, expect, it } from "vitest";
import { BodyCapture } from "../../src/core/storing/body-capture.ts";
import { Flights } from "../../src/core/flight/flights.ts";
import { PurgeFence } from "../../src/core/invalidation/purge-fence.ts";
import { platformDigest } from "../../src/platform.ts";
import { testClock } from "../../src/testing/clock.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("captured content", () => {
  it("is the parts in order, and its digest is that of the whole", () => {
    const digest = platformDigest(new Uint8Array());
    const whole = digest.hasher();
    whole.update("one two");
    const capture = new BodyCapture(100, digest, testClock());
    capture.write("one ");
    capture.write(bytes("two"));

    expect(capture.end("7")).toEqual({ body: bytes("one two"), digest: whole.finish() });
  });

  it("has no digest where its handler gave a tag", () => {
    const capture = new BodyCapture(100, undefined, testClock());

    expect(capture.end(undefined)).toEqual({ body: new Uint8Array(), digest: undefined });
  });

  it("may be exactly as large as the limit", () => {
    const capture = new BodyCapture(3, undefined, testClock());

    expect([capture.write("abc"), capture.write("d"), capture.write(""), capture.end(undefined)]).toEqual([
      undefined,
      "too-large",
      "too-large",
      "too-large",
    ]);
  });

  it.each([["2"], ["4"], ["03"], ["3, 3"], ["x"], [""]])(
    "is truncated where Content-Length says %j of three bytes",
    (length) => {
      const capture = new BodyCapture(10, undefined, testClock());
      capture.write("abc");

      expect(capture.end(length)).toBe("truncated");
    },
  );

  it("keeps the first reason of several", () => {
    const capture = new BodyCapture(10, undefined, testClock());

    expect([capture.refuse("aborted"), capture.refuse("failed"), capture.end(undefined)]).toEqual([
      "aborted",
      "aborted",
      "aborted",
    ]);
  });

  it("is a copy of a view into a larger buffer, and not the buffer", () => {
    const pool = bytes("xxabcxx");
    const capture = new BodyCapture(10, undefined, testClock());
    capture.write(pool.subarray(2, 5));
    pool.fill(0);

    const end = capture.end(undefined) as { body: Uint8Array };

    expect([new TextDecoder().decode(end.body), end.body.buffer.byteLength]).toEqual(["abc", 3]);
  });
});

describe("a flight", () => {
  it("lands once: the first word counts", async () => {
    const flight = new Flights().lead("k");
    const waiting = flight.wait(testClock(), 1000);

    flight.land({ kind: "alone" });
    flight.land({ kind: "again" });

    expect(await waiting).toEqual({ kind: "alone" });
  });

  it("that has landed holds nobody up", async () => {
    const flight = new Flights().lead("k");
    flight.land({ kind: "alone" });
    const clock = testClock();

    expect([await flight.wait(clock, 1000), clock.pending]).toEqual([{ kind: "alone" }, 0]);
  });

  it("is found until it lands", () => {
    const flights = new Flights();
    const flight = flights.lead("k");
    const during = flights.find("k");

    flight.land({ kind: "alone" });

    expect([during, flights.find("k")]).toEqual([flight, undefined]);
  });

  it("does not take away the one that took its place", () => {
    const flights = new Flights();
    const first = flights.lead("k");
    const second = flights.lead("k");

    first.land({ kind: "alone" });

    expect(flights.find("k")).toBe(second);
  });
});

describe("the fence around a purge", () => {
  it("marks each fill of the resource, and tells it at once", () => {
    const fence = new PurgeFence();
    const told: string[] = [];
    const tickets = ["a", "a", "b"].map((key) => fence.enter(key, () => told.push(key)));

    fence.purge("a");

    expect([tickets.map(({ purged }) => purged), told]).toEqual([
      [true, true, false],
      ["a", "a"],
    ]);
  });

  it("marks every fill", () => {
    const fence = new PurgeFence();
    const tickets = ["a", "b"].map((key) => fence.enter(key, () => undefined));

    fence.purgeAll();

    expect(tickets.map(({ purged }) => purged)).toEqual([true, true]);
  });

  it("does not mark a fill that is over, and forgets it", () => {
    const fence = new PurgeFence();
    const told: string[] = [];
    const tickets = ["first", "second"].map((name) => fence.enter("a", () => told.push(name)));
    tickets[0]!.leave();
    tickets[0]!.leave();
    fence.purge("a");
    tickets[1]!.leave();
    tickets[1]!.leave();

    fence.purge("a");

    expect(told).toEqual(["second"]);
  });
});
