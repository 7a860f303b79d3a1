import assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import type { ContractResponse } from "../adapter-harness.ts";
import type { Answer, OpenAnswer } from "./client.ts";
import { assertHit, assertMiss, ownMember } from "./outcome.ts";
import { bytes, cached, plain, stream, text } from "./routes.ts";
import { assertNext, restOf, sourceOf } from "./source.ts";
import type { Scenario, Scenarios, Stage } from "./stage.ts";

/** Fields of earlier middleware that the handler changes, and middleware that changes the handler's (hazards 33, 42, 43). */
export const front: Scenarios = {
  "a field that the handler removes is absent from every response: miss, hit, HEAD, 304, 206": lacksRemoved(
    async (site) => {
      const { get, client, etag } = site;
      return [
        await get("/a"),
        await client.ask({ method: "HEAD", path: "/a" }),
        await get("/a", { "if-none-match": etag }),
        await get("/a", { range: "bytes=0-1" }),
      ];
    },
  ),

  "a field that the handler removes is absent from stale responses and from what a refresh stores":
    lacksRemoved(async ({ get, clock, runs }) => {
      clock.advance(61);
      const old = await get("/a");
      await runs(2);
      return [old, await get("/a")];
    }),

  "a field that the handler removes is absent from what followers get": async (stage) => {
    const source = sourceOf(stage, ["one ", "two"]);
    const route = cached("/a", () => ({ ...stream(() => source.parts()), removes: REMOVED }), LASTING, {
      earlier: () => EARLIER,
    });
    const { client, get } = await stage.site([route]);
    source.letGo(1);
    const leader = await client.open({ path: "/a" });
    await assertNext(leader, "one ", "the leader");
    const follower = await client.open({ path: "/a" });
    source.finish();
    for (const answer of [leader, follower]) await restOf(answer);
    for (const answer of [leader, follower, await get("/a")]) assertRemoved(answer);
    assert.equal(route.seen.length, 1, "the handler ran once");
  },

  "a field that the handler removes is absent from a response that is not stored": async (stage) => {
    const answer = { ...text("a", { "cache-control": "no-store" }), removes: REMOVED };
    const route = cached("/a", answer, LASTING, { earlier: () => EARLIER });
    const { get } = await stage.site([route]);
    for (const one of [await get("/a"), await get("/a", { cookie: "a=b" })]) assertRemoved(one);
  },

  "a line that the handler adds to a field follows this request's own lines: miss, hit, HEAD, 206": async (
    stage,
  ) => {
    const { get, client } = await stage.site([cached("/a", ADDING, LASTING, { earlier: counted() })]);
    const answers = [
      await get("/a"),
      await get("/a"),
      await client.ask({ method: "HEAD", path: "/a" }),
      await get("/a", { range: "bytes=0-1" }),
    ];
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 200, 200, 206],
    );
    for (const answer of answers) assertAdded(answer);
    assert.deepEqual(
      answers.map((answer) => answer.header("x-count")),
      ["1", "2", "3", "4"],
    );
  },

  "a line that the handler adds to a field follows this request's own lines: stale, and after a refresh":
    async (stage) => {
      const route = cached("/a", () => ADDING, LASTING, { earlier: counted() });
      const { get, clock, cache } = await stage.site([route]);
      await get("/a");
      clock.advance(61);
      const old = await get("/a");
      assert.match(old.header("cache-status") ?? "", /;hit;ttl=-/);
      await stage.until(() => cache.stats().stored === 2, "the refresh is stored");
      for (const answer of [old, await get("/a"), await get("/a")]) assertAdded(answer);
      assert.equal(route.seen.length, 2);
    },

  "a line that the handler adds to a field follows each follower's own lines": async (stage) => {
    const source = sourceOf(stage, ["one ", "two"]);
    const adding = (): ContractResponse => ({ ...stream(() => source.parts()), ...ADDED });
    const route = cached("/a", adding, LASTING, { earlier: counted() });
    const { client } = await stage.site([route]);
    source.letGo(1);
    const leader = await client.open({ path: "/a" });
    await assertNext(leader, "one ", "the leader");
    const follower = await client.open({ path: "/a" });
    source.finish();
    for (const answer of [leader, follower]) await restOf(answer);
    for (const answer of [leader, follower]) assertAdded(answer);
    assert.equal(route.seen.length, 1, "the handler ran once");
  },

  "a 304 has no field line of another request": async (stage) => {
    const { get } = await stage.site([cached("/a", ADDING, LASTING, { earlier: counted() })]);
    const { header } = await get("/a");
    const same = await get("/a", { "if-none-match": header("etag") ?? "" });
    assert.deepEqual([same.status, same.header("link")], [304, "</front-2>"]);
  },

  "a page whose cookie is added as its head is sent is not shared: sent whole": isNotShared((page) =>
    text(page),
  ),
  "a page whose cookie is added as its head is sent is not shared: sent in parts": isNotShared((page) =>
    stream(async function* () {
      yield bytes(page.slice(0, 3));
      await new Promise(setImmediate);
      yield bytes(page.slice(3));
    }),
  ),

  "a waiting request does not get a page whose cookie is added as its head is sent": async (stage) => {
    const gate = stage.gate();
    let carts = 0;
    let last: string | undefined;
    const route = cached(
      "/a",
      async () => {
        await gate.opened;
        last = `cart=${++carts}`;
        return text(last);
      },
      { ttl: 60 },
      { lateCookies: () => (last === undefined ? [] : [last]) },
    );
    const { get, store, cache } = await stage.site([route]);
    const crowd = [get("/a"), get("/a"), get("/a")];
    await stage.until(() => store.count("get") === 3, "all requests were looked up");
    gate.open();
    const pages = (await Promise.all(crowd)).map((answer) => answer.text);
    assert.deepEqual(pages.toSorted(), ["cart=1", "cart=2", "cart=3"]);
    assert.equal(cache.stats().stored, 0);
  },

  "a later request does not follow a stream whose cookie was added as its head was sent": async (stage) => {
    const source = sourceOf(stage, ["one ", "two"]);
    const answering = (_: unknown, run: number): ContractResponse =>
      run === 1 ? stream(() => source.parts()) : text(`run ${run}`);
    let session = 0;
    const route = cached("/a", answering, { ttl: 60 }, { lateCookies: () => [`sid=${++session}`] });
    const { get, client, store } = await stage.site([route]);
    source.letGo(1);
    const leader = await client.open({ path: "/a" });
    await assertNext(leader, "one ", "the leader");
    assert.equal((await get("/a")).text, "run 2");
    source.finish();
    assert.equal((await restOf(leader)).toString(), "two");
    assert.equal(store.count("set"), 0);
  },

  "a page whose cookie is added as its head is sent is stored without the cookie under a scope function":
    async (stage) => {
      let session = 0;
      const route = cached(
        "/a",
        undefined,
        { ttl: 60, scope: () => "me" },
        { lateCookies: () => (session++ === 0 ? ["sid=1"] : []) },
      );
      const { get } = await stage.site([route]);
      const [miss, hit] = [await get("/a"), await get("/a")];
      assertHit(hit);
      assert.deepEqual([miss.lines("set-cookie"), hit.lines("set-cookie")], [["sid=1"], []]);
    },

  "a hit has the cookie that is added as its own head is sent": async (stage) => {
    let sessions: readonly string[] = [];
    const route = cached("/a", undefined, { ttl: 60 }, { lateCookies: () => sessions });
    const { get } = await stage.site([route]);
    const miss = await get("/a");
    sessions = ["sid=2"];
    const hit = await get("/a");
    assertHit(hit);
    assert.deepEqual([miss.lines("set-cookie"), hit.lines("set-cookie")], [[], ["sid=2"]]);
    assert.equal(route.seen.length, 1);
  },

  "non-ASCII field bytes are the same without a cache, on a miss, on a hit and for followers: text":
    sameBytes(() => "text"),
  "non-ASCII field bytes are the same without a cache, on a miss, on a hit and for followers: non-ASCII text":
    sameBytes(() => "grüße \u{1F980}"),
  "non-ASCII field bytes are the same without a cache, on a miss, on a hit and for followers: long text":
    sameBytes(() => "ü".repeat(9000)),
  "non-ASCII field bytes are the same without a cache, on a miss, on a hit and for followers: an object":
    sameBytes(() => ({ a: "ü" })),
  "non-ASCII field bytes are the same without a cache, on a miss, on a hit and for followers: bytes":
    sameBytes(() => bytes("grüße")),
  "non-ASCII field bytes are the same without a cache, on a miss, on a hit and for followers: no content":
    sameBytes(() => undefined),
  "non-ASCII field bytes are the same without a cache, on a miss, on a hit and for followers: a stream":
    sameBytes(async function* () {
      yield bytes("<p>");
      await new Promise(setImmediate);
      yield bytes("ü</p>");
    }),

  "a strong ETag is not sent with content that middleware encodes": hasWeakTag((headers) =>
    text(LONG, headers),
  ),
  "a strong ETag is not sent with a stream that middleware encodes": hasWeakTag((headers) =>
    stream(async function* () {
      yield bytes(LONG.slice(0, 99));
      await new Promise(setImmediate);
      yield bytes(LONG.slice(99));
    }, headers),
  ),
};

/** The fields of earlier middleware, most of which the handler removes. */
const EARLIER = {
  "x-frame-options": "SAMEORIGIN",
  "set-cookie": "front=1",
  link: ["</a>", "</b>"],
  "x-kept": "1",
};
const REMOVED = ["x-frame-options", "set-cookie", "link"];
const LASTING = { ttl: 60, staleWhileRevalidate: 60 };

interface FrontSite {
  readonly get: (path: string, headers?: Readonly<Record<string, string>>) => Promise<Answer>;
  readonly client: Awaited<ReturnType<Stage["site"]>>["client"];
  readonly clock: Awaited<ReturnType<Stage["site"]>>["clock"];
  /** The stored ETag. */
  readonly etag: string;
  /** Waits until `count` runs of the handler are stored. */
  runs(count: number): Promise<void>;
}

/** The miss, and each hit that `ask` returns, lack the fields that the handler removed. */
function lacksRemoved(ask: (site: FrontSite) => Promise<readonly Answer[]>): Scenario {
  return async (stage) => {
    const route = cached("/a", { ...text("a page"), removes: REMOVED }, LASTING, { earlier: () => EARLIER });
    const { get, client, clock, cache } = await stage.site([route]);
    const miss = await get("/a");
    assertMiss(miss);
    const etag = miss.header("etag") ?? "";
    const runs = (count: number): Promise<void> =>
      stage.until(() => cache.stats().stored === count, `${count} runs are stored`);
    const others = await ask({ get, client, clock, etag, runs });
    for (const answer of others) assert.ok(ownMember(answer).parameters.has("hit"), "it is a hit");
    for (const answer of [miss, ...others]) assertRemoved(answer);
  };
}

function assertRemoved(answer: Answer | OpenAnswer): void {
  assert.deepEqual(
    [...REMOVED, "x-kept"].map((name) => [name, answer.header(name)]),
    [...REMOVED.map((name) => [name, undefined]), ["x-kept", "1"]],
  );
}

const ADDED = { adds: { link: "</own>; rel=next", "x-list": "own" } };
const ADDING = { ...text("a page"), ...ADDED };

/** Earlier middleware that numbers the requests. */
function counted(): () => Record<string, string> {
  let count = 0;
  return () => ({ "x-count": `${++count}`, link: `</front-${count}>`, "x-list": `front-${count}` });
}

function assertAdded(answer: Answer | OpenAnswer): void {
  const count = answer.header("x-count");
  assert.deepEqual(
    [answer.header("link"), answer.header("x-list")],
    [`</front-${count}>, </own>; rel=next`, `front-${count}, own`],
  );
}

/** A handler that changes its session and has the session in its page. */
function isNotShared(answering: (page: string) => ContractResponse): Scenario {
  return async (stage) => {
    let carts = 0;
    let last: string | undefined;
    const page = (): ContractResponse => answering((last = `cart=${++carts}`));
    const route = cached("/a", page, { ttl: 60 }, { lateCookies: () => (last === undefined ? [] : [last]) });
    const { get, cache } = await stage.site([route]);
    const answers = [await get("/a"), await get("/a")];
    assert.deepEqual(
      answers.map((answer) => [answer.text, answer.lines("set-cookie")]),
      ["cart=1", "cart=2"].map((cart) => [cart, [cart]]),
    );
    for (const answer of answers) {
      assertMiss(answer);
      const { parameters } = ownMember(answer);
      assert.match(parameters.get("detail") ?? "", /^(?:late|set)-cookie$/);
      assert.ok(!parameters.has("stored"), "Cache-Status has no stored");
    }
    assert.equal(cache.stats().stored, 0);
  };
}

/** Latin-1, and UTF-8 in the form that Node requires. */
const NON_ASCII = { "x-latin": "caf\u00E9 \u00FF", "x-utf": Buffer.from("雪 café").toString("latin1") };

function sameBytes(body: () => ContractResponse["body"]): Scenario {
  return async (stage) => {
    const respond = (): ContractResponse => {
      const made = body();
      return { headers: NON_ASCII, ...(made !== undefined && { body: made }) };
    };
    const routes = [plain("/plain", respond), cached("/a", respond), cached("/crowd", respond)];
    const { get } = await stage.site(routes);
    const without = await get("/plain");
    const miss = await get("/a");
    const hit = await get("/a");
    const crowd = await Promise.all([get("/crowd"), get("/crowd"), get("/crowd")]);
    const bytesOf = (answer: Answer): unknown => Object.keys(NON_ASCII).map((name) => answer.lines(name));
    for (const answer of [miss, hit, ...crowd]) assert.deepEqual(bytesOf(answer), bytesOf(without));
    // A response whose bytes would differ is not stored.
    if (ownMember(miss).parameters.get("detail") !== "malformed") assertHit(hit);
  };
}

const LONG = "caching ".repeat(400);

function hasWeakTag(answering: (headers: Readonly<Record<string, string>>) => ContractResponse): Scenario {
  return async (stage) => {
    const route = cached("/a", () => answering({ etag: '"v5"' }), { ttl: 60 }, { compresses: true });
    const { get, client } = await stage.site([route]);
    const gzip = { "accept-encoding": "gzip" };
    const [miss, hit, bare] = [await get("/a", gzip), await get("/a", gzip), await get("/a")];
    assertMiss(miss);
    assertHit(hit);
    const head = await client.ask({ method: "HEAD", path: "/a", headers: gzip });
    const same = await get("/a", { ...gzip, "if-none-match": 'W/"v5"' });
    assert.deepEqual(
      [miss, hit].map(({ body }) => gunzipSync(body).toString()),
      [LONG, LONG],
    );
    assert.deepEqual([bare.text, bare.header("etag")], [LONG, '"v5"']);
    assert.equal(same.status, 304);
    for (const answer of [miss, hit, head, same]) assert.notEqual(answer.header("etag"), '"v5"');
  };
}
