import { Readable } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import type { FastifyInstance, FastifyReply, preHandlerHookHandler } from "fastify";
import { describe, expect, it } from "vitest";
import { gate, stage, until } from "./support.ts";

const config = { cache: { ttl: 60 } };

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
        app.get("/a", { config }, (_request, reply) => twice(reply));
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
      app.get("/a", { config }, (_request, reply) => {
        reply.send(Readable.from(["first"])).send("second");
      });
    });

    const answer = await client.ask({ path: "/a" });
    await pause(20);

    expect(answer.text).toBe("second");
    expect(cache.stats().stored).toBe(0);
  });

  it("has nothing stored of such a stream though others follow it", async () => {
    const again = gate();
    const goOn = gate();
    const late = async function* (): AsyncGenerator<string> {
      await goOn.opened;
      yield "first";
    };
    const { client, cache } = await stage((app) => {
      app.get("/a", { config }, (_request, reply) => {
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
        app.get("/a", { config }, async (_request, reply) => {
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

  it("has nothing stored where the first content goes out with the status of the second", async () => {
    const { client, cache } = await stage(
      (app) => {
        app.get("/a", { config }, (_request, reply) => {
          reply.send("first").code(503).send("second");
        });
      },
      (app) => app.addHook("onSend", async (_request, _reply, payload) => payload),
    );

    const answer = await client.ask({ path: "/a" });

    expect([answer.status, answer.text, cache.stats().stored]).toEqual([503, "first", 0]);
  });
});

describe("a guard that answers and returns nothing", () => {
  const refused = { "x-key": "no" };
  const isRefused = (headers: object): boolean => "x-key" in headers;
  const guard: preHandlerHookHandler = async (request, reply) => {
    if (isRefused(request.headers)) reply.code(401).send("refused");
  };
  const slowly = (app: FastifyInstance): unknown =>
    app.addHook("onSend", async (_request, _reply, payload) => {
      await pause(payload === "refused" ? 20 : 1);
      return payload;
    });

  it.each<[string, (app: FastifyInstance) => unknown, object]>([
    ["in onRequest", (app) => app.addHook("onRequest", guard), {}],
    ["in preHandler", (app) => app.addHook("preHandler", guard), {}],
    ["in before", () => undefined, { before: guard }],
  ])("is the answer on a hit as on a miss: %s", async (_where, prepare, options) => {
    let runs = 0;
    const { client } = await stage(
      (app) => {
        app.get("/a", { config: { cache: { ttl: 60, ...options } } }, async () => `content ${++runs}`);
      },
      (app) => {
        slowly(app);
        prepare(app);
      },
    );

    const miss = await client.ask({ path: "/a", headers: refused });
    await client.ask({ path: "/a" });
    const hit = await client.ask({ path: "/a", headers: refused });

    expect([miss, hit].map(({ status, text, header }) => [status, text, header("x-cache")])).toEqual([
      [401, "refused", undefined],
      [401, "refused", undefined],
    ]);
    expect(runs).toBe(1);
  });

  it("may answer with a stream that takes its time", async () => {
    const slow = async function* (): AsyncGenerator<string> {
      await pause(20);
      yield "refused";
    };
    const { client } = await stage(
      (app) => {
        app.get("/a", { config }, async () => "content");
      },
      (app) =>
        app.addHook("onRequest", async (request, reply) => {
          if (isRefused(request.headers)) reply.code(401).send(Readable.from(slow()));
        }),
    );
    await client.ask({ path: "/a" });

    const hit = await client.ask({ path: "/a", headers: refused });

    expect([hit.status, hit.text, hit.header("x-cache")]).toEqual([401, "refused", undefined]);
  });

  it("may answer while the store is asked", async () => {
    const asked = gate();
    const sent = gate();
    const { client, clock, store } = await stage(
      (app) => {
        app.get("/a", { config }, async () => "content");
      },
      (app) => {
        slowly(app);
        app.addHook("onRequest", async (request, reply) => {
          if (!isRefused(request.headers)) return;
          void asked.opened.then(() => {
            reply.code(401).send("refused");
            sent.open();
          });
        });
      },
    );
    await client.ask({ path: "/a" });
    const reads = store.count("get");
    store.mode = "slow";

    const hit = client.ask({ path: "/a", headers: refused });
    await until(() => store.count("get") > reads);
    asked.open();
    await sent.opened;
    clock.advance(0.1);
    const { status, text, header } = await hit;

    expect([status, text, header("x-cache")]).toEqual([401, "refused", undefined]);
  });
});
