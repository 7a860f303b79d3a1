import assert from "node:assert/strict";
import type { ContractResponse } from "../adapter-harness.ts";
import type { Answer } from "./client.ts";
import { assertHit, assertMiss } from "./outcome.ts";
import { bytes, cached, inTwoParts, stream, text } from "./routes.ts";
import type { Answering } from "./routes.ts";
import { restOf } from "./source.ts";
import type { Scenario, Scenarios, Stage } from "./stage.ts";

const PRINCIPAL = { scope: () => "one" };
const TOLD = { clientCacheControl: "max-age=60" };

/** What clients and caches behind this one are told where the handler sets no `Cache-Control`. */
export const told: Scenarios = {
  "clientCacheControl is sent with a whole response: miss, hit, HEAD, 304": toldAll(TOLD, "max-age=60"),
  "clientCacheControl is sent with a streamed response: miss, hit, HEAD, 304": toldAll(
    TOLD,
    "max-age=60",
    streamed,
  ),
  "a scope function makes a whole response private: miss, hit, HEAD, 304": toldAll(PRINCIPAL, "private"),
  "a scope function makes a streamed response private: miss, hit, HEAD, 304": toldAll(
    PRINCIPAL,
    "private",
    streamed,
  ),
  "clientCacheControl and a scope function add up": toldAll({ ...PRINCIPAL, ...TOLD }, "private, max-age=60"),

  "a client's lifetime begins when it is sent the response, whatever the Age": async (stage) => {
    const { get, clock } = await stage.site([cached("/a", undefined, { ttl: 600, ...TOLD })]);
    await get("/a");
    clock.advance(50);
    const hit = await get("/a");
    assert.deepEqual([hit.header("age"), hit.header("cache-control")], ["50", "max-age=110"]);
  },

  "the handler's own Cache-Control is sent in place of the route's": async (stage) => {
    const answer = text("a", { "cache-control": "max-age=5" });
    const { get } = await stage.site([cached("/a", answer, { ttl: 60, ...PRINCIPAL, ...TOLD })]);
    assert.deepEqual(
      [(await get("/a")).header("cache-control"), (await get("/a")).header("cache-control")],
      ["max-age=5", "max-age=5"],
    );
  },

  "the Cache-Control of earlier middleware is sent in place of the route's": async (stage) => {
    const earlier = (): Record<string, string> => ({ "cache-control": "public, max-age=5" });
    const { get } = await stage.site([
      cached("/a", undefined, { ttl: 60, ...PRINCIPAL, ...TOLD }, { earlier }),
      cached("/stream", streamed, { ttl: 60, ...PRINCIPAL, ...TOLD }, { earlier }),
    ]);
    const answers = [await get("/a"), await get("/a"), await get("/stream"), await get("/stream")];
    assertHit(answers[1] as Answer);
    assert.deepEqual(
      answers.map((answer) => answer.header("cache-control")),
      answers.map(() => "public, max-age=5"),
    );
  },

  "a stale response and a response that others wait for are told of as well": async (stage) => {
    const gate = stage.gate();
    let asked = 0;
    const key = (): string => (asked++, "awaited");
    const aged = cached(
      "/stale",
      async (_, run) => {
        if (run > 1) await gate.opened;
        return text(`run ${run}`);
      },
      { ttl: 10, staleWhileRevalidate: 60, ...PRINCIPAL },
    );
    const awaited = cached(
      "/awaited",
      async (_, run) => {
        await gate.opened;
        return text(`run ${run}`);
      },
      { ttl: 60, key, ...PRINCIPAL },
    );
    const { get, clock } = await stage.site([aged, awaited]);
    await get("/stale");
    clock.advance(11);
    const stale = await get("/stale");
    const waiting = [get("/awaited"), get("/awaited")];
    await stage.until(() => asked === 2, "both requests wait");
    gate.open();
    const answers = [stale, ...(await Promise.all(waiting))];
    assert.deepEqual(
      answers.map((answer) => [answer.text, answer.header("cache-control")]),
      answers.map(() => ["run 1", "private"]),
    );
  },

  "a follower of a stream is told the same": async (stage) => {
    const gate = stage.gate();
    const route = cached("/a", () => inTwoParts(gate, "first ", "last"), { ttl: 60, ...PRINCIPAL, ...TOLD });
    const { client } = await stage.site([route]);
    const leader = await client.open({ path: "/a" });
    const follower = await client.open({ path: "/a" });
    gate.open();
    for (const answer of [leader, follower]) {
      assert.equal(answer.header("cache-control"), "private, max-age=60");
      await restOf(answer);
    }
    assert.equal(route.seen.length, 1);
  },

  "a response that is not stored is told of as private only, and only under a scope function": async (
    stage,
  ) => {
    const cookie: ContractResponse = text("a", { "set-cookie": "sid=1" });
    const failed: ContractResponse = { ...text("a"), status: 500 };
    const { get } = await stage.site([
      cached("/cookie", cookie, { ttl: 60, ...PRINCIPAL, ...TOLD }),
      cached("/failed", failed, { ttl: 60, ...TOLD }),
      cached("/stream", () => ({ ...streamed(), status: 500 }), { ttl: 60, ...TOLD }),
      cached("/passed", text("a"), { ttl: 60, ...TOLD }),
    ]);
    const answers = [
      await get("/cookie"),
      await get("/failed"),
      await get("/stream"),
      await get("/passed", { authorization: "a" }),
    ];
    assert.deepEqual(
      answers.map((answer) => answer.header("cache-control")),
      ["private", undefined, undefined, undefined],
    );
  },

  "a response that passes by a route with a scope function is private, unless its handler sets Cache-Control":
    async (stage) => {
      const own = text("a", { "cache-control": "max-age=5" });
      const { client } = await stage.site([
        cached("/a", text("a"), { ttl: 60, ...PRINCIPAL, ...TOLD }),
        cached("/own", own, { ttl: 60, ...PRINCIPAL, ...TOLD }),
      ]);
      const [head, ofOwn] = [
        await client.ask({ method: "HEAD", path: "/a" }),
        await client.ask({ method: "HEAD", path: "/own" }),
      ];
      assertMiss(head, { detail: "head" });
      assert.deepEqual(
        [head.header("cache-control"), ofOwn.header("cache-control")],
        ["private", "max-age=5"],
      );
    },

  "what clients are told is not stored": async (stage) => {
    const { get, cache } = await stage.site([
      cached("/a", undefined, { ttl: 60, key: () => "a", ...TOLD }),
      cached("/b", streamed, { ttl: 60, key: () => "b", ...TOLD }),
    ]);
    await get("/a");
    await get("/b");
    for (const key of ["a", "b"]) {
      const stored = await cache.get(key);
      assert.equal(stored?.status, 200);
      assert.ok(!stored.fields.some(([name]) => name === "cache-control"));
    }
  },

  "a clientCacheControl function that throws or misreturns fails the request": async (stage) => {
    const returned = cached("/a", undefined, { ttl: 60, clientCacheControl: () => "max-age=1m" });
    const thrown = cached("/b", undefined, {
      ttl: 60,
      clientCacheControl: () => {
        throw new Error("no text");
      },
    });
    const { get, store } = await stage.site([returned, thrown]);
    assert.ok((await get("/a")).status >= 500);
    assert.ok((await get("/b")).status >= 500);
    assert.equal(store.count("set"), 0);
  },
};

function streamed(): ContractResponse {
  return stream(
    async function* () {
      yield bytes("one ");
      yield bytes("two");
    },
    { etag: '"v1"' },
  );
}

function toldAll(
  options: Parameters<typeof cached>[2],
  expected: string,
  answering: Answering = text("whole", { etag: '"v1"' }),
): Scenario {
  return async (stage: Stage) => {
    const { get, client } = await stage.site([
      cached("/a", answering, { ttl: 60, ...options }),
      cached("/b", answering, { ttl: 60, ...options }),
    ]);
    const matching = { "if-none-match": '"v1"' };
    const answers = [
      await get("/a"),
      await get("/a"),
      await client.ask({ method: "HEAD", path: "/a" }),
      await get("/a", matching),
      await get("/b", matching),
    ];
    assertHit(answers[1] as Answer);
    const seen = answers.map((answer) => answer.header("cache-control"));
    assert.deepEqual(
      seen,
      answers.map(() => expected),
    );
    assert.equal(answers[3]?.status, 304);
  };
}
