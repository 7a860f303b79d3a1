import { Readable } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import type { FastifyInstance, FastifyReply } from "fastify";
import { describe, expect, it } from "vitest";
import { gate, stage, until } from "./support.ts";

const cached = { cache: { ttl: 60 } };

/** Holds back the first payload that `isHeld` picks until another one has gone past. */
function overtaken(app: FastifyInstance, isHeld: (payload: unknown) => boolean): void {
  const past = gate();
  app.addHook("onSend", async (_request, _reply, payload) => {
    if (isHeld(payload)) await past.opened;
    else past.open();
    return payload;
  });
}

type Twice = (reply: FastifyReply) => void;

describe("a handler that sends twice", () => {
  it.each<[string, Twice]>([
    ["texts", (reply) => void reply.send("first").send("second")],
    ["objects", (reply) => void reply.send({ text: "first" }).send("second")],
    ["streams", (reply) => void reply.send(Readable.from(["first"])).send("second")],
  ])("has nothing stored that was not served: %s", async (_kind, twice) => {
    const { client, cache } = await stage(
      (app) => {
        app.get("/a", cached, (_request, reply) => twice(reply));
      },
      (app) => overtaken(app, (payload) => payload !== "second"),
    );

    const answer = await client.ask({ path: "/a" });
    await pause(20);

    expect(answer.text).toBe("second");
    expect(cache.stats().stored).toBe(0);
  });

  it("has nothing stored of a stream whose place is taken before its first byte", async () => {
    const { client, cache } = await stage((app) => {
      app.get("/a", cached, (_request, reply) => {
        reply.send(Readable.from(["first"])).send("second");
      });
    });

    const answer = await client.ask({ path: "/a" });
    await pause(20);

    expect(answer.text).toBe("second");
    expect(cache.stats().stored).toBe(0);
  });

  it("has nothing stored of a stream whose place is taken while others follow it", async () => {
    const again = gate();
    const goOn = gate();
    const late = async function* (): AsyncGenerator<string> {
      await goOn.opened;
      yield "first";
    };
    const { client, cache } = await stage((app) => {
      app.get("/a", cached, (_request, reply) => {
        reply.send(Readable.from(late()));
        void again.opened.then(() => reply.send("second"));
      });
    });

    const leader = client.ask({ path: "/a" });
    await until(() => cache.stats().outcomes.miss === 1);
    const follower = client.ask({ path: "/a" }).catch(() => undefined);
    await until(() => cache.stats().outcomes.collapsed === 1);
    again.open();
    const answer = await leader;
    goOn.open();
    await follower;

    expect(answer.text).toBe("second");
    expect(cache.stats().stored).toBe(0);
  });

  it("has its first content stored where that is served", async () => {
    let runs = 0;
    const { client } = await stage(
      (app) => {
        app.get("/a", cached, async (_request, reply) => {
          runs++;
          // Without `return`, Fastify sends nothing at all after it.
          reply.send("first");
        });
      },
      (app) => app.addHook("onSend", async (_request, _reply, payload) => payload),
    );

    const answers = [await client.ask({ path: "/a" }), await client.ask({ path: "/a" })];

    expect(answers.map((answer) => [answer.header("x-cache"), answer.text])).toEqual([
      ["MISS", "first"],
      ["HIT", "first"],
    ]);
    expect(runs).toBe(1);
  });

  it("has nothing stored where the first content is sent with the status of the second", async () => {
    const { client, cache } = await stage(
      (app) => {
        app.get("/a", cached, (_request, reply) => {
          reply.send("first").code(503).send("second");
        });
      },
      (app) => app.addHook("onSend", async (_request, _reply, payload) => payload),
    );

    const answer = await client.ask({ path: "/a" });

    expect([answer.status, answer.text, cache.stats().stored]).toEqual([503, "first", 0]);
  });
});
