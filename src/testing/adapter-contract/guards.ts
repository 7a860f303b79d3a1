import assert from "node:assert/strict";
import { assertHit, assertMiss } from "./outcome.ts";
import { cached, text } from "./routes.ts";
import type { Scenario, Scenarios } from "./stage.ts";

type Place = "before" | "framework";
const KEY = { "x-key": "k" };

/** Guards run before the lookup, and requests with credentials bypass the cache. */
export const guards: Scenarios = {
  "a before guard runs on hits and on misses": runsEachTime("before"),
  "a framework guard runs on hits and on misses": runsEachTime("framework"),
  "a request that a before guard refuses gets 401 and is not looked up": refusesFirst("before"),
  "a request that a framework guard refuses gets 401 and is not looked up": refusesFirst("framework"),
  "a before guard refuses a request that would get a 304": refusesConditional("before"),
  "a framework guard refuses a request that would get a 304": refusesConditional("framework"),
  "a before guard refuses a HEAD request for a stored response": refusesHead("before"),
  "a framework guard refuses a HEAD request for a stored response": refusesHead("framework"),

  "what a before guard may have read ahead of an invalidation is not stored": holdsBack("before"),
  "what a framework guard may have read ahead of an invalidation is not stored": holdsBack("framework"),

  "a request with Cookie is neither looked up nor stored": bypasses({ cookie: "sid=1" }),
  "a request with Authorization is neither looked up nor stored": bypasses({ authorization: "Bearer t" }),

  ...Object.fromEntries(
    [
      "Proxy-Authorization",
      "X-Api-Key",
      "X-Auth-Token",
      "X-Access-Token",
      "X-Session-Token",
      "Cf-Access-Jwt-Assertion",
      "X-Amzn-Oidc-Data",
      "X-Forwarded-User",
      "X-Forwarded-Client-Cert",
    ].map((name) => [`a request with ${name} is neither looked up nor stored`, bypasses({ [name]: "ann" })]),
  ),

  "a route's credentials replace the default names": async (stage) => {
    const route = cached("/a", undefined, { ttl: 60, credentials: ["X-Tenant-Key"] });
    const { get } = await stage.site([route]);
    assertMiss(await get("/a", { "x-tenant-key": "ann" }), { fwd: "bypass", detail: "credentials" });
    assertMiss(await get("/a", { "x-api-key": "ann" }));
    assertHit(await get("/a", { "x-api-key": "bob" }));
    assertMiss(await get("/a", { authorization: "ann" }), { fwd: "bypass", detail: "credentials" });
    assertMiss(await get("/a", { cookie: "sid=ann" }), { fwd: "bypass", detail: "credentials" });
  },

  "Authorization and Cookie are credentials even where a route lists none": async (stage) => {
    const { get } = await stage.site([cached("/a", undefined, { ttl: 60, credentials: [] })]);
    await get("/a", { "x-api-key": "ann" });
    assertHit(await get("/a", { "x-forwarded-user": "bob" }));
    assertMiss(await get("/a", { authorization: "ann" }), { fwd: "bypass", detail: "credentials" });
    assertMiss(await get("/a", { cookie: "sid=ann" }), { fwd: "bypass", detail: "credentials" });
  },

  "a route with a scope does not bypass requests with credentials": async (stage) => {
    const { get } = await stage.site([cached("/a", undefined, { ttl: 60, scope: "everyone" })]);
    await get("/a", { "x-api-key": "ann" });
    assertHit(await get("/a", { "x-forwarded-client-cert": "bob" }));
  },

  "a request with credentials is not served a response stored for others": async (stage) => {
    const { get } = await stage.site([cached("/a")]);
    await get("/a");
    const answer = await get("/a", { cookie: "sid=1" });
    assert.equal(answer.text, "run 2");
    assertMiss(answer, { fwd: "bypass", detail: "credentials" });
    assert.equal((await get("/a")).text, "run 1");
  },

  'scope "everyone" shares one response among all clients that pass the guards': async (stage) => {
    const { get } = await stage.site([cached("/a", undefined, { ttl: 60, scope: "everyone" })]);
    await get("/a", { authorization: "Bearer ann" });
    const hit = await get("/a", { cookie: "sid=bob" });
    assertHit(hit);
    assert.equal(hit.text, "run 1");
  },

  "a scope function keeps principals apart": async (stage) => {
    let principal = "ann@example.org";
    const { get } = await stage.site([cached("/a", undefined, { ttl: 60, scope: () => principal })]);
    await get("/a", { cookie: "sid=ann" });
    principal = "bob@example.org";
    assert.equal((await get("/a", { cookie: "sid=bob" })).text, "run 2");
    principal = "ann@example.org";
    const hit = await get("/a", { cookie: "sid=ann" });
    assertHit(hit);
    assert.equal(hit.text, "run 1");
  },

  "a principal's name is never written to the store": async (stage) => {
    const route = cached("/a", text("a"), { ttl: 60, scope: () => "ann@example.org" });
    const { get, store } = await stage.site([route]);
    await get("/a");
    assert.equal(store.count("set"), 1);
    const written = JSON.stringify(store.log);
    assert.doesNotMatch(written, /ann@/);
  },

  "a scope function that returns nothing fails its request, and nothing is shared": async (stage) => {
    let principal = "";
    const route = cached("/a", undefined, { ttl: 60, scope: () => principal });
    const { get, store } = await stage.site([route]);
    assert.ok((await get("/a")).status >= 500);
    assert.equal(store.log.length, 0);
    principal = "ann";
    assertMiss(await get("/a"));
    assert.equal(route.seen.length, 1);
  },
};

/** While the guard runs, the data that it may have read for the handler are changed. */
function holdsBack(place: Place): Scenario {
  return async (stage) => {
    let write = (): void => undefined;
    const guard = { place, onRun: (): void => write() };
    const route = cached("/a", undefined, { ttl: 60, tags: ["todo"] }, { guard });
    const { get, cache } = await stage.site([cached("/first"), route]);
    // Some adapters learn of a server by its first request.
    await get("/first");
    write = () => {
      write = () => undefined;
      void cache.invalidate({ tag: "todo" });
    };
    assert.equal((await get("/a", KEY)).text, "run 1");
    assertMiss(await get("/a", KEY));
    assertHit(await get("/a", KEY));
  };
}

function runsEachTime(place: Place): Scenario {
  return async (stage) => {
    let runs = 0;
    const route = cached("/a", undefined, { ttl: 60 }, { guard: { place, onRun: () => void runs++ } });
    const { get } = await stage.site([route]);
    assertMiss(await get("/a", KEY));
    assertHit(await get("/a", KEY));
    assertHit(await get("/a", KEY));
    assert.equal(runs, 3);
    assert.equal(route.seen.length, 1);
  };
}

function refusesFirst(place: Place): Scenario {
  return async (stage) => {
    const route = cached("/a", undefined, { ttl: 60 }, { guard: { place } });
    const { get, store } = await stage.site([route]);
    assert.equal((await get("/a")).status, 401);
    assert.equal(store.log.length, 0);
    assertMiss(await get("/a", KEY));
    assertHit(await get("/a", KEY));
    const lookups = store.count("get");
    const refused = await get("/a");
    assert.equal(refused.status, 401);
    assert.doesNotMatch(refused.text, /run/);
    assert.equal(store.count("get"), lookups);
    assert.equal(route.seen.length, 1);
  };
}

function refusesConditional(place: Place): Scenario {
  return async (stage) => {
    const { get } = await stage.site([cached("/a", text("a"), { ttl: 60 }, { guard: { place } })]);
    const etag = (await get("/a", KEY)).header("etag") ?? "";
    assert.equal((await get("/a", { ...KEY, "if-none-match": etag })).status, 304);
    assert.equal((await get("/a", { "if-none-match": etag })).status, 401);
    assert.equal((await get("/a", { "if-none-match": "*" })).status, 401);
  };
}

function refusesHead(place: Place): Scenario {
  return async (stage) => {
    const { get, client } = await stage.site([cached("/a", text("a"), { ttl: 60 }, { guard: { place } })]);
    await get("/a", KEY);
    assert.equal((await client.ask({ method: "HEAD", path: "/a" })).status, 401);
    assertHit(await client.ask({ method: "HEAD", path: "/a", headers: KEY }));
  };
}

function bypasses(credentials: Readonly<Record<string, string>>): Scenario {
  return async (stage) => {
    const route = cached("/a");
    const { get, store } = await stage.site([route]);
    const answer = await get("/a", { ...credentials, "if-none-match": '"x"' });
    assertMiss(answer, { fwd: "bypass", detail: "credentials" });
    assert.equal(store.log.length, 0);
    // On a bypass, conditions are the handler's to evaluate.
    assert.equal(route.seen[0]?.header("if-none-match"), '"x"');
    assert.equal((await get("/a")).text, "run 2");
  };
}
