import assert from "node:assert/strict";
import { assertHit, assertMiss, parseCacheStatus } from "./outcome.ts";
import { bytes, cached, stream, text } from "./routes.ts";
import type { Scenarios } from "./stage.ts";
import { assertNext, restOf, sourceOf } from "./source.ts";
import type { ContractResponse, ContractRequest } from "../adapter-harness.ts";
import type { Answer } from "./client.ts";

/** Only the handler's own fields are stored and replayed (hazards 12 and 13). */
export const fields: Scenarios = {
  "a field of earlier middleware has its current value on every hit": async (stage) => {
    let count = 0;
    const earlier = (): Record<string, string> => ({
      "x-count": String(++count),
      "x-request-id": `id-${count}`,
    });
    const { get } = await stage.site([cached("/a", undefined, { ttl: 60 }, { earlier })]);
    await get("/a");
    const hit = await get("/a");
    assertHit(hit);
    assert.deepEqual([hit.header("x-count"), hit.header("x-request-id")], ["2", "id-2"]);
  },

  "a field of earlier middleware is not stored": async (stage) => {
    let isOn = true;
    const earlier = (): Record<string, string> => (isOn ? { "x-once": "1", "set-cookie": "sid=1" } : {});
    const { get } = await stage.site([cached("/a", undefined, { ttl: 60 }, { earlier })]);
    assertMiss(await get("/a"));
    isOn = false;
    const hit = await get("/a");
    assertHit(hit);
    assert.deepEqual([hit.header("x-once"), hit.lines("set-cookie")], [undefined, []]);
  },

  "CORS fields of earlier middleware are not replayed to another origin": async (stage) => {
    let origin = "https://one.test";
    const earlier = (): Record<string, string> => ({ "access-control-allow-origin": origin, vary: "Origin" });
    const { get } = await stage.site([cached("/a", undefined, { ttl: 60 }, { earlier })]);
    await get("/a", { origin });
    origin = "https://two.test";
    const hit = await get("/a", { origin });
    assertHit(hit);
    assert.equal(hit.header("access-control-allow-origin"), "https://two.test");
    assert.match(hit.header("vary") ?? "", /origin/i);
  },

  "CORS fields of the handler are not sent to another origin, with or without Vary": async (stage) => {
    const allow = (request: ContractRequest): ContractResponse =>
      text("a", { "access-control-allow-origin": request.header("origin") ?? "null" });
    const { get } = await stage.site([cached("/a", allow)]);
    const [one, two] = [{ origin: "https://one.test" }, { origin: "https://two.test" }];
    const answers = [await get("/a", one), await get("/a", two), await get("/a", one)];
    assertHit(answers[2] as Answer);
    assert.deepEqual(
      answers.map((answer) => answer.header("access-control-allow-origin")),
      [one.origin, two.origin, one.origin],
    );
    for (const answer of answers) assert.match(answer.header("vary") ?? "", /origin/i);
  },

  "a stream with CORS fields for one origin is not followed from another": async (stage) => {
    const source = sourceOf(stage, ["one ", "two"]);
    const answering = (request: ContractRequest, run: number): ContractResponse => {
      const headers = { "access-control-allow-origin": request.header("origin") ?? "null" };
      return run === 1 ? stream(() => source.parts(), headers) : text("own", headers);
    };
    const { client, get } = await stage.site([cached("/a", answering)]);
    source.letGo(1);
    const leader = await client.open({ path: "/a", headers: { origin: "https://one.test" } });
    await assertNext(leader, "one ", "the leader");
    const same = await client.open({ path: "/a", headers: { origin: "https://one.test" } });
    const other = await get("/a", { origin: "https://two.test" });
    source.finish();
    assert.deepEqual([other.text, other.header("access-control-allow-origin")], ["own", "https://two.test"]);
    assert.equal((await restOf(same)).toString(), "one two");
    for (const answer of [leader, same]) assert.match(answer.header("vary") ?? "", /origin/i);
  },

  "a session cookie of earlier middleware is never sent to another user": async (stage) => {
    let session = 0;
    const earlier = (): Record<string, string> => ({ "set-cookie": `sid=${++session}` });
    const answer = text("a", { "set-cookie": ["theme=dark", "lang=en"] });
    const { get } = await stage.site([cached("/a", answer, { ttl: 60, setCookie: "store" }, { earlier })]);
    const [miss, hit] = [await get("/a"), await get("/a")];
    assertHit(hit);
    assert.deepEqual(miss.lines("set-cookie"), ["sid=1", "theme=dark", "lang=en"]);
    assert.deepEqual(hit.lines("set-cookie"), ["sid=2", "theme=dark", "lang=en"]);
  },

  'setCookie "store" replays every cookie, in order': async (stage) => {
    const answer = text("a", { "set-cookie": ["b=1; Path=/", "a=2; Expires=Thu, 01 Jan 2032 00:00:00 GMT"] });
    const { get } = await stage.site([cached("/a", answer, { ttl: 60, setCookie: "store" })]);
    await get("/a");
    const hit = await get("/a");
    assertHit(hit);
    assert.deepEqual(hit.lines("set-cookie"), ["b=1; Path=/", "a=2; Expires=Thu, 01 Jan 2032 00:00:00 GMT"]);
  },

  'setCookie "strip" sends the cookie to its own client only': async (stage) => {
    const answer = text("a", { "set-cookie": "sid=1" });
    const { get, store } = await stage.site([cached("/a", answer, { ttl: 60, setCookie: "strip" })]);
    const [miss, hit] = [await get("/a"), await get("/a")];
    assertHit(hit);
    assert.deepEqual([miss.lines("set-cookie"), hit.lines("set-cookie")], [["sid=1"], []]);
    assert.doesNotMatch(JSON.stringify(store.log), /sid=1/);
  },

  "a field that earlier middleware and the handler set has the handler's value": async (stage) => {
    const route = cached(
      "/a",
      text("a", { "x-who": "handler" }),
      { ttl: 60 },
      { earlier: () => ({ "x-who": "middleware" }) },
    );
    const { get } = await stage.site([route]);
    const [miss, hit] = [await get("/a"), await get("/a")];
    assert.deepEqual([miss.header("x-who"), hit.header("x-who")], ["handler", "handler"]);
  },

  "a field with several values keeps them all, in order": async (stage) => {
    const links = ["</b>; rel=next", "</c>; rel=last"];
    const { get } = await stage.site([cached("/a", text("a", { link: links }))]);
    const [miss, hit] = [await get("/a"), await get("/a")];
    assertHit(hit);
    assert.deepEqual([miss.header("link"), hit.header("link")], [links.join(", "), links.join(", ")]);
  },

  "Date is never replayed": async (stage) => {
    const { get } = await stage.site([cached("/a", text("a", { date: "Thu, 01 Jan 2026 00:00:00 GMT" }))]);
    await get("/a");
    const hit = await get("/a");
    assertHit(hit);
    assert.notEqual(hit.header("date"), "Thu, 01 Jan 2026 00:00:00 GMT");
  },

  "a field about one exchange is sent to its own client and never replayed": async (stage) => {
    const names = ["server-timing", "traceresponse", "clear-site-data"];
    const { get } = await stage.site([
      cached("/a", text("a", Object.fromEntries(names.map((name) => [name, '"x"'])))),
    ]);
    const [miss, hit] = [await get("/a"), await get("/a")];
    assertHit(hit);
    for (const name of names) assert.deepEqual([miss.header(name), hit.header(name)], ['"x"', undefined]);
  },

  "connection fields, and those that Connection names, are never replayed": async (stage) => {
    const answer = text("a", {
      connection: "close, x-hop",
      "x-hop": "1",
      "keep-alive": "timeout=1234",
      "proxy-authenticate": "Basic",
      "x-kept": "1",
    });
    const { get } = await stage.site([cached("/a", answer)]);
    await get("/a");
    const hit = await get("/a");
    assertHit(hit);
    assert.equal(hit.header("x-kept"), "1");
    assert.equal(hit.header("x-hop"), undefined);
    assert.equal(hit.header("proxy-authenticate"), undefined);
    assert.doesNotMatch(hit.header("keep-alive") ?? "", /1234/);
    assert.doesNotMatch(hit.header("connection") ?? "", /x-hop/);
  },

  "8-bit field values are replayed unchanged": async (stage) => {
    // Bytes, because Node writes the head in UTF-8 together with content that is text.
    const answer = { headers: { "x-name": "caf\u00E9 \u00FF" }, body: bytes("a") };
    const { get } = await stage.site([cached("/a", answer)]);
    const [miss, hit] = [await get("/a"), await get("/a")];
    assert.deepEqual([miss.header("x-name"), hit.header("x-name")], ["caf\u00E9 \u00FF", "caf\u00E9 \u00FF"]);
  },

  "the status header can be renamed, and both status fields can be turned off": async (stage) => {
    const named = await stage.site([cached("/a")], {
      statusHeader: { name: "X-Proxy", hit: "yes", miss: "no" },
    });
    assert.equal((await named.get("/a")).header("x-proxy"), "no");
    assert.equal((await named.get("/a")).header("x-proxy"), "yes");
    const silent = await stage.site([cached("/a")], { statusHeader: false, cacheStatus: false });
    await silent.get("/a");
    const hit = await silent.get("/a");
    assert.deepEqual(
      [hit.text, hit.header("x-cache"), hit.header("cache-status")],
      ["run 1", undefined, undefined],
    );
  },

  "the handler's own X-Cache and Cache-Status are not mistaken for this cache's": async (stage) => {
    const answer = text("a", { "x-cache": "HIT from origin", "cache-status": "inner;hit" });
    const { get } = await stage.site([cached("/a", answer)]);
    const [miss, hit] = [await get("/a"), await get("/a")];
    assertMiss(miss);
    assertHit(hit);
    const names = parseCacheStatus(hit.header("cache-status") ?? "").map(({ cache }) => cache);
    assert.deepEqual(names, ["inner", "caching-route"]);
  },
};
