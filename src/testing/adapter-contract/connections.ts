import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { cached, plain, stream, text } from "./routes.ts";
import { hasSeen, sourceOf } from "./source.ts";
import type { Gate, Scenario, Scenarios, Site, Stage } from "./stage.ts";

const other = plain("/other", text("other"));

/** Clients that pipeline requests on one connection (hazard 31). */
export const connections: Scenarios = {
  "the process and the followers survive a disconnect from pipelined requests: the last leads": inEveryOrder([
    "/plain",
    "/second",
    "/a",
  ]),
  "the process and the followers survive a disconnect from pipelined requests: the middle one leads":
    inEveryOrder(["/plain", "/a", "/second"]),
  "the process and the followers survive a disconnect from pipelined requests: the first leads": inEveryOrder(
    ["/a", "/plain", "/second"],
  ),
  "the process and the followers survive a disconnect from pipelined requests: two lead": inEveryOrder([
    "/a",
    "/plain",
    "/b",
  ]),

  "the process and the follower survive a leader whose client ends the connection within its next request":
    async (stage) => {
      const gate = stage.gate();
      const route = cached("/a", async () => {
        await gate.opened;
        return text("whole");
      });
      const site = await stage.site([route, other]);
      const uncaught = await uncaughtDuring(async () => {
        const { socket, ended } = site.client.ahead(["/a"]);
        await stage.until(() => route.seen.length === 1, "the leader runs");
        const follower = site.get("/a");
        await stage.until(() => site.store.count("get") === 2, "a follower waits");
        socket.end("GET /other HTTP/1.1\r\nhost");
        await ended;
        await finish(gate, site);
        assert.equal((await follower).text, "whole");
      });
      assert.deepEqual(uncaught, [], "the process survives");
    },

  "followers without a byte wait at most a second for a leader behind another response on its connection":
    async (stage) => {
      const [before, gate] = [stage.gate(), stage.gate()];
      const first = plain("/first", async () => {
        await before.opened;
        return text("first");
      });
      const route = cached("/a", async (_, run) => {
        if (run === 1) await gate.opened;
        return text(`run ${run}`);
      });
      const { client, clock, store, get } = await stage.site([first, route]);
      client.ahead(["/first", "/a"]);
      await stage.until(() => route.seen.length === 1, "the leader runs");
      const waiting = [get("/a"), get("/a")];
      await stage.until(() => store.count("get") === 3, "the followers wait");
      clock.advance(1);
      const answers = await Promise.all(waiting);
      assert.deepEqual(
        answers.map((answer) => answer.text),
        ["run 2", "run 2"],
        "one follower leads for all",
      );
    },

  "a follower behind another response on its connection gets every byte of a stream too large to buffer":
    async (stage) => {
      const before = stage.gate();
      const texts = Array.from({ length: 40 }, (_, at) => String(at % 10).repeat(20_000));
      const source = sourceOf(stage, texts);
      const first = plain("/first", async () => {
        await before.opened;
        return text("first");
      });
      const route = cached(
        "/a",
        (_, run) => (run === 1 ? stream(() => source.parts()) : text(texts.join(""))),
        {
          ttl: 60,
          maxBodyBytes: 80_000,
        },
      );
      const site = await stage.site([first, route, other]);
      const { client, cache, clock, get } = site;
      source.letGo(1);
      const leader = await client.open({ path: "/a" });
      const { ended } = client.ahead(["/first", "/a"], { closes: true });
      await stage.until(() => cache.stats().outcomes.collapsed === 1, "the pipelined request follows");
      // One part at a time, so that the others have read it before the next.
      for (const at of texts.keys()) {
        source.letGo(at + 1);
        while ((await leader.next())?.byteLength === 0);
        clock.advance(1);
        await hasSeen(site, "/other");
      }
      source.finish();
      before.open();
      const answers = await ended;
      assert.ok(answers.includes("first"), "the response before it is sent");
      assert.ok(answers.replaceAll(/\r\n[\da-f]+\r\n/g, "").includes(texts.join("")), "it gets every byte");
      assert.equal((await get("/a")).text, texts.join(""));
    },
};

/** Pipelines `paths`, disconnects, and ends their handlers in every order. */
function inEveryOrder(paths: readonly string[]): Scenario {
  return async (stage) => {
    for (const order of permutations(paths)) await inOrder(stage, paths, order);
  };
}

async function inOrder(stage: Stage, paths: readonly string[], order: readonly string[]): Promise<void> {
  const gates = new Map(paths.map((path) => [path, stage.gate()] as const));
  const answering = (path: string) => async () => {
    await gates.get(path)?.opened;
    return text(`answer to ${path}`);
  };
  const shared = paths.filter((path) => path.length === 2);
  const routes = paths.map((path) => (shared.includes(path) ? cached : plain)(path, answering(path)));
  const site = await stage.site([...routes, other]);
  const uncaught = await uncaughtDuring(async () => {
    const { socket } = site.client.ahead(paths);
    await stage.until(() => routes.every(({ seen }) => seen.length === 1), "all handlers run");
    const before = site.store.count("get");
    const followers = shared.map((path) => site.get(path));
    await stage.until(() => site.store.count("get") === before + shared.length, "the followers wait");
    await disconnect(socket, site);
    for (const path of order) await finish(gates.get(path), site);
    const answers = await Promise.all(followers);
    assert.deepEqual(
      answers.map((answer) => answer.text),
      shared.map((path) => `answer to ${path}`),
      `the followers get their responses where ${order.join(", ")} end in this order`,
    );
    assert.deepEqual(
      routes.map(({ seen }) => seen.length),
      [1, 1, 1],
      "each handler ran once",
    );
  });
  assert.deepEqual(uncaught, [], `the process survives where ${order.join(", ")} end in this order`);
}

/** Returns the uncaught exceptions of this process during `scene`: outside tests they would end it. */
async function uncaughtDuring(scene: () => Promise<void>): Promise<readonly unknown[]> {
  const uncaught: unknown[] = [];
  const note = (error: unknown): void => void uncaught.push(error);
  process.on("uncaughtExceptionMonitor", note);
  try {
    await scene();
  } finally {
    process.off("uncaughtExceptionMonitor", note);
  }
  return uncaught;
}

async function disconnect(socket: Socket, site: Site): Promise<void> {
  socket.destroy();
  await hasSeen(site, "/other");
}

async function finish(gate: Gate | undefined, site: Site): Promise<void> {
  gate?.open();
  await hasSeen(site, "/other");
}

function permutations<T>(list: readonly T[]): readonly (readonly T[])[] {
  if (list.length < 2) return [list];
  return list.flatMap((one, at) => permutations(list.toSpliced(at, 1)).map((rest) => [one, ...rest]));
}
