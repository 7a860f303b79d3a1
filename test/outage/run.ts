import { setTimeout as sleep } from "node:timers/promises";
import { clients } from "./clients.ts";
import { faults } from "./faults.ts";
import type { Fault } from "./faults.ts";
import { MOST_AT_ONCE, Site } from "./site.ts";
import type { Answer, Connect } from "./site.ts";

/** What is played: `npm run outage -- --help` has the words. */
export interface Plan {
  readonly clients: readonly string[];
  readonly faults: readonly string[];
  /** How long Redis is away. */
  readonly seconds: number;
  /** How many requests are sent in that time. */
  readonly requests: number;
}

/** What was seen of one fault. */
interface Result {
  readonly client: string;
  readonly fault: string;
  /** Before the fault, and during it. */
  readonly healthy: readonly Answer[];
  readonly during: readonly Answer[];
  readonly beganAt: number;
  /** From when the client was ready, or the server was, to the first hit, in ms. */
  readonly backMs: number;
  /** Memory before and after. */
  readonly memory: readonly [Memory, Memory];
  /** Invalidations during the fault: how many, how many reached all, and the slowest. */
  readonly changes: { readonly all: number; readonly everywhere: number; readonly slowest: number };
  readonly calls: string;
  readonly told: Readonly<Record<string, number>>;
}

/** In MiB: what the process has, and what is in use after a collection of garbage. */
interface Memory {
  readonly resident: number;
  readonly used: number;
}

const KNOWN = Array.from({ length: 50 }, (_, n) => `known-${n}`);

/** The names of what can be played. */
export const names = { clients: Object.keys(clients), faults: faults.map(({ name }) => name) };

/** Plays each fault with each client, and has what was seen printed. Returns whether nothing failed and nothing was wrong. */
export async function play(plan: Plan, print: (lines: string) => void): Promise<boolean> {
  let isGood = true;
  for (const [client, connect] of Object.entries(clients)) {
    if (!plan.clients.includes(client)) continue;
    for (const fault of faults) {
      if (!plan.faults.includes(fault.name)) continue;
      const result = await suffer(client, connect, fault, plan);
      print(told(result, fault));
      isGood &&= isGoodResult(result);
    }
  }
  return isGood;
}

async function suffer(client: string, connect: Connect, fault: Fault, plan: Plan): Promise<Result> {
  const told: Record<string, number> = {};
  const site = await Site.start(connect, {
    onError: (_error, failure) => {
      const word = "calls" in failure ? `${failure.operation} ${failure.calls}` : failure.operation;
      told[word] = (told[word] ?? 0) + 1;
    },
  });
  // All connections are open then: a busy event loop accepts new ones late.
  await site.askAll(
    Array.from({ length: MOST_AT_ONCE }, (_, n) => `first-${n}`),
    MOST_AT_ONCE,
  );
  await site.askAll(KNOWN);
  for (const id of KNOWN) await site.firstHit(id);
  const healthy = await load(site, 2, 600);
  const before = { ...site.calls };
  const memoryBefore = memory();
  const beganAt = performance.now();
  await fault.begin(site);
  const [during, changes] = await Promise.all([
    load(site, plan.seconds, plan.requests),
    changing(site, plan.seconds),
  ]);
  const calls = Object.entries(site.calls)
    .map(([name, count]) => `${name} ${count - before[name as keyof typeof before]}`)
    .join(", ");
  const memoryAfter = memory();
  const endedAt = performance.now();
  await fault.end(site);
  const repairedAt = performance.now();
  const hitAt = await site.firstHit("known-0", 60_000);
  // Where the connection was kept, the client is ready once the server is.
  const readyAt = site.readyAt > endedAt ? site.readyAt : repairedAt;
  await site.stop();
  return {
    client,
    fault: fault.name,
    healthy,
    during,
    beganAt,
    backMs: Math.max(0, hitAt - readyAt),
    memory: [memoryBefore, memoryAfter],
    changes,
    calls,
    told,
  };
}

/** Sends requests at a steady rate, as long as those before are answered. Most are for what is stored. */
async function load(site: Site, seconds: number, requests: number): Promise<readonly Answer[]> {
  const beganAt = performance.now();
  const sent: Promise<Answer>[] = [];
  const underWay = new Set<Promise<Answer>>();
  for (let n = 0; n < requests; n++) {
    const dueAt = beganAt + (n / requests) * seconds * 1000;
    const early = dueAt - performance.now();
    if (early > 0) await sleep(early);
    if (underWay.size >= MOST_AT_ONCE) await Promise.race(underWay);
    const id = n % 10 === 0 ? `new-${beganAt.toFixed()}-${n}` : (KNOWN[n % KNOWN.length] as string);
    const answer = site.ask(id);
    sent.push(answer);
    underWay.add(answer);
    void answer.then(() => underWay.delete(answer));
  }
  return Promise.all(sent);
}

/** Changes an item every tenth of a second. */
async function changing(site: Site, seconds: number): Promise<Result["changes"]> {
  const endsAt = performance.now() + seconds * 1000;
  let [all, everywhere, slowest] = [0, 0, 0];
  while (performance.now() < endsAt) {
    const change = await site.change(KNOWN[all % KNOWN.length] as string);
    all++;
    if (change.everywhere) everywhere++;
    slowest = Math.max(slowest, change.ms);
    await sleep(100);
  }
  return { all, everywhere, slowest };
}

function memory(): Memory {
  globalThis.gc?.();
  const { rss, heapUsed, external } = process.memoryUsage();
  return { resident: rss / 2 ** 20, used: (heapUsed + external) / 2 ** 20 };
}

function isGoodResult({ during, backMs }: Result): boolean {
  return during.every(({ fault }) => fault === undefined) && backMs <= 1000;
}

/** What was seen, in words. */
function told(result: Result, fault: Fault): string {
  const { during, changes, memory: states } = result;
  const failed = during.filter(({ cache }) => cache === undefined).length;
  const faulty = during.filter(({ fault: what }) => what !== undefined);
  const hits = during.filter(({ cache }) => cache === "HIT").length;
  const slowest = Math.max(...during.map(({ ms }) => ms));
  const second = (n: number): string => {
    return `${n}: ${percentiles(during.filter(({ at }) => Math.floor((at - result.beganAt) / 1000) === n))}`;
  };
  const seconds = Math.ceil((Math.max(...during.map(({ at }) => at)) - result.beganAt) / 1000);
  return `
${result.client}, ${result.fault}
  ${during.length} requests: ${failed} failed, ${faulty.length - failed} wrong, ${hits} hits${fault.isReadable ? "" : " (none is expected)"}
  p50/p99 in ms before: ${percentiles(result.healthy)}; slowest ${slowest.toFixed(1)}; by second: ${Array.from({ length: seconds }, (_, n) => second(n)).join("  ")}
  ${changes.all} invalidations: ${changes.everywhere} everywhere at once, slowest ${changes.slowest.toFixed(1)} ms
  calls of the store: ${result.calls}
  told: ${Object.entries(result.told)
    .map(([word, count]) => `${word} ${count}`)
    .join(", ")}
  memory in use ${inTurn(states.map(({ used }) => used))} MiB, resident ${inTurn(states.map(({ resident }) => resident))} MiB
  first hit ${result.backMs.toFixed()} ms after the client was ready${faulty.length > 0 ? `\n  such as: ${faulty[0]?.fault}` : ""}`;
}

function inTurn(numbers: readonly number[]): string {
  return numbers.map((number) => number.toFixed(1)).join(" -> ");
}

function percentiles(answers: readonly Answer[]): string {
  const times = answers.map(({ ms }) => ms);
  return times.length === 0 ? "-" : `${percentile(times, 0.5)}/${percentile(times, 0.99)}`;
}

function percentile(times: readonly number[], share: number): string {
  const sorted = times.toSorted((one, other) => one - other);
  return (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] as number).toFixed(1);
}
