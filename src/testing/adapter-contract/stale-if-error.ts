import assert from "node:assert/strict";
import type { ContractResponse } from "../adapter-harness.ts";
import { assertHit, assertMiss, ownMember } from "./outcome.ts";
import { bytes, cached, stream, text } from "./routes.ts";
import { assertNext, restOf, sourceOf } from "./source.ts";
import type { Scenario, Scenarios } from "./stage.ts";
import { assertStale, counting, stale } from "./stale.ts";
import type { Next } from "./stale.ts";

const OPTIONS = { staleIfError: 60 };

/** Stale responses in place of errors (RFC 5861 §4). */
export const staleIfError: Scenarios = {
  "staleIfError serves the stale response where the handler throws": servesStale(() => {
    throw new Error("the handler fails, as it was told to");
  }),
  "staleIfError serves the stale response where the handler sends 500": servesStale(() => ({
    status: 500,
    body: "failed",
  })),
  "staleIfError serves the stale response where the handler streams a 503": servesStale(() => ({
    ...stream(async function* () {
      yield bytes("fai");
      await new Promise(setImmediate);
      yield bytes("led");
    }),
    status: 503,
  })),

  "staleIfError sends and stores a new response from the handler": async (stage) => {
    const { site, route } = await stale(stage, counting, OPTIONS);
    const answer = await site.get("/a");
    assert.deepEqual([answer.status, answer.text], [200, "run 2"]);
    assertMiss({ header: (name) => (name === "age" ? undefined : answer.header(name)) }, { fwd: "stale" });
    const hit = await site.get("/a");
    assertHit(hit);
    assert.equal(hit.text, "run 2");
    assert.equal(route.seen.length, 2, "the handler ran once more");
  },

  "staleIfError does not hold back a stream": async (stage) => {
    const source = sourceOf(stage, ["one ", "two"]);
    const { site, route } = await stale(stage, () => stream(() => source.parts()), OPTIONS);
    source.letGo(1);
    const answer = await site.client.open({ path: "/a" });
    await assertNext(answer, "one ", "the client");
    source.finish();
    assert.equal((await restOf(answer)).toString(), "two");
    const hit = await site.get("/a");
    assertHit(hit);
    assert.equal(hit.text, "one two");
    assert.equal(route.seen.length, 2, "the handler ran once more");
  },

  "staleIfError runs the handler for the client itself where the new response may not be stored": async (
    stage,
  ) => {
    const { site } = await stale(
      stage,
      (_, run) => text(`run ${run}`, { "cache-control": "private" }),
      OPTIONS,
    );
    const answer = await site.get("/a");
    assert.deepEqual([answer.status, answer.text], [200, "run 3"]);
  },

  "staleIfError passes on a status that is not an error": async (stage) => {
    const { site } = await stale(stage, () => ({ status: 404, body: "gone" }), OPTIONS);
    const answer = await site.get("/a");
    assert.deepEqual([answer.status, answer.text], [404, "gone"]);
  },

  "staleIfError passes on an error thrown with status 403": passesOn({ status: 403 }),
  "staleIfError passes on an error thrown with status 404": passesOn({ status: 404 }),
  "staleIfError passes on an error thrown with status 410": passesOn({ status: 410 }),

  "staleIfError serves the stale response where the handler throws with one of errorStatuses": async (
    stage,
  ) => {
    const { site } = await stale(stage, throwing({ status: 404 }), { ...OPTIONS, errorStatuses: [404] });
    assertStale(await site.get("/a"), "run 1", "failed");
  },

  "staleIfError passes on an error thrown with status 410 to a whole crowd": async (stage) => {
    const gate = stage.gate();
    const failing = throwing({ status: 410 });
    const { site, route } = await stale(
      stage,
      (...asked) => gate.opened.then(() => failing(...asked)),
      OPTIONS,
    );
    const crowd = Array.from({ length: 5 }, () => site.get("/a"));
    await stage.until(() => site.store.count("get") === 6 && route.seen.length === 2, "all requests wait");
    gate.open();
    const statuses = (await Promise.all(crowd)).map(({ status }) => status);
    assert.deepEqual(statuses, [410, 410, 410, 410, 410]);
  },

  "a refresh that throws an error with status 410 removes the entry": async (stage) => {
    const { site, route } = await stale(stage, throwing({ status: 410 }), { staleWhileRevalidate: 60 });
    assertStale(await site.get("/a"), "run 1");
    await stage.until(() => site.store.count("delete") > 0, "the entry is removed");
    assert.equal((await site.get("/a")).status, 410);
    assert.deepEqual(
      [route.seen.length, site.errors],
      [3, []],
      "an error with a status of its own is no failure",
    );
  },

  "staleIfError serves nothing stale after an error whose status is one of the route's statuses": async (
    stage,
  ) => {
    const options = { ...OPTIONS, statuses: { 200: true, 404: 10 } } as const;
    const { site } = await stale(stage, throwing({ status: 404 }), options);
    const answers = [await site.get("/a"), await site.get("/a")];
    assert.deepEqual(
      answers.map(({ status }) => status),
      [404, 404],
    );
  },

  "staleIfError serves the stale response without a run for a second after a failure": async (stage) => {
    const failing = (_: unknown, run: number): ContractResponse =>
      run === 2 ? { status: 500, body: "failed" } : text(`run ${run}`);
    const { site, route } = await stale(stage, failing, OPTIONS);
    assertStale(await site.get("/a"), "run 1", "failed");
    assertStale(await site.get("/a"), "run 1", "failed");
    assert.equal(route.seen.length, 2, "a failed handler is not retried at once");
    site.clock.advance(1);
    assert.equal((await site.get("/a")).text, "run 3");
  },

  "staleIfError serves a crowd the stale response after one failed run": async (stage) => {
    const gate = stage.gate();
    const { site, route } = await stale(
      stage,
      async () => {
        await gate.opened;
        throw new Error("the handler fails, as it was told to");
      },
      OPTIONS,
    );
    const crowd = Array.from({ length: 10 }, () => site.get("/a"));
    await stage.until(() => site.store.count("get") === 11 && route.seen.length === 2, "all requests wait");
    gate.open();
    for (const answer of await Promise.all(crowd)) assertStale(answer, "run 1", "failed");
    assert.equal(route.seen.length, 2, "the handler ran once more");
  },

  "a handler slower than handlerTimeout.soft goes on while the stale response is served": async (stage) => {
    const gate = stage.gate();
    const { site, route } = await stale(
      stage,
      async (_, run) => {
        await gate.opened;
        return text(`run ${run}`);
      },
      { ...OPTIONS, handlerTimeout: { soft: 2 } },
    );
    const pending = site.get("/a");
    await stage.until(() => route.seen.length === 2, "the handler runs");
    site.clock.advance(2);
    assertStale(await pending, "run 1", "timeout");
    gate.open();
    await stage.until(() => site.cache.stats().stored === 2, "the late response is stored");
    const hit = await site.get("/a");
    assertHit(hit);
    assert.equal(hit.text, "run 2");
    assert.equal(route.seen.length, 2, "the handler ran once more");
  },

  "a run whose client disconnects is stored where a stale response exists": async (stage) => {
    const gate = stage.gate();
    const { site, route } = await stale(
      stage,
      async (_, run) => {
        await gate.opened;
        return text(`run ${run}`);
      },
      OPTIONS,
    );
    const leaving = site.client.start({ path: "/a" });
    await stage.until(() => route.seen.length === 2, "the handler runs");
    leaving.destroy();
    gate.open();
    await stage.until(() => site.cache.stats().stored === 2, "the response is stored");
    assert.equal((await site.get("/a")).text, "run 2");
  },

  "staleIfError serves the stale response to a HEAD request": async (stage) => {
    const { site } = await stale(stage, () => ({ status: 500, body: "failed" }), OPTIONS);
    const head = await site.client.ask({ method: "HEAD", path: "/a" });
    assert.deepEqual([head.status, head.body.byteLength, head.header("content-length")], [200, 0, "5"]);
    assert.equal(ownMember(head).parameters.get("fwd"), "stale");
  },

  "must-revalidate passes an error on despite staleIfError": forbidsStale("must-revalidate"),
  "proxy-revalidate passes an error on despite staleIfError": forbidsStale("proxy-revalidate"),
};

function servesStale(failing: () => ContractResponse): Scenario {
  return async (stage) => {
    const { site, route } = await stale(stage, failing, OPTIONS);
    assertStale(await site.get("/a"), "run 1", "failed");
    assert.equal(route.seen.length, 2, "the handler ran once more");
    assert.equal(site.cache.stats().stored, 1, "an error is not stored");
    site.clock.advance(60);
    const answer = await site.get("/a");
    assert.ok(answer.status >= 500, "nothing stale is served after the window");
  };
}

/** A handler that throws an error with this status. */
function throwing(own: { readonly status: number }): Next {
  return () => {
    throw Object.assign(new Error("the handler fails, as it was told to"), own, { statusCode: own.status });
  };
}

/** The handler throws an error with a status of its own, and then one without (hazard 52). */
function passesOn(own: { readonly status: number }): Scenario {
  return async (stage) => {
    const failing = throwing(own);
    const next: Next = (request, run) => {
      if (run <= 3) return failing(request, run);
      throw new Error("the handler fails, as it was told to");
    };
    const { site } = await stale(stage, next, { ...OPTIONS, uncacheableTtl: 1 });
    assert.equal((await site.get("/a")).status, own.status, "nothing stale replaces it");
    site.clock.advance(1);
    assert.ok((await site.get("/a")).status >= 500, "the entry is gone");
  };
}

function forbidsStale(directive: string): Scenario {
  return async (stage) => {
    const route = cached(
      "/a",
      (_, run) =>
        run === 1 ? text("run 1", { "cache-control": directive }) : { status: 503, body: "failed" },
      { ttl: 10, ...OPTIONS },
    );
    const { get, clock } = await stage.site([route]);
    await get("/a");
    clock.advance(10);
    const answer = await get("/a");
    assert.deepEqual([answer.status, answer.text], [503, "failed"]);
  };
}
