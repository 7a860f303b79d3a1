import assert from "node:assert/strict";
import { assertHit, assertMiss } from "./outcome.ts";
import { cached, text } from "./routes.ts";
import type { Scenarios } from "./stage.ts";

/** Responses that are invalidated by their URL, namespace or key, or all at once. */
export const places: Scenarios = {
  "a URL that is invalidated is gone with every query and variant, and no other URL is": async (stage) => {
    const vary = { ttl: 60, vary: ["accept-language"] };
    const { get, cache } = await stage.site([cached("/a", undefined, vary), cached("/ab")]);
    const french = { "accept-language": "fr" };
    for (const path of ["/a", "/a?x=1", "/ab"]) await get(path);
    await get("/a", french);
    assert.deepEqual(await cache.invalidate({ url: "/a?x=2" }), { everywhere: true });
    assertMiss(await get("/a?x=1"), { fwd: "vary-miss" });
    assertMiss(await get("/a", french), { fwd: "vary-miss" });
    assertMiss(await get("/a"), { fwd: "vary-miss" });
    assertHit(await get("/ab"));
  },

  "a URL with an origin is invalidated on that origin alone": async (stage) => {
    const { get, cache } = await stage.site([cached("/a")]);
    const [one, other] = [{ host: "one.test" }, { host: "other.test" }];
    await get("/a", one);
    await get("/a", other);
    await cache.invalidate({ url: "http://one.test/a" });
    assertMiss(await get("/a", one));
    assertHit(await get("/a", other));
  },

  "a URL is invalidated however its characters are encoded": async (stage) => {
    const { get, cache } = await stage.site([cached("/a~b")]);
    await get("/a~b");
    await cache.invalidate({ url: "/a%7eb" });
    assertMiss(await get("/a~b"));
  },

  "a namespace that is invalidated is gone, and no other is": async (stage) => {
    const routes = ["users", "teams"].map((namespace) =>
      cached(`/${namespace}`, undefined, { ttl: 60, namespace }),
    );
    const { get, cache } = await stage.site(routes, { namespace: "api" });
    for (const path of ["/users", "/teams"]) await get(path);
    await cache.invalidate({ namespace: "users" });
    assertMiss(await get("/users"));
    assertHit(await get("/teams"));
  },

  "what is softly invalidated by URL, by namespace, by key or with everything is stale, and stays": async (
    stage,
  ) => {
    const options = { ttl: 60, staleWhileRevalidate: 60, namespace: "users", key: (): string => "one" };
    for (const soften of [{ url: "/a" }, { namespace: "users" }, "one", "everything"] as const) {
      const { get, cache, clock } = await stage.site([cached("/a", undefined, options)]);
      await get("/a");
      if (soften === "everything") await cache.clear({ soft: true });
      else if (soften === "one") await cache.invalidate(soften, { namespace: "users", soft: true });
      else await cache.invalidate(soften, { soft: true });
      clock.advance(1);
      const answer = await get("/a");
      assert.equal(answer.text, "run 1");
      assert.match(answer.header("cache-status") ?? "", /ttl=-1/);
    }
  },

  "a handler that runs while its URL is invalidated stores nothing": async (stage) => {
    const [runs, goesOn] = [stage.gate(), stage.gate()];
    const route = cached("/a", async (_, run) => {
      runs.open();
      await goesOn.opened;
      return text(`run ${run}`);
    });
    const { get, cache } = await stage.site([route]);
    const before = get("/a");
    await runs.opened;
    await cache.invalidate({ url: "/a" });
    goesOn.open();
    assert.equal((await before).text, "run 1");
    assertMiss(await get("/a"));
  },
};
