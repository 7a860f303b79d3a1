import { EventEmitter, once } from "node:events";
import type { Request, Response } from "express";
import { describe, expect, it } from "vitest";
import type { Answer } from "./client.ts";
import { site, until } from "./stale-site.ts";
import { versions } from "./support.ts";

const orStale = { staleIfError: 60 };

const word = ({ status, text }: Answer): unknown[] => [status, text];

const failures: Record<string, (req: Request, res: Response) => unknown> = {
  "a throw": () => {
    throw new Error("no");
  },
  "next(error)": (req) => req.next?.(new Error("no")),
  "a status of 500": (_req, res) => res.status(500).send("broken"),
  "a stream with a status of 503": (_req, res) => (res.status(503).write("bro"), res.end("ken")),
};

describe.each(versions)("%s: staleIfError", (_version, express) => {
  it.each(Object.entries(failures))("replaces %s by the stale response", async (_name, fail) => {
    const { client, clock, handler } = await site(
      express,
      (req, res, run) => (run === 1 ? res.send("run 1") : fail(req, res)),
      orStale,
    );
    await client.ask({ path: "/a" });
    clock.advance(61);
    const answers = await Promise.all(Array.from({ length: 20 }, () => client.ask({ path: "/a" })));
    expect(answers.map(word)).toEqual(Array.from({ length: 20 }, () => [200, "run 1"]));
    expect(handler.runs).toBe(2);
  });

  it("replaces the response of a handler that takes longer than handlerTimeout, which goes on", async () => {
    const told = new EventEmitter();
    const { client, clock, cache } = await site(
      express,
      async (_req, res, run) => {
        if (run > 1) {
          told.emit("runs");
          await once(told, "go");
        }
        res.send(`run ${run}`);
      },
      { ...orStale, handlerTimeout: 2 },
    );
    await client.ask({ path: "/a" });
    clock.advance(61);
    const runs = once(told, "runs");
    const slow = client.ask({ path: "/a" });
    await runs;
    clock.advance(3);
    expect((await slow).text).toBe("run 1");
    told.emit("go");
    await until(() => cache.stats().stored === 2);
    expect((await client.ask({ path: "/a" })).text).toBe("run 2");
  });

  it("sends a response that is no error, as it streams", async () => {
    const told = new EventEmitter();
    const { client, clock, handler } = await site(
      express,
      async (_req, res, run) => {
        res.write(`run ${run} `);
        if (run > 1) await once(told, "go");
        res.end("end");
      },
      orStale,
    );
    await client.ask({ path: "/a" });
    clock.advance(61);
    const answer = await client.open({ path: "/a" });
    const first = await answer.next();
    told.emit("go");
    expect([first, await answer.next(), handler.runs]).toEqual(["run 2 ", "end", 2]);
  });

  it("is forbidden by must-revalidate", async () => {
    const { client, clock } = await site(
      express,
      (_req, res, run) =>
        res
          .status(run === 1 ? 200 : 500)
          .set("cache-control", "must-revalidate")
          .send("text"),
      orStale,
    );
    await client.ask({ path: "/a" });
    clock.advance(61);
    expect((await client.ask({ path: "/a" })).status).toBe(500);
  });
});
