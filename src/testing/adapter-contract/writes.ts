import assert from "node:assert/strict";
import type { Engine } from "../../adapter.ts";
import type { Cache } from "../../index.ts";
import type { ContractResponse, ContractRoute } from "../adapter-harness.ts";
import { withAlteredEngine } from "../altered-engine.ts";
import { assertHit, assertMiss } from "./outcome.ts";
import { bytes, cached, inTwoParts, plain, stream, text } from "./routes.ts";
import type { RouteParts } from "./routes.ts";
import type { Gate, Scenario, Scenarios, Site, Stage } from "./stage.ts";

const LIST = { ttl: 60, tags: ["list"] };

/** Writes that name what they make outdated. */
export const writes: Scenarios = {
  "a client reads what it wrote: a whole response": readsItsOwn(() => text("written")),
  "a client reads what it wrote: a response without content": readsItsOwn(() => ({ status: 204 })),
  "a client reads what it wrote: a redirect": readsItsOwn(() => ({
    status: 303,
    headers: { location: "/list" },
  })),
  "a client reads what it wrote: a stream": readsItsOwn(() => stream(() => parts("written"))),

  "no byte of a write's response is sent before it has invalidated: a whole response": waits(() =>
    text("written"),
  ),
  "no byte of a write's response is sent before it has invalidated: a response without content": waits(
    () => ({ status: 204 }),
  ),
  "no byte of a write's response is sent before it has invalidated: a stream": waits(() =>
    stream(() => parts("written")),
  ),
  "no byte of a write's response is sent before it has invalidated: a failure": waits(
    () => ({ status: 500 }),
    500,
  ),

  "a response that began before the end of a write is not stored": async (stage) => {
    const gate = stage.gate();
    const list = cached(
      "/list",
      async (_, run) => {
        if (run === 1) await gate.opened;
        return text(`run ${run}`);
      },
      LIST,
    );
    const { client, get } = await stage.site([list, write(() => text("written"))]);
    const reader = get("/list");
    await stage.until(() => list.seen.length === 1, "the handler runs");
    await client.ask({ method: "POST", path: "/write" });
    gate.open();
    await reader;
    assertMiss(await get("/list"));
  },

  "a write that fails makes what is stored stale, and it can stand in: a status": softly(() => ({
    status: 500,
  })),
  "a write that fails makes what is stored stale, and it can stand in: a throw": softly(() => {
    throw new Error("the write fails, as it was told to");
  }),

  "a write that is refused leaves what is stored: a status": leaves(() => ({ status: 409 }), 409),
  "a write that is refused leaves what is stored: a throw": leaves(() => {
    throw Object.assign(new Error("no such thing"), { status: 404 });
  }, 404),
  "a write that a before guard refuses leaves what is stored": leaves(() => text("written"), 401, {
    guard: { place: "before" },
  }),
  "a write that a framework guard refuses leaves what is stored": leaves(() => text("written"), 401, {
    guard: { place: "framework" },
  }),

  "a write whose client disconnects makes what is stored stale, and removes it once it is done": async (
    stage,
  ) => {
    const gate = stage.gate();
    const ends: string[] = [];
    const posted = write(async () => {
      await gate.opened;
      return text("written");
    });
    const site = await stage.site(recording([cached("/list", undefined, LIST), posted], stage, ends));
    const { client, get } = site;
    const request = client.start({ method: "POST", path: "/write" });
    await stage.until(() => posted.seen.length === 1, "the handler runs");
    await get("/list");
    request.destroy();
    await stage.until(() => ends.length === 1, "the disconnect is noticed");
    assertMiss(await get("/list"), { fwd: "stale" });
    gate.open();
    await stage.until(() => ends.length > 1, "the handler is done");
    assert.deepEqual([ends[0], ends.at(-1)], ["undefined", "200"]);
    assertMiss(await get("/list"));
  },

  "a function names the tags after the handler": async (stage) => {
    let name = "other";
    const posted = write(
      () => {
        name = "list";
        return text("written");
      },
      { invalidates: () => [name] },
    );
    const { client, get } = await stage.site([cached("/list", undefined, LIST), posted]);
    await get("/list");
    await client.ask({ method: "POST", path: "/write" });
    assertMiss(await get("/list"));
  },

  "a function that names no tags fails no write: everything with a tag is gone, and it is reported": async (
    stage,
  ) => {
    const posted = write(() => text("written"), { invalidates: () => undefined as never });
    const routes = [cached("/list", undefined, LIST), cached("/plain"), posted];
    const { client, get, errors } = await stage.site(routes);
    await get("/list");
    await get("/plain");
    const answer = await client.ask({ method: "POST", path: "/write" });
    assert.deepEqual([answer.status, answer.text], [200, "written"]);
    assert.deepEqual(errors.map(codeOf), ["ERR_CACHE_INVALIDATES"]);
    assertMiss(await get("/list"));
    assertHit(await get("/plain"));
  },

  "a response that a write begins early is invalidated again at its end": async (stage) => {
    const gate = stage.gate();
    const posted = write(() => inTwoParts(gate, "begun ", "done"));
    const { client, get } = await stage.site([cached("/list", undefined, LIST), posted]);
    const answer = await client.open({ method: "POST", path: "/write" });
    await answer.next();
    await get("/list");
    gate.open();
    while ((await answer.next()) !== undefined);
    assertMiss(await get("/list"));
  },
};

/** A route that writes, by POST /write. */
function write(
  answering: () => ContractResponse | Promise<ContractResponse>,
  more: RouteParts = {},
): ReturnType<typeof plain> {
  return plain("/write", answering, { method: "POST", invalidates: ["list"], ...more });
}

async function* parts(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const one of texts) yield bytes(one);
}

function readsItsOwn(answering: () => ContractResponse): Scenario {
  return async (stage) => {
    const { client, get } = await stage.site([cached("/list", undefined, LIST), write(answering)]);
    await get("/list");
    assertHit(await get("/list"));
    await client.ask({ method: "POST", path: "/write" });
    assert.equal((await get("/list")).text, "run 2");
    assertHit(await get("/list"));
  };
}

/** The invalidation takes until a gate opens, as that of a shared store takes a while. */
function waits(answering: () => ContractResponse, status?: number): Scenario {
  return async (stage) => {
    const gate = stage.gate();
    let hasBegun = false;
    const holding = heldBy(stage, () => {
      hasBegun = true;
      return gate;
    });
    const routes = [cached("/list", undefined, LIST), { ...write(answering), cache: holding }];
    const { client, get } = await stage.site(routes);
    let isAnswered = false;
    const posted = client.open({ method: "POST", path: "/write" }).then((answer) => {
      isAnswered = true;
      return answer;
    });
    await stage.until(() => hasBegun, "the write invalidates");
    // Each of these goes to the server and back, and would be overtaken by a byte.
    for (let turn = 0; turn < 5; turn++) await get("/list");
    assert.equal(isAnswered, false, "the response waits for the invalidation");
    gate.open();
    const answer = await posted;
    if (status !== undefined) assert.equal(answer.status, status);
    while ((await answer.next()) !== undefined);
  };
}

/** A cache whose writes invalidate nothing before a gate is open. */
function heldBy(stage: Stage, begin: () => Gate): Cache {
  return altered(stage.cache().cache, (invalidate) => async (end, ...given) => {
    await begin().opened;
    await invalidate(end, ...given);
  });
}

/** These routes with a cache of their own that records how their writes end. */
function recording(routes: readonly ContractRoute[], stage: Stage, ends: string[]): readonly ContractRoute[] {
  const cache = altered(stage.cache().cache, (invalidate) => (end, ...given) => {
    ends.push(String(end.status));
    return invalidate(end, ...given);
  });
  return routes.map((route) => ({ ...route, cache }));
}

type Invalidation = ReturnType<Engine["invalidates"]>;

function altered(cache: Cache, alter: (invalidate: Invalidation) => Invalidation): Cache {
  return withAlteredEngine(cache, (engine) => ({
    invalidates: (tags, context) => alter(engine.invalidates(tags, context) as Invalidation),
  }));
}

function softly(answering: () => ContractResponse): Scenario {
  return async (stage) => {
    let isDown = false;
    const list = cached(
      "/list",
      (_, run) => {
        if (isDown) throw new Error("the handler fails, as it was told to");
        return text(`run ${run}`);
      },
      { ...LIST, staleIfError: 60 },
    );
    const { client, get } = await stage.site([list, write(answering)]);
    await get("/list");
    assert.equal((await client.ask({ method: "POST", path: "/write" })).status, 500);
    isDown = true;
    const standIn = await get("/list");
    assert.deepEqual([standIn.status, standIn.text], [200, "run 1"]);
    assert.equal(list.seen.length, 2, "the handler was asked again");
  };
}

function leaves(answering: () => ContractResponse, status: number, more: RouteParts = {}): Scenario {
  return async (stage) => {
    const { client, get }: Site = await stage.site([
      cached("/list", undefined, LIST),
      write(answering, more),
    ]);
    await get("/list");
    assert.equal((await client.ask({ method: "POST", path: "/write" })).status, status);
    assertHit(await get("/list"));
  };
}

function codeOf(error: unknown): unknown {
  return (error as { readonly code?: unknown }).code;
}
