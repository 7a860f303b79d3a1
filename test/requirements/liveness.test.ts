import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Decision, Fill } from "../../src/adapter.ts";
import { asyncStore, kitOf, openWith, settle } from "../support/kit.ts";
import type { Kit, Said } from "../support/kit.ts";

/** A crowd of requests in any order: how many were sent, how many were answered, which handlers run. */
interface Crowd {
  readonly kit: Kit;
  readonly running: Fill[];
  /** The requests whose handler never responds, and those whose handler still runs. */
  unanswered(): number;
  silent: number;
  asked: number;
  answered: number;
}

type Step = (crowd: Crowd) => void | Promise<unknown>;

const ask: Step = (crowd) => {
  crowd.asked++;
  void Promise.resolve(crowd.kit.begin()).then((decision: Decision) => {
    crowd.answered++;
    crowd.running.push(...(decision.kind === "fill" ? [decision] : []));
  });
};

const finish =
  (end: (fill: Fill) => void): Step =>
  ({ running }) =>
    running.splice(0, 1).forEach(end);

const saying = (said: Said): Step => finish((fill) => openWith(fill, said).complete("made"));

const steps: Readonly<Record<string, Step>> = {
  ask,
  "answer that may be stored": saying({}),
  "answer that may not be stored": saying({ headers: { "set-cookie": "a=1" } }),
  "answer that varies": saying({ headers: { vary: "x-a" } }),
  "answer that breaks off": finish((fill) => openWith(fill).abandon("aborted")),
  stream: finish((fill) => openWith(fill).stream().sink?.end()),
  "stream that breaks off": finish((fill) => openWith(fill).stream().sink?.abandon("failed")),
  fail: finish((fill) => fill.abandon("failed")),
  "go away": finish((fill) => fill.abandon("aborted")),
  "never answer": (crowd) => {
    crowd.silent += crowd.running.splice(0, 1).length;
  },
  invalidate: ({ kit }) => void kit.cache.invalidate("k"),
  clear: ({ kit }) => void kit.cache.clear(),
  "let time pass": ({ kit }) => kit.clock.advance(7),
  "let promises go on": settle,
};

async function run(names: readonly string[], isAsync: boolean): Promise<Crowd> {
  const store = isAsync ? { store: asyncStore() } : {};
  const kit = kitOf({ cache: store, route: { key: () => "k", ttl: 5 } });
  const crowd: Crowd = {
    kit,
    running: [],
    unanswered: () => crowd.silent + crowd.running.length,
    silent: 0,
    asked: 0,
    answered: 0,
  };
  for (const name of names) await steps[name]?.(crowd);
  for (const _ of Array.from({ length: 8 })) {
    await settle();
    kit.clock.advance(10);
  }
  await settle();
  return crowd;
}

const stories = fc.array(
  fc.oneof({ weight: 3, arbitrary: fc.constant("ask") }, fc.constantFrom(...Object.keys(steps))),
  { maxLength: 40 },
);

describe("whatever handlers, clients and purges do", () => {
  it("each request is answered, and no timer is left", async () => {
    await fc.assert(
      fc.asyncProperty(stories, fc.boolean(), async (names, isAsync) => {
        const { asked, answered, kit } = await run(names, isAsync);

        expect([answered, kit.clock.pending]).toEqual([asked, 0]);
      }),
      { numRuns: 200 },
    );
  });

  it("each answer is counted once", async () => {
    await fc.assert(
      fc.asyncProperty(stories, async (names) => {
        const { asked, kit, unanswered } = await run(names, false);
        const counted = Object.values(kit.cache.stats().outcomes).reduce((sum, count) => sum + count, 0);

        // A miss is counted once its handler has responded or given up.
        expect(counted + unanswered()).toBe(asked);
      }),
      { numRuns: 50 },
    );
  });
});
