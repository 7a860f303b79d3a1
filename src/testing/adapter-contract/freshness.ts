import assert from "node:assert/strict";
import { assertHit, assertMiss } from "./outcome.ts";
import { cached, text } from "./routes.ts";
import type { Scenario, Scenarios } from "./stage.ts";

/** The handler's own freshness and storage directives. */
export const freshness: Scenarios = {
  "a route without a ttl uses the handler's max-age": lastsForTen({ "cache-control": "max-age=10" }),
  "a route without a ttl prefers s-maxage to max-age": lastsForTen({
    "cache-control": "max-age=1, s-maxage=10",
  }),

  "a route without a ttl uses the handler's Expires": async (stage) => {
    const { clock } = stage.cache();
    const expires = new Date(clock.now() + 10_000).toUTCString();
    await lastsForTen({ expires })(stage);
  },

  "a response without an explicit lifetime is fresh for the default of one minute": async (stage) => {
    const { get, clock } = await stage.site([cached("/a", undefined, {})]);
    await get("/a");
    clock.advance(59);
    assertHit(await get("/a"));
    clock.advance(1);
    assertMiss(await get("/a"));
  },

  "a route's ttl overrides the handler's max-age": async (stage) => {
    const { get, clock } = await stage.site([
      cached("/a", text("a", { "cache-control": "max-age=1" }), { ttl: 60 }),
    ]);
    await get("/a");
    clock.advance(59);
    assertHit(await get("/a"));
  },

  "a response with max-age=0 is served and not stored": async (stage) => {
    const route = cached("/a", text("a", { "cache-control": "max-age=0" }), {});
    const { get } = await stage.site([route]);
    assertMiss(await get("/a"), { detail: "expired" });
    assertMiss(await get("/a"));
    assert.equal(route.seen.length, 2);
  },

  "a response with no-store is never stored, whatever the ttl": isServedOnly(
    { "cache-control": "no-store" },
    "no-store",
  ),
  "a response with private is never stored, whatever the ttl": isServedOnly(
    { "cache-control": "private" },
    "private",
  ),
  "a response with no-cache is never stored, whatever the ttl": isServedOnly(
    { "cache-control": "no-cache" },
    "no-cache",
  ),
  "a Cache-Control directive is recognized in any case and position": isServedOnly(
    { "cache-control": "max-age=60, No-Store" },
    "no-store",
  ),
  "a malformed private= is treated as private": isServedOnly(
    { "cache-control": "max-age=60, private=" },
    "private",
  ),
  'private="x-user" is treated as private': isServedOnly({ "cache-control": 'private="x-user"' }, "private"),
  "a response with Vary: * is never stored": isServedOnly({ vary: "*" }, "vary-any"),
  "a response with * among its Vary members is never stored": isServedOnly({ vary: "accept, *" }, "vary-any"),
  "a response with Set-Cookie is served and not stored by default": isServedOnly(
    { "set-cookie": "sid=1" },
    "set-cookie",
  ),

  "Cache-Control that earlier middleware set is obeyed": async (stage) => {
    const route = cached("/a", undefined, { ttl: 60 }, { earlier: () => ({ "cache-control": "no-store" }) });
    const { get, cache } = await stage.site([route]);
    await get("/a");
    assert.equal((await get("/a")).text, "run 2");
    assert.equal(cache.stats().refusals["no-store"], 2);
  },

  "the reporter receives each refusal once per route and reason, with a remedy": async (stage) => {
    const messages: string[] = [];
    const routes = [cached("/a", text("a", { "set-cookie": "sid=1" }))];
    const { get } = await stage.site(routes, { reporter: ({ message }) => void messages.push(message) });
    await get("/a");
    await get("/a");
    assert.equal(messages.length, 1);
    assert.match(messages[0] ?? "", /\/a was not stored: .*Set-Cookie.*setCookie/);
  },
};

function lastsForTen(headers: Readonly<Record<string, string>>): Scenario {
  return async (stage) => {
    const { get, clock } = await stage.site([cached("/a", text("a", headers), {})]);
    await get("/a");
    clock.advance(9);
    assertHit(await get("/a"));
    clock.advance(1);
    assert.equal((await get("/a")).header("x-cache"), "MISS");
  };
}

function isServedOnly(headers: Readonly<Record<string, string>>, detail: string): Scenario {
  return async (stage) => {
    const route = cached("/a", (_, run) => text(`run ${run}`, headers), { ttl: 60 });
    const { get, store } = await stage.site([route]);
    const first = await get("/a");
    assert.equal(first.text, "run 1");
    assertMiss(first, { detail });
    assert.equal((await get("/a")).text, "run 2");
    assert.equal(store.count("set"), 0);
  };
}
