import assert from "node:assert/strict";
import type { ContractResponse } from "../adapter-harness.ts";
import { assertHit, assertMiss } from "./outcome.ts";
import { bytes, cached, plain, stream, text } from "./routes.ts";
import type { Answering } from "./routes.ts";
import type { Scenario, Scenarios } from "./stage.ts";

/** Tags that a handler gives its response, by `cacheTags` or by `Cache-Tag`. */
export const tags: Scenarios = {
  "tags that the handler adds invalidate a response that is sent whole": invalidatedBy(["users", "user:1"], {
    ...text("whole"),
    tags: ["users", "user:1"],
  }),
  "tags that the handler adds invalidate a streamed response": invalidatedBy(["users", "user:1"], () => ({
    ...stream(async function* () {
      yield bytes("one ");
      yield bytes("two");
    }),
    tags: ["users", "user:1"],
  })),
  "tags that the handler adds invalidate a response without content": invalidatedBy(["users"], {
    tags: ["users"],
  }),
  "the tags of the route, of the handler and of Cache-Tag add up": invalidatedBy(
    ["of-route", "added", "in-field", "in-field-too"],
    { ...text("a", { "cache-tag": "in-field, in-field-too" }), tags: ["added"] },
  ),

  "Cache-Tag is sent on misses and hits": async (stage) => {
    const { get } = await stage.site([cached("/a", text("a", { "cache-tag": "one, two" }))]);
    const answers = [await get("/a"), await get("/a")];
    assert.deepEqual(
      answers.map((answer) => answer.header("cache-tag")),
      ["one, two", "one, two"],
    );
  },

  'cacheTag: "strip" takes Cache-Tag off: miss, hit, HEAD, 304, stream, and what is not stored': async (
    stage,
  ) => {
    const options = { ttl: 60, cacheTag: "strip" } as const;
    const fields = { "cache-tag": "one, two", etag: '"v1"', "x-other": "kept" };
    const parts = async function* (): AsyncGenerator<Uint8Array> {
      yield bytes("one ");
      yield bytes("two");
    };
    const { get, client, cache } = await stage.site([
      cached("/whole", text("a", fields), options),
      cached("/refused", text("a", { ...fields, "cache-control": "no-store" }), options),
      cached("/empty", { headers: { ...fields, "cache-control": "no-store" } }, options),
      cached("/stream", () => stream(parts, fields), options),
      cached("/refused-stream", () => stream(parts, { ...fields, "cache-control": "no-store" }), options),
    ]);
    const matching = { "if-none-match": '"v1"' };
    const answers = [
      await get("/whole", matching),
      await get("/whole"),
      await get("/whole", matching),
      await client.ask({ method: "HEAD", path: "/whole" }),
      await get("/refused"),
      await get("/empty"),
      await get("/stream"),
      await get("/stream"),
      await get("/refused-stream"),
    ];
    assert.deepEqual(
      answers.map((answer) => answer.header("cache-tag")),
      answers.map(() => undefined),
    );
    assert.deepEqual(
      answers.filter(({ status }) => status === 200).map((answer) => answer.header("x-other")),
      Array.from({ length: 7 }, () => "kept"),
    );
    await cache.invalidate({ tag: "two" });
    assertMiss(await get("/whole"));
  },

  "a response whose Cache-Tag is malformed is not stored": async (stage) => {
    const { get } = await stage.site([cached("/a", text("a", { "cache-tag": "one two" }))]);
    await get("/a");
    const again = await get("/a");
    assertMiss(again, { detail: "tags" });
    assert.equal(again.header("cache-tag"), "one two");
  },

  "a handler that adds tags works without a cache: uncached, disabled, passed by": async (stage) => {
    const answer = { ...text("a"), tags: ["users"] };
    const { get } = await stage.site([
      plain("/uncached", answer),
      cached("/disabled", answer, { enabled: false }),
      cached("/passed", answer),
    ]);
    const answers = [
      await get("/uncached"),
      await get("/disabled"),
      await get("/passed", { authorization: "a" }),
    ];
    assert.deepEqual(
      answers.map(({ status, text: body }) => [status, body]),
      answers.map(() => [200, "a"]),
    );
    assert.ok(
      answers.every((one) => !one.rawHeaders.some((name) => /tag$/i.test(name) && !/^etag$/i.test(name))),
    );
  },

  "tags that the handler adds to its 304 count; without any, those stored stay": async (stage) => {
    const said = [["first"], [], ["later"]];
    const answering: Answering = (_, run): ContractResponse => ({
      ...(run === 1 ? text("a", { etag: '"v1"' }) : { status: 304 }),
      tags: said[run - 1] ?? [],
    });
    const options = { ttl: 10, revalidate: true, origin: "http://a" };
    const { get, clock, cache } = await stage.site([cached("/a", answering, options)]);
    const stored = async (): Promise<readonly string[] | undefined> =>
      (await cache.explain({ url: "http://a/a" })).entry?.tags;
    const seen: unknown[] = [];
    for (let run = 1; run <= said.length; run++) {
      await get("/a");
      seen.push(await stored());
      clock.advance(11);
    }
    assert.deepEqual(seen, [["first"], ["first"], ["later"]]);
  },

  "tags that the handler adds in a refresh replace those stored": async (stage) => {
    const answering: Answering = (_, run) => ({ ...text(`run ${run}`), tags: [`of-run-${run}`] });
    const route = cached("/a", answering, { ttl: 10, staleWhileRevalidate: 60 });
    const { get, clock, cache, store } = await stage.site([route]);
    await get("/a");
    clock.advance(11);
    await get("/a");
    await stage.until(() => store.count("set") === 2, "the refresh is stored");
    await cache.invalidate({ tag: "of-run-1" });
    const hit = await get("/a");
    assertHit(hit);
    assert.equal(hit.text, "run 2");
    await cache.invalidate({ tag: "of-run-2" });
    assertMiss(await get("/a"));
  },
};

/** Each of the names makes the stored response outdated, and another name does not. */
function invalidatedBy(names: readonly string[], answering: Answering): Scenario {
  return async (stage) => {
    const { get, cache } = await stage.site([cached("/a", answering, { ttl: 60, tags: ["of-route"] })]);
    for (const tag of names) {
      assertMiss(await get("/a"));
      await cache.invalidate({ tag: "another" });
      assertHit(await get("/a"));
      await cache.invalidate({ tag });
    }
    assertMiss(await get("/a"));
  };
}
