import { once } from "node:events";
import { Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { StandIn } from "../../../src/adapters/node/detached-socket.ts";

describe("a connection without anybody at its other end", () => {
  it("can be reset as any", async () => {
    const standIn = new StandIn(new Socket());
    const closed = once(standIn, "close");
    expect(standIn.resetAndDestroy()).toBe(standIn);
    await closed;
    expect(standIn.destroyed).toBe(true);
  });

  it("takes nothing until the moment that it waits for", async () => {
    const standIn = new StandIn(new Socket());
    let arrive = (): void => undefined;
    standIn.waitFor(new Promise((resolve) => (arrive = resolve)));
    const taken: string[] = [];
    const written = new Promise<void>((resolve) => {
      standIn.write("a", () => {
        taken.push("taken");
        resolve();
      });
    });
    await new Promise(setImmediate);
    expect(taken).toEqual([]);
    arrive();
    await written;
    expect(taken).toEqual(["taken"]);
  });
});
