import { once } from "node:events";
import { Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { DetachedSocket } from "../../../src/adapters/node/detached-socket.ts";

describe("a detached socket", () => {
  it("can be reset like any other", async () => {
    const socket = new DetachedSocket(new Socket());
    const closed = once(socket, "close");
    expect(socket.resetAndDestroy()).toBe(socket);
    await closed;
    expect(socket.destroyed).toBe(true);
  });

  it("accepts no write until the promise that holds it is fulfilled", async () => {
    const socket = new DetachedSocket(new Socket());
    let arrive = (): void => undefined;
    socket.holdUntil(new Promise((resolve) => (arrive = resolve)));
    const taken: string[] = [];
    const written = new Promise<void>((resolve) => {
      socket.write("a", () => {
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
