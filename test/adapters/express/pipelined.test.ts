import { connect } from "node:net";
import type { Socket } from "node:net";
import type { Response } from "express";
import { describe, expect, it } from "vitest";
import { Gate, crowd } from "./crowd.ts";
import type { Crowd } from "./crowd.ts";
import { until } from "./stale-site.ts";
import { versions } from "./support.ts";

/** A client that pipelines requests: the first gets no response, and the second is queued behind it. */
function queue(port: string, second: string, more = ""): Socket {
  const socket = connect(Number(port), "127.0.0.1").on("error", () => undefined);
  const head = `host: 127.0.0.1:${port}\r\n`;
  socket.write(
    `GET /slow HTTP/1.1\r\n${head}x-name: leader\r\n\r\nGET ${second} HTTP/1.1\r\n${head}${more}\r\n`,
  );
  return socket;
}

describe.each(versions)(
  "%s: a request that is queued behind another on its connection",
  (_version, express) => {
    it.each<[string, (res: Response) => void]>([
      ["at once", (res) => void res.send("text")],
      ["in parts", (res) => (res.write("te"), void res.end("xt"))],
    ])("may end %s between the end of its connection and the event of it", async (_name, answer) => {
      const open: Response[] = [];
      const gate = new Gate();
      const site = await crowd(
        express,
        async (res, { socket }) => {
          await gate.pass();
          socket.destroy();
          answer(res);
        },
        {},
        [],
        (app) => app.get("/slow", (_req, res) => void open.push(res)),
      );
      queue(site.client.port, "/a");
      await gate.reached;
      const followers = await site.follow(2);
      gate.open();
      expect((await Promise.all(followers)).map(({ text }) => text)).toEqual(["text", "text"]);
      expect([site.handler.runs, site.cache.stats().stored, site.noticed]).toEqual([1, 1, []]);
    });

    it("stops following when its client disconnects", async () => {
      const told: string[] = [];
      const site = await crowd(
        express,
        (res) => {
          res.once("close", () => told.push("closed"));
          res.write("part");
        },
        {},
        [],
        (app) => app.get("/slow", () => undefined),
      );
      const leader = site.client.start({ path: "/a" });
      await until(() => site.handler.runs === 1);
      const queued = queue(site.client.port, "/a");
      await until(() => site.cache.stats().outcomes.collapsed === 1);
      await site.leave(queued);
      leader.destroy();
      await until(() => told.length > 0);
      expect(told).toEqual(["closed"]);
    });

    it("lets others lead once its client has disconnected, though its content was still to come", async () => {
      const site = await crowd(
        express,
        (res) => void (site.handler.runs > 1 && res.send("text")),
        { waitMs: 600_000 },
        [],
        (app) => app.get("/slow", () => undefined),
      );
      const queued = queue(site.client.port, "/a", "content-length: 5\r\n");
      await until(() => site.handler.runs === 1);
      const [follower] = await site.follow(1);
      await site.leave(queued);
      expect((await follower)?.text).toBe("text");
      expect(site.handler.runs).toBe(2);
    });

    it("does not replace a leader once its client has disconnected", async () => {
      const gate = new Gate();
      const site = await crowd(
        express,
        async (_res, req) => {
          await gate.pass();
          req.next?.(new Error("no"));
        },
        {},
        [],
        (app) => app.get("/slow", () => undefined),
      );
      const leader = site.client.ask({ path: "/a" });
      await gate.reached;
      const queued = queue(site.client.port, "/a");
      // A later request is handled after the queued one.
      await site.client.ask({ path: "/b" });
      await site.leave(queued);
      gate.open();
      expect((await leader).status).toBe(500);
      await site.client.ask({ path: "/b" });
      expect(site.handler.runs).toBe(1);
    });
  },
);

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
