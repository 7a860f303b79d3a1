import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import { Gate, crowd } from "../express/crowd.ts";
import type { Crowd } from "../express/crowd.ts";
import { until } from "../express/stale-site.ts";
import { versions } from "../express/support.ts";

const head = (path: string, port: string, name: string): string =>
  `GET ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nx-name: ${name}\r\n\r\n`;

describe.each(versions)("%s: a request behind a run that goes on without its client", (_version, express) => {
  /** A cached request whose client disconnects while it has a follower, and a second request behind it that listens. */
  function queued(gate: Gate, told: string[]): Promise<Crowd> {
    return crowd(
      express,
      async (res, { socket }) => {
        res.write("te");
        // Not before the second request has begun.
        setImmediate(() => void socket.once("close", () => res.writableEnded || told.push("run disturbed")));
        await gate.pass();
        res.end("xt");
      },
      {},
      [],
      (app) => {
        app.get("/live", (req) => {
          req.socket.once("close", () => told.push("connection closed"));
          told.push("listens");
        });
      },
    );
  }

  it("is told at once that their connection is closed, and the run is not", async () => {
    const gate = new Gate();
    const told: string[] = [];
    const site = await queued(gate, told);
    const { port } = site.client;
    const socket = connect(Number(port), "127.0.0.1").on("error", () => undefined);
    socket.write(head("/a", port, "leader") + head("/live", port, "second"));
    await until(() => told.length > 0);
    const [follower] = await site.follow(1);
    await site.leave(socket);
    const atOnce = [...told];
    gate.open();
    expect((await follower)?.text).toBe("text");
    expect([atOnce, told, site.noticed]).toEqual([["listens", "connection closed"], atOnce, []]);
  });

  it("is told at once that their connection is closed, if it is the next without pipelining", async () => {
    const gate = new Gate();
    const told: string[] = [];
    const site = await queued(gate, told);
    gate.open();
    const { port } = site.client;
    const socket = connect(Number(port), "127.0.0.1").on("error", () => undefined);
    socket.write(head("/a", port, "first"));
    await until(() => site.cache.stats().stored === 1);
    socket.write(head("/live", port, "leader"));
    await until(() => told.length > 0);
    await site.leave(socket);
    expect(told).toEqual(["listens", "connection closed"]);
  });
});
