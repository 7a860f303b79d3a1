import assert from "node:assert/strict";
import { assertHit, assertMiss, ownMember } from "./outcome.ts";
import { cached, plain, text } from "./routes.ts";
import type { Scenarios } from "./stage.ts";

/** A miss, then hits while the response is fresh. */
export const hits: Scenarios = {
  "the first request is a miss; the second is a hit and does not run the handler": async (stage) => {
    const route = cached("/a");
    const { get } = await stage.site([route]);
    const miss = await get("/a");
    const hit = await get("/a");
    assertMiss(miss);
    assert.equal(ownMember(miss).parameters.get("stored"), "?1");
    assertHit(hit);
    assert.equal(hit.status, 200);
    assert.equal(hit.text, miss.text);
    assert.equal(route.seen.length, 1);
  },

  "Age and the ttl of Cache-Status follow the clock": async (stage) => {
    const { get, clock } = await stage.site([cached("/a")]);
    await get("/a");
    assert.equal((await get("/a")).header("age"), "0");
    clock.advance(7);
    const hit = await get("/a");
    assert.equal(hit.header("age"), "7");
    assert.equal(ownMember(hit).parameters.get("ttl"), "53");
  },

  "an entry is fresh for its ttl and no longer": async (stage) => {
    const route = cached("/a", undefined, { ttl: 10 });
    const { get, clock } = await stage.site([route]);
    await get("/a");
    clock.advance(9.999);
    assertHit(await get("/a"));
    clock.advance(0.001);
    assert.equal((await get("/a")).text, "run 2");
    assertHit(await get("/a"));
  },

  "an entry with an infinite ttl is fresh until it is removed": async (stage) => {
    const { get, clock, cache } = await stage.site([cached("/a", undefined, { ttl: Infinity })]);
    await get("/a");
    clock.advance(1e9);
    assertHit(await get("/a"));
    await cache.clear();
    assertMiss(await get("/a"));
  },

  "a ttl function is called with the response": async (stage) => {
    const answer = text("a", { "x-lifetime": "5" });
    const ttl = (head: { header(name: string): string | undefined }): number =>
      Number(head.header("x-lifetime"));
    const { get, clock } = await stage.site([cached("/a", answer, { ttl })]);
    await get("/a");
    clock.advance(4);
    assertHit(await get("/a"));
    clock.advance(1);
    assert.equal((await get("/a")).header("x-cache"), "MISS");
  },

  "a hit has the same status and fields as the miss": async (stage) => {
    const answer = {
      ...text("a", { "x-one": "1", link: "</b>; rel=next", "cache-control": "max-age=9" }),
      status: 200,
    };
    const { get } = await stage.site([cached("/a", answer)]);
    const [miss, hit] = [await get("/a"), await get("/a")];
    assert.deepEqual(lastingFields(hit), lastingFields(miss));
    assert.equal(hit.header("content-length"), "1");
  },

  "a route without cache options is left alone: no field is added or hidden, and nothing is stored": async (
    stage,
  ) => {
    const route = plain("/plain", text("plain"));
    const { get, store } = await stage.site([route, cached("/a")]);
    await get("/plain");
    const answer = await get("/plain", { "if-none-match": '"x"', range: "bytes=0-1" });
    assert.equal(answer.text, "plain");
    assert.equal(route.seen.length, 2);
    for (const name of ["x-cache", "cache-status", "age"]) assert.equal(answer.header(name), undefined, name);
    assert.equal(route.seen[1]?.header("if-none-match"), '"x"');
    assert.equal(route.seen[1]?.header("range"), "bytes=0-1");
    assert.equal(store.log.length, 0);
  },

  "two caches in one application share nothing": async (stage) => {
    const other = stage.cache({ statusHeader: { name: "x-other" }, cacheStatus: "other" });
    const [mine, theirs] = [cached("/a"), cached("/b", undefined, { ttl: 60 }, { cache: other.cache })];
    const { get, cache } = await stage.site([mine, theirs]);
    await get("/a");
    await get("/b");
    assert.equal(other.store.count("set"), 1);
    await cache.clear();
    assertMiss(await get("/a"));
    const hit = await get("/b");
    assert.equal(hit.header("x-other"), "HIT");
    assert.equal(hit.header("x-cache"), undefined);
    assert.match(hit.header("cache-status") ?? "", /^other;hit/);
  },
};

/** The header fields that are the same on the miss and on hits. */
function lastingFields({ rawHeaders }: { readonly rawHeaders: readonly string[] }): readonly string[] {
  const ofOneMessage = [
    "age",
    "cache-status",
    "connection",
    "date",
    "keep-alive",
    "transfer-encoding",
    "x-cache",
  ];
  return rawHeaders
    .flatMap((name, index) => (index % 2 === 0 ? [`${name.toLowerCase()}: ${rawHeaders[index + 1]}`] : []))
    .filter((line) => !ofOneMessage.includes(line.slice(0, line.indexOf(":"))))
    .toSorted();
}
