import { once } from "node:events";
import { Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { DetachedSocket } from "../../../src/adapters/node/detached-socket.ts";

describe("a connection without anybody at its other end", () => {
  it("can be reset as any", async () => {
    const socket = new DetachedSocket(new Socket());
    const closed = once(socket, "close");
    expect(socket.resetAndDestroy()).toBe(socket);
    await closed;
    expect(socket.destroyed).toBe(true);
  });

  it("takes nothing until the moment that it waits for", async () => {
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
