import assert from "node:assert/strict";
import type { RouteOptions } from "../../index.ts";
import type { ContractResponse, ContractRequest } from "../adapter-harness.ts";
import { assertHit, ownMember } from "./outcome.ts";
import { bytes, cached, stream, text } from "./routes.ts";
import type { Answering, WatchedRoute } from "./routes.ts";
import type { Scenario, Scenarios, Site, Stage } from "./stage.ts";

const OPTIONS: RouteOptions = { ttl: 10, revalidate: true };
const MODIFIED = "Thu, 01 Jan 2015 00:00:00 GMT";
const VALIDATORS = { etag: '"v1"', "last-modified": MODIFIED };

/** Revalidation by the handler (RFC 9111 §4.3), updates by HEAD (§4.3.5) and invalidation by unsafe methods (§4.4). */
export const revalidation: Scenarios = {
  "a revalidating handler sees the stored validators and not the client's": async (stage) => {
    const { site, route } = await staleSite(stage, () => ({ status: 304 }));
    await site.get("/a", { "if-none-match": '"mine"', range: "bytes=0-1", "x-kept": "1" });
    const names = ["if-none-match", "if-modified-since", "range", "if-range", "x-kept"];
    const seen = names.map((name) => route.seen[1]?.header(name));
    assert.deepEqual(seen, ['"v1"', MODIFIED, undefined, undefined, "1"]);
  },

  "a 304 from the handler sends the client the stored content": revalidated(() => ({ status: 304 })),
  "a 304 with fields from the handler sends the client the stored content": revalidated(() => ({
    status: 304,
    headers: { ...VALIDATORS, "x-updated": "new", "content-type": "text/plain; charset=utf-8" },
  })),
  "a 304 with content from the handler sends the client the stored content": revalidated(() => ({
    status: 304,
    body: "",
  })),
  "a 304 with a stream from the handler sends the client the stored content": revalidated(() => ({
    ...stream(async function* () {
      yield bytes("not sent");
      yield bytes("not sent either");
    }),
    status: 304,
  })),

  "a client whose own condition holds gets 304 after the handler's 304": async (stage) => {
    const { site } = await staleSite(stage, () => ({ status: 304 }));
    const answer = await site.get("/a", { "if-none-match": '"v1"' });
    assert.deepEqual([answer.status, answer.body.byteLength], [304, 0]);
    assert.equal(answer.header("content-length"), undefined);
    assertHit(await site.get("/a"));
  },

  "a 304 from the handler updates the fields of later hits": async (stage) => {
    const { site } = await staleSite(stage, () => ({ status: 304, headers: { "x-updated": "new" } }));
    const answer = await site.get("/a");
    const hit = await site.get("/a");
    assertHit(hit);
    for (const response of [answer, hit]) {
      assert.equal(response.header("x-updated"), "new");
      assert.equal(response.header("x-other"), "kept");
      assert.equal(response.header("etag"), '"v1"');
    }
  },

  "a cookie on the handler's 304 is sent to its own client only": async (stage) => {
    const { site } = await staleSite(stage, () => ({ status: 304, headers: { "set-cookie": "own=1" } }));
    const own = await site.get("/a");
    const other = await site.get("/a");
    assert.deepEqual([own.status, own.text, own.header("set-cookie")], [200, "stored", "own=1"]);
    assert.equal(ownMember(other).parameters.get("fwd"), "stale");
  },

  "a 304 with no-store from the handler removes the entry": async (stage) => {
    const { site, route } = await staleSite(stage, () => ({
      status: 304,
      headers: { "cache-control": "no-store" },
    }));
    assert.equal((await site.get("/a")).text, "stored");
    await site.get("/a");
    assert.equal(route.seen[2]?.header("if-none-match"), undefined);
  },

  "a 200 from the handler replaces the stale entry": async (stage) => {
    const { site } = await staleSite(stage, () => text("new", { etag: '"v2"' }));
    const answer = await site.get("/a", { "if-none-match": '"v1"' });
    const hit = await site.get("/a");
    assert.deepEqual([answer.status, answer.text], [200, "new"]);
    assertHit(hit);
    assert.deepEqual([hit.text, hit.header("etag")], ["new", '"v2"']);
  },

  "a no-cache response is stored and revalidated on each request where the route revalidates": async (
    stage,
  ) => {
    const headers = { ...VALIDATORS, "cache-control": "no-cache" };
    const route = cached("/a", ifChanged(text("stored", headers), { status: 304, headers }), OPTIONS);
    const site = await stage.site([route]);
    const answers = [await site.get("/a"), await site.get("/a"), await site.get("/a")];
    assert.deepEqual(
      answers.map(({ status, text }) => [status, text]),
      answers.map(() => [200, "stored"]),
    );
    assert.equal(route.seen.length, 3);
  },

  "a crowd on a stale response revalidates it once": async (stage) => {
    const gate = stage.gate();
    const { site, route } = await staleSite(stage, async () => {
      await gate.opened;
      return { status: 304 };
    });
    const leader = site.get("/a");
    await stage.until(() => route.seen.length === 2, "the handler runs");
    const before = site.store.count("get");
    const followers = [site.get("/a"), site.get("/a")];
    await stage.until(() => site.store.count("get") === before + 2, "the followers were looked up");
    gate.open();
    const answers = await Promise.all([leader, ...followers]);
    assert.deepEqual(
      answers.map(({ text }) => text),
      ["stored", "stored", "stored"],
    );
    assert.equal(route.seen.length, 2);
  },

  "a HEAD request for a stale response runs the handler and updates the entry": async (stage) => {
    const { site } = await staleSite(stage, () => ({
      ...text("stored", { ...VALIDATORS, "x-updated": "new" }),
    }));
    const head = await site.client.ask({ method: "HEAD", path: "/a" });
    const hit = await site.get("/a");
    assert.deepEqual([head.status, head.body.byteLength], [200, 0]);
    assertHit(hit);
    assert.deepEqual([hit.text, hit.header("x-updated")], ["stored", "new"]);
  },

  "a field of one user's 304 is not sent to others": ofOneUser("GET", () => ({
    status: 304,
    headers: { "x-account": "eve" },
  })),
  "a field of one user's 200 is not sent to others": ofOneUser("GET", () =>
    text("eve's", { "x-account": "eve", "cache-control": "max-age=60", etag: '"v1"' }),
  ),
  "a field of one user's HEAD response is not sent to others": ofOneUser("HEAD", () =>
    text("stored", { "x-account": "eve", "cache-control": "max-age=60", etag: '"v1"' }),
  ),

  "an unsafe request that succeeds gets the handler's response and removes the entry": async (stage) => {
    const options: RouteOptions = { ttl: 60, invalidateOnUnsafe: true };
    const route = cached("/a", undefined, options);
    const removing = cached("/a", { status: 200, body: "removed" }, options, { method: "DELETE" });
    const site = await stage.site([route, removing]);
    await site.get("/a");
    const answer = await site.client.ask({ method: "DELETE", path: "/a" });
    assert.deepEqual([answer.status, answer.text], [200, "removed"]);
    assert.equal(ownMember(answer).parameters.get("fwd"), "method");
    assert.equal((await site.get("/a")).text, "run 2");
  },

  "an unsafe request that fails keeps the entry": async (stage) => {
    const options: RouteOptions = { ttl: 60, invalidateOnUnsafe: true };
    const removing = cached("/a", { status: 409, body: "no" }, options, { method: "DELETE" });
    const site = await stage.site([cached("/a", undefined, options), removing]);
    await site.get("/a");
    const answer = await site.client.ask({ method: "DELETE", path: "/a" });
    assert.deepEqual([answer.status, answer.text], [409, "no"]);
    assertHit(await site.get("/a"));
  },

  "only-if-cached gives 504 without a handler run where the route has requestDirectives": async (stage) => {
    const route = cached("/a", undefined, { ttl: 60, requestDirectives: true });
    const site = await stage.site([route]);
    const answer = await site.get("/a", { "cache-control": "only-if-cached" });
    assert.deepEqual([answer.status, answer.body.byteLength, route.seen.length], [504, 0, 0]);
  },
};

/** Returns a site whose one response is stale. Its handler responds with `next` from then on. */
async function staleSite(
  stage: Stage,
  next: (request: ContractRequest) => ContractResponse | Promise<ContractResponse>,
): Promise<{ readonly site: Site; readonly route: WatchedRoute }> {
  const first = text("stored", { ...VALIDATORS, "x-updated": "old", "x-other": "kept" });
  const route = cached("/a", (request, run) => (run === 1 ? first : next(request)), OPTIONS);
  const site = await stage.site([route]);
  await site.get("/a");
  site.clock.advance(10);
  return { site, route };
}

function revalidated(next: () => ContractResponse): Scenario {
  return async (stage) => {
    const { site, route } = await staleSite(stage, next);
    const answer = await site.get("/a");
    const hit = await site.get("/a");
    assert.deepEqual([answer.status, answer.text], [200, "stored"]);
    assert.equal(answer.header("content-length"), "6");
    assert.equal(answer.header("content-type"), "text/plain; charset=utf-8");
    const { parameters } = ownMember(answer);
    assert.deepEqual([parameters.get("fwd"), parameters.get("fwd-status")], ["stale", "304"]);
    assertHit(hit);
    assert.equal(hit.text, "stored");
    assert.equal(route.seen.length, 2);
    assert.equal(site.cache.stats().outcomes.revalidated, 1);
  };
}

/** A handler that sends 304 if the request's condition holds. */
function ifChanged(whole: ContractResponse, notModified: ContractResponse): Answering {
  return (request) => (request.header("if-none-match") === VALIDATORS.etag ? notModified : whole);
}

/** A stale public response is requested with `Authorization`, and then without (hazard 35). */
function ofOneUser(method: string, own: () => ContractResponse): Scenario {
  return async (stage) => {
    const headers = { etag: '"v1"', "cache-control": "public, max-age=10" };
    const route = cached(
      "/a",
      (request) => (request.header("authorization") === undefined ? text("stored", headers) : own()),
      { ...OPTIONS, ttl: "response", scope: "shared" },
    );
    const site = await stage.site([route]);
    await site.get("/a");
    site.clock.advance(10);
    await site.client.ask({ method, path: "/a", headers: { authorization: "Bearer eve" } });
    const answers = [await site.get("/a"), await site.get("/a")];
    for (const answer of answers)
      assert.deepEqual([answer.text, answer.header("x-account")], ["stored", undefined]);
  };
}
