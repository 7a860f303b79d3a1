import { afterEach, describe, expect, it, vi } from "vitest";
import { clients } from "../outage/clients.ts";
import { faults } from "../outage/faults.ts";
import { Site } from "../outage/site.ts";
import type { Answer, Calls, Connect } from "../outage/site.ts";
import { areServersMissing } from "../support/redis-servers.ts";

/** How many requests are sent at once. */
const AT_ONCE = 10;
const KNOWN = Array.from({ length: 20 }, (_, n) => `known-${n}`);
const REQUESTS = Array.from({ length: 20 }, () => KNOWN).flat();
/** Five failures suspend calls. Whatever is under way by then fails, too, and then there are a few trials. */
const MOST_CALLS = 3 * AT_ONCE;

let site: Site | undefined;

afterEach(async () => {
  await site?.stop();
  site = undefined;
});

interface Watched {
  readonly at: Site;
  /** What `onError` was told, in a few words. */
  readonly told: readonly string[];
}

/** An application that has stored what is known. */
async function watched(connect: Connect): Promise<Watched> {
  const told: string[] = [];
  site = await Site.start(connect, {
    // Other tests keep the machine busy.
    storeTimeout: 1,
    onError: (_error, failure) =>
      told.push("calls" in failure ? `${failure.operation} ${failure.calls}` : failure.operation),
  });
  await site.askAll(KNOWN, AT_ONCE);
  for (const id of KNOWN) await site.firstHit(id);
  return { at: site, told };
}

/** The values of `X-Cache`, each once, and what is wrong. */
function seenIn(answers: readonly Answer[]): readonly unknown[] {
  return [...new Set(answers.map(({ cache, fault }) => fault ?? String(cache)))].toSorted((one, other) =>
    one.localeCompare(other),
  );
}

function callsSince(at: Site, before: Calls): Calls {
  const names = Object.keys(before) as (keyof Calls)[];
  return Object.fromEntries(names.map((name) => [name, at.calls[name] - before[name]])) as Calls;
}

const all = faults.map((fault) => [fault.name, fault] as const);
const unreadable = all.filter(([, { isReadable }]) => !isReadable);
const readOnly = all.filter(([, { isReadable }]) => isReadable);

describe.skipIf(areServersMissing).each(Object.entries(clients))(
  "with %s, a Redis that is",
  (_library, connect) => {
    it.each(unreadable)(
      "%s fails no request, is called a few times, and is used again",
      { timeout: 60_000 },
      async (_name, fault) => {
        const { at, told } = await watched(connect);
        await fault.begin(at);
        const before = { ...at.calls };
        const during = await at.askAll(REQUESTS, AT_ONCE);
        const called = callsSince(at, before);
        const { state } = at.cache.stats().store;
        await fault.end(at);
        await at.firstHit("known-0");
        await at.askAll(KNOWN, AT_ONCE);
        for (const id of KNOWN) await at.firstHit(id);
        const after = await at.askAll(REQUESTS, AT_ONCE);

        expect([seenIn(during), state]).toEqual([["MISS"], "down"]);
        expect([called.get, called.set].filter((count) => count > MOST_CALLS)).toEqual([]);
        expect([seenIn(after), at.cache.stats().store.state]).toEqual([["HIT"], "up"]);
        expect(told.filter((word) => word.endsWith(" reads"))).toEqual(["suspend reads", "resume reads"]);
      },
    );

    it.each(readOnly)(
      "%s serves what it has, is given nothing more, and is used again",
      { timeout: 60_000 },
      async (_name, fault) => {
        const { at, told } = await watched(connect);
        await fault.begin(at);
        const before = { ...at.calls };
        const hits = await at.askAll(REQUESTS, AT_ONCE);
        const misses = await at.askAll(
          REQUESTS.map((_id, n) => `new-${n}`),
          AT_ONCE,
        );
        const called = callsSince(at, before);
        const { state } = at.cache.stats().store;
        await fault.end(at);
        await at.firstHit("new-0");

        expect([seenIn(hits), seenIn(misses), state]).toEqual([["HIT"], ["MISS"], "read-only"]);
        expect(called.set).toBeLessThanOrEqual(MOST_CALLS);
        expect([at.cache.stats().store.state, told.filter((word) => word.endsWith(" writes"))]).toEqual([
          "up",
          ["suspend writes", "resume writes"],
        ]);
      },
    );

    it.each(all)(
      "%s learns later what was invalidated meanwhile",
      { timeout: 60_000 },
      async (_name, fault) => {
        const { at } = await watched(connect);
        await fault.begin(at);
        await at.askAll(KNOWN, AT_ONCE);
        const { everywhere } = await at.change("known-1");
        const during = await at.askAll(["known-1", "known-1", "known-1"]);
        await fault.end(at);
        await at.firstHit("known-0");
        await vi.waitFor(() => expect(at.cache.stats().store.pending).toBe(0), 20_000);
        const marks = (await at.store.marks?.read(0)) ?? [];

        expect([everywhere, seenIn(during)]).toEqual([false, ["MISS"]]);
        expect(marks.map(({ name }) => name)).toContain("t|item:known-1");
        expect(await at.ask("known-1")).toMatchObject({ fault: undefined });
      },
    );
  },
);

describe.skipIf(areServersMissing)(
  "with node-redis, which keeps a connection on which it has lost its place, Redis",
  () => {
    it("is not believed until it is connected again", { timeout: 60_000 }, async () => {
      const { at } = await watched(clients["node-redis"] as Connect);
      at.proxy.garble();
      await at.askAll(KNOWN, AT_ONCE);
      await at.proxy.calm();
      const before = await at.askAll(REQUESTS, AT_ONCE);
      const { state } = at.cache.stats().store;
      at.proxy.cut("RST");
      await at.firstHit("known-0");

      expect([seenIn(before), state, at.proxy.accepted]).toEqual([["MISS"], "down", 2]);
    });
  },
);
