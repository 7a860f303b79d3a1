import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { Child } from "../child.ts";
import { spreadOf } from "../statistics.ts";
import { Crowd, ask, askAll } from "./crowd.ts";
import { BUDGET, HANDLER_MS, contentOf, partOf, stream } from "./origin.ts";
import type { Framework } from "./servers.ts";

/** One line of the result: what was measured, and what it has to be. */
export interface Finding {
  readonly framework: Framework;
  readonly what: string;
  readonly value: string;
  readonly goal: string;
  readonly isMet: boolean;
}

const LATE = 50;
const CROWD = 200;
const TURNS = 7;
const WARM_UPS = 10;

/** Starts a server of one framework and asks it in crowds. */
export async function measure(framework: Framework): Promise<Finding[]> {
  const order = JSON.stringify({ framework });
  const child = new Child("./crowd/server.js", [order], `server "${framework}"`, ["--expose-gc"]);
  try {
    const port = await child.ask<number>("address");
    const findings = [
      await firstByte(port),
      ...(await lateArrivals(port, child)),
      ...(await uncacheable(port)),
      ...(await stale(port, child)),
    ];
    return findings.map((finding) => ({ framework, ...finding }));
  } finally {
    await child.stop();
  }
}

type Found = Omit<Finding, "framework">;

async function firstByte(port: number): Promise<Found> {
  const ratios: number[] = [];
  for (let turn = 0; turn < TURNS; turn++) {
    const plain = await ask(port, `/plain/stream/first-${turn}`);
    const leader = await ask(port, `/stream/first-${turn}`);
    ratios.push((leader.firstAt - leader.askedAt) / (plain.firstAt - plain.askedAt));
  }
  const { median } = spreadOf(ratios);
  const what = "first byte of a 10 MiB stream: a miss / without a cache";
  return { what, value: median.toFixed(2), goal: "at most 1.10", isMet: median <= 1.1 };
}

async function lateArrivals(port: number, child: Child): Promise<Found[]> {
  const before = await child.ask<number>("settle");
  const leader = ask(port, "/stream/crowd");
  await delay((stream.parts * stream.everyMs) / 3);
  const followers = await askAll(port, "/stream/crowd", LATE);
  const peak = (await child.ask<number>("peak")) - before;
  assert.ok(followers.every(({ status }) => status === 200));
  const right = hashOf("/stream/crowd");
  const same = [await leader, ...followers].filter(({ hash }) => hash === right).length;
  const runs = await child.ask<number>("/stream/crowd");
  const joined = followers.filter(({ cacheStatus }) => cacheStatus.includes("collapsed")).length;
  return [
    {
      what: `${LATE} late arrivals: right bytes, of ${LATE + 1}; that followed; handler runs`,
      value: `${same}; ${joined}; ${runs}`,
      goal: `${LATE + 1}; ${LATE}; 1`,
      isMet: same === LATE + 1 && joined === LATE && runs === 1,
    },
    {
      what: "live memory that they take, at most",
      value: `${(peak / 2 ** 20).toFixed(1)} MiB`,
      goal: `at most the budget of ${BUDGET / 2 ** 20} MiB`,
      isMet: peak <= BUDGET,
    },
  ];
}

async function uncacheable(port: number): Promise<Found[]> {
  const asking = new Crowd(port);
  const crowd = async (path: string, count = CROWD, turns = TURNS): Promise<number> => {
    const measured: number[] = [];
    for (let turn = 0; turn < turns; turn++) {
      measured.push(await asking.time(`${path}-${turn}`, count, contentOf(`${path}-${turn}`)));
    }
    return spreadOf(measured).median;
  };
  // A server that is met by a crowd has been up for a while, and its code is compiled.
  for (const kind of ["/plain/private", "/private", "/plain/early", "/early"])
    await crowd(`${kind}/warm`, CROWD, WARM_UPS);
  const alone = await crowd("/plain/private/alone", 1);
  const floor = await crowd("/plain/private/crowd");
  const cold = await crowd("/private/cold");
  const known = await crowd("/private/cold");
  const earlyAlone = await crowd("/plain/early/alone", 1);
  const earlyFloor = await crowd("/plain/early/crowd");
  const early = await crowd("/early/cold");
  const finding = (what: string, time: number, one: number, many: number, isGoal: boolean): Found => ({
    what: `${CROWD} at once for what is private, ${what} / one alone; / as many without a cache`,
    value: `${(time / one).toFixed(2)}; ${(time / many).toFixed(2)}`,
    goal: isGoal ? "at most 1.30 of one" : "",
    isMet: time / one <= 1.3,
  });
  return [
    finding("remembered as uncacheable", known, alone, floor, true),
    finding("never asked before, its head at once", early, earlyAlone, earlyFloor, true),
    finding(`never asked before, its head after ${HANDLER_MS} ms`, cold, alone, floor, false),
  ];
}

async function stale(port: number, child: Child): Promise<Found[]> {
  await ask(port, "/stale/a");
  const before = await child.ask<number>("refreshes");
  await delay(400);
  const seen = await askAll(port, "/stale/a", CROWD);
  const started = (await child.ask<number>("refreshes")) - before;
  const slowest = Math.max(...seen.map(({ askedAt, endedAt }) => endedAt - askedAt));
  const hits = seen.filter(({ cacheStatus }) => cacheStatus.includes(";hit;ttl=-")).length;
  return [
    {
      what: `${CROWD} at once for what is stale: served from the cache; refreshes; slowest answer`,
      value: `${hits}; ${started}; ${slowest.toFixed(0)} ms`,
      goal: `${CROWD}; 1; less than the handler's ${HANDLER_MS} ms`,
      isMet: hits === CROWD && started === 1 && slowest < HANDLER_MS,
    },
  ];
}

function hashOf(path: string): string {
  const hash = createHash("sha256");
  for (let index = 0; index < stream.parts; index++) hash.update(partOf(path, index));
  return hash.digest("hex");
}
