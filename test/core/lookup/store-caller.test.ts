import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import { StoreCaller } from "../../../src/core/lookup/store-caller.ts";
import type { Calls } from "../../../src/core/lookup/store-caller.ts";
import { testClock } from "../../../src/testing/clock.ts";
import type { TestClock } from "../../../src/testing/clock.ts";
import { settle } from "../../support/kit.ts";
import { systemClock } from "../../../src/platform.ts";

interface Site {
  readonly caller: StoreCaller;
  readonly calls: Calls;
  readonly clock: TestClock;
  readonly seen: string[];
}

function siteOf(isKnown = false): Site {
  const seen: string[] = [];
  const clock = testClock();
  const caller = new StoreCaller("redis", clock, (_error, { operation }) => seen.push(`told ${operation}`));
  const breaker = {
    isKnown: () => isKnown,
    passed: (kind: string) => void seen.push(`passed ${kind}`),
    failed: (kind: string) => void seen.push(`failed ${kind}`),
  };
  return {
    caller,
    calls: { operation: "get", method: "get", deadlineMs: 100, breaker, kind: "lookup" },
    clock,
    seen,
  };
}

const never = (): Promise<string> => new Promise(() => undefined);

describe("a call of a store", () => {
  it("that succeeds is passed on to the breaker", async () => {
    const { caller, calls, seen } = siteOf();

    expect([caller.call(calls, "", () => "now"), await caller.call(calls, "", async () => "later")]).toEqual([
      "now",
      "later",
    ]);
    expect(seen).toEqual(["passed lookup", "passed lookup"]);
  });

  it("that fails is told, and passed on to the breaker after that", () => {
    const { caller, calls, seen } = siteOf();
    void caller.call(calls, "", () => {
      throw new Error("down");
    });

    expect([seen, caller.errors]).toEqual([["told get", "failed lookup"], 1]);
  });

  it("that fails is counted and not told, while it is known that the store is down", async () => {
    const { caller, calls, seen } = siteOf(true);
    await caller.call(calls, "", () => Promise.reject(new Error("down")));

    expect([seen, caller.errors]).toEqual([["failed lookup"], 1]);
  });

  it("that ends late counts once, as failed", async () => {
    const { caller, calls, clock, seen } = siteOf();
    let end = (): void => undefined;
    const result = caller.call(
      calls,
      "none",
      () => new Promise<string>((resolve) => (end = () => resolve("late"))),
    );
    clock.advance(0.1);
    end();
    await settle();

    expect([await result, seen]).toEqual(["none", ["told get", "failed lookup"]]);
  });

  it("calls onLate at the deadline, and what that returns once the store has finished", async () => {
    const { caller, calls, clock } = siteOf();
    const steps: string[] = [];
    let end = (): void => undefined;
    const onLate = (): (() => void) => {
      steps.push("late");
      return () => void steps.push("finished");
    };
    void caller.call(calls, "", () => new Promise<string>((resolve) => (end = () => resolve(""))), onLate);
    clock.advance(0.1);
    const before = [...steps];
    end();
    await settle();

    expect([before, steps]).toEqual([["late"], ["late", "finished"]]);
  });

  it("has no average time before there was an asynchronous lookup", async () => {
    const { caller, calls, clock } = siteOf();
    void caller.call(calls, "", () => "now");
    const before = caller.latency;
    const late = caller.call(calls, "", never);
    clock.advance(0.1);
    await late;

    expect([before, caller.latency]).toEqual([undefined, 100]);
  });
});

describe("a call of a store, by the system clock", () => {
  it("is in time if its result has come while the event loop was busy", async () => {
    const { calls, seen } = siteOf();
    const caller = new StoreCaller("redis", systemClock, () => seen.push("told"));
    const server = createServer((socket) => socket.end("reply")).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const result = caller.call({ ...calls, deadlineMs: 50 }, "none", async () => {
      const [data] = (await once(connect(port, "127.0.0.1"), "data")) as [Buffer];
      return String(data);
    });
    // The child process takes the time in which the reply arrives, and this one notices nothing.
    await once(server, "connection");
    execFileSync("sleep", ["0.1"]);

    expect([await result, seen]).toEqual(["reply", ["passed lookup"]]);
    server.close();
  });
});
