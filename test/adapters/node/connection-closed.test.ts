import { connect } from "node:net";
import type { Socket } from "node:net";
import type { Response } from "express";
import { describe, expect, it } from "vitest";
import { Gate, crowd } from "../express/crowd.ts";
import { until } from "../express/stale-site.ts";
import { versions } from "../express/support.ts";

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
        { maxWait: 600 },
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
