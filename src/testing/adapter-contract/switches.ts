import assert from "node:assert/strict";
import { assertHit, assertMiss, ownMember } from "./outcome.ts";
import { cached, inTwoParts, text } from "./routes.ts";
import { restOf } from "./source.ts";
import type { Scenarios, Site } from "./stage.ts";

/** Routes that are switched off, and routes that share runs and store nothing. */
export const switches: Scenarios = {
  "a route with enabled: false behaves as without a cache, after its guards": async (stage) => {
    const options = { ttl: 60, enabled: false, query: ["q"], vary: ["accept-language"] };
    const guard = { place: "before" } as const;
    const route = cached("/a", undefined, options, { guard });
    const { get, store, cache } = await stage.site([route]);
    assert.equal((await get("/a")).status, 401);
    await assertUntouched({ get }, "/a?q=1&utm=2", { "x-key": "k" });
    const [, seen] = route.seen;
    assert.deepEqual([seen?.query("utm"), seen?.header("if-none-match")], [["2"], '"x"']);
    assert.equal(seen?.header("range"), "bytes=0-1");
    assert.deepEqual([store.log.length, cache.stats().outcomes.bypass], [0, 0]);
  },

  "a cache with enabled: false leaves all routes alone, whatever they set": async (stage) => {
    const own = cached("/b", undefined, { ttl: 60, enabled: true });
    const { get, store } = await stage.site([cached("/a"), own], { enabled: false });
    await assertUntouched({ get }, "/a");
    await assertUntouched({ get }, "/b");
    assert.equal(store.log.length, 0);
  },

  "a route may be enabled where the defaults are not": async (stage) => {
    const route = cached("/a", undefined, { ttl: 60, enabled: true });
    const { get } = await stage.site([route, cached("/b")], { defaults: { enabled: false } });
    await get("/a");
    assertHit(await get("/a"));
    await assertUntouched({ get }, "/b");
  },

  "a route with enabled: false leaves a request's content to its handler": async (stage) => {
    const options = { ttl: 60, enabled: false, methods: ["GET", "POST"] };
    const route = cached("/a", undefined, options, { method: "POST" });
    const { post } = await stage.site([route]);
    assert.deepEqual(
      [(await post("/a", { q: 1 })).text, (await post("/a", { q: 1 })).text],
      ["run 1", "run 2"],
    );
  },

  "a route with store: false runs once for all who ask meanwhile, and stores nothing": async (stage) => {
    const gate = stage.gate();
    let asked = 0;
    const key = (): string => `${Math.min(1, ++asked)}`;
    const route = cached(
      "/a",
      async (_, run) => {
        await gate.opened;
        return text(`run ${run}`, { etag: `"v${run}"` });
      },
      { store: false, key },
    );
    const { get, store } = await stage.site([route]);
    const leader = get("/a");
    await stage.until(() => asked === 1, "the leader runs");
    const followers = [get("/a"), get("/a", { "if-none-match": '"v1"' })];
    await stage.until(() => asked === 3, "all requests wait");
    gate.open();
    const [miss, whole, matching] = await Promise.all([leader, ...followers]);
    assertMiss(miss, { detail: "store-false" });
    assert.ok(!ownMember(miss).parameters.has("stored"));
    assert.deepEqual([miss.text, whole?.text, matching?.status], ["run 1", "run 1", 304]);
    assert.equal((await get("/a")).text, "run 2");
    assert.equal(store.log.length, 0);
  },

  "a client that has the response of a route with store: false is sent a 304": async (stage) => {
    const { get } = await stage.site([cached("/a", text("same"), { store: false })]);
    const etag = (await get("/a")).header("etag") ?? "none";
    const again = await get("/a", { "if-none-match": etag });
    assert.deepEqual([again.status, again.text], [304, ""]);
    assertMiss(again, { detail: "store-false" });
  },

  "a stream of a route with store: false is shared until its end": async (stage) => {
    const gate = stage.gate();
    const route = cached("/a", () => inTwoParts(gate, "first ", "last"), { store: false });
    const { client, get, store } = await stage.site([route]);
    const leader = await client.open({ path: "/a" });
    const follower = await client.open({ path: "/a" });
    gate.open();
    const texts = [await restOf(leader), await restOf(follower)].map(String);
    assert.deepEqual(texts, ["first last", "first last"]);
    assert.equal(route.seen.length, 1);
    await get("/a");
    assert.equal(route.seen.length, 2);
    assert.equal(store.log.length, 0);
  },
};

/** Asks twice, the second time for what a cache would change, and asserts that nothing of a cache is to be seen. */
async function assertUntouched(
  { get }: Pick<Site, "get">,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<void> {
  const first = await get(path, headers);
  const second = await get(path, { ...headers, "if-none-match": '"x"', range: "bytes=0-1" });
  assert.deepEqual([first.status, first.text, second.status, second.text], [200, "run 1", 200, "run 2"]);
  for (const name of ["x-cache", "cache-status", "age", "etag", "vary"])
    assert.deepEqual([name, first.header(name)], [name, undefined]);
}
