import { Readable } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import type { FastifyInstance, preHandlerHookHandler } from "fastify";
import { describe, expect, it } from "vitest";
import { gate, stage, until } from "./support.ts";

const cached = { cache: { ttl: 60 } };

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
        app.get("/a", { cache: { ttl: 60, ...options } }, async () => `content ${++runs}`);
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
        app.get("/a", cached, async () => "content");
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
        app.get("/a", cached, async () => "content");
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
