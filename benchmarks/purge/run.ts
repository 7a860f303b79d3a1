// What a purge costs, and how soon it is everywhere:  npm run purge
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { startRedis } from "../../test/support/redis-servers.ts";
import type { RedisServer } from "../../test/support/redis-servers.ts";
import { Child } from "../child.ts";
import { runProgram } from "../program.ts";
import { aligned, machine, markdown } from "../report.ts";
import type { Table } from "../report.ts";
import { BOUND_MS, verdictOf } from "./judge.ts";
import type { Verdict } from "./judge.ts";
import { purgeMany } from "./many.ts";
import type { ManyPurged } from "./many.ts";
import type { Loaded, LoadOrder, NodeOrder, Oddity, Purge } from "./setting.ts";

/** This file runs as build/benchmarks/purge/run.js. */
const root = join(dirname(fileURLToPath(import.meta.url)), "../../..");

const PURGE_EVERY_MS = 250;
/** How long a purge of 100,000 entries may take. */
const PURGE_GOAL_MS = 5;

const HOUR_MS = 3_600_000;

/** What is odd about the second of the two nodes. */
const scenarios: Readonly<Record<string, Oddity>> = {
  "two ordinary nodes": {},
  "one stalls for 60 ms, five times a second": { stallMs: 60 },
  "one with its clock an hour ahead": { aheadMs: HOUR_MS },
  "one with its clock an hour behind": { aheadMs: -HOUR_MS },
};

/** How much is measured. `rate`: requests a second on each node. */
const usual = { seconds: 10, entries: 100_000, rate: 1000, isKept: true };
const quick = { seconds: 3, entries: 10_000, rate: 1000, isKept: false };

const help = `npm run purge [-- options]   takes about two minutes, and needs redis-server on the PATH

  --quick           with fewer entries and requests; the result goes to build/benchmarks/results
  --rate <number>   requests a second on each node; default 1000; the result is not kept either
  --help            this
`;

await runProgram({ help, parse: parseOptions }, purging);

function parseOptions(args: readonly string[]): typeof usual | undefined {
  const flag = { type: "boolean", default: false } as const;
  const { values } = parseArgs({
    args: [...args],
    options: { help: flag, quick: flag, rate: { type: "string" } },
  });
  if (values.help) return undefined;
  const base = values.quick ? quick : usual;
  if (values.rate === undefined) return base;
  const rate = Number(values.rate);
  if (!(rate >= 1 && rate <= 100_000)) throw new Error(`--rate ${values.rate}: write a number from 1 on`);
  return { ...base, rate, isKept: false };
}

async function purging({ seconds, entries, rate, isKept }: typeof usual): Promise<void> {
  const redis = await startRedis();
  try {
    console.log(`storing ${entries} entries`);
    const many = manyTable(await purgeMany(redis, entries));
    console.log(`${aligned(many)}\n`);
    const verdicts: [string, Verdict][] = [];
    for (const [name, oddity] of Object.entries(scenarios)) {
      verdicts.push([name, await judged(redis, oddity, { rate, seconds })]);
      console.log(`${name}: ${JSON.stringify(verdicts.at(-1)?.[1])}`);
    }
    const nodes = nodesTable(verdicts);
    console.log(`\n${aligned(nodes)}\n\nwritten: ${write([many, nodes], rate, isKept)}`);
  } finally {
    await redis.stop();
  }
}

/** Loads two nodes, and purges on the one and on the other in turn. */
async function judged(redis: RedisServer, oddity: Oddity, load: Omit<LoadOrder, "ports">): Promise<Verdict> {
  await redis.command("FLUSHALL");
  const nodes = [{}, oddity].map((odd, index) => {
    const order: NodeOrder = { redis: redis.url, ...odd };
    return new Child("./purge/server.js", [JSON.stringify(order)], `node ${index + 1}`);
  });
  const generator = new Child("./purge/load.js", [], "load generator");
  try {
    const ports = await Promise.all(nodes.map((node) => node.ask<number>("address")));
    const order: LoadOrder = { ports, ...load };
    const state = { isOver: false };
    const loading = generator.ask<Loaded>(order, load.seconds).finally(() => (state.isOver = true));
    const purges: Purge[] = [];
    await delay(PURGE_EVERY_MS);
    for (let turn = 0; !state.isOver; turn++) {
      const node = turn % nodes.length;
      const purge = await nodes[node]?.ask<Omit<Purge, "node">>("purge");
      if (purge !== undefined) purges.push({ node, ...purge });
      await delay(PURGE_EVERY_MS);
    }
    return verdictOf(await loading, purges);
  } finally {
    await Promise.all([generator, ...nodes].map((child) => child.stop()));
  }
}

function manyTable({ entries, firstMs, ms }: ManyPurged): Table {
  return {
    header: ["entries under the tag", "first purge", "median", "slowest", "goal"],
    rows: [
      [
        String(entries),
        milliseconds(firstMs),
        milliseconds(ms.median),
        milliseconds(ms.largest),
        `${PURGE_GOAL_MS} ms ${ms.median <= PURGE_GOAL_MS ? "met" : "missed"}`,
      ],
    ],
  };
}

function nodesTable(verdicts: readonly (readonly [string, Verdict])[]): Table {
  return {
    header: [
      "nodes",
      "requests",
      "hits",
      "purges",
      "a purge took",
      "stale where it was purged",
      `stale elsewhere after ${BOUND_MS} ms`,
      "goal: none",
      `stale elsewhere within ${BOUND_MS} ms`,
      "noticed elsewhere after",
    ],
    rows: verdicts.map(([name, verdict]) => [
      name,
      `${verdict.requests}${verdict.failed === 0 ? "" : `, ${verdict.failed} failed`}`,
      `${(verdict.hits * 100).toFixed(0)} %${verdict.blind === 0 ? "" : `, ${verdict.blind} blind`}`,
      `${verdict.purges}, everywhere ${verdict.everywhere}`,
      medianAndMost(verdict.purgeMs),
      String(verdict.staleThere),
      String(verdict.staleElsewhere),
      verdict.staleThere + verdict.staleElsewhere === 0 && verdict.failed === 0 ? "met" : "missed",
      String(verdict.staleWithin),
      medianAndMost(verdict.noticedMs),
    ]),
  };
}

function medianAndMost({ median, most }: { readonly median: number; readonly most: number }): string {
  return `${milliseconds(median)}, at most ${milliseconds(most)}`;
}

function milliseconds(value: number): string {
  return `${value.toFixed(value < 1 ? 2 : 1)} ms`;
}

function write(tables: readonly Table[], rate: number, isKept: boolean): string {
  const { node, cpu, at } = machine();
  const head =
    `Node ${node}, ${cpu}, ${at.slice(0, 10)}. One Redis; in the second table two server processes, ${rate} requests a second ` +
    `on each, and a purge each ${PURGE_EVERY_MS} ms on one of them in turn. Method: [benchmarks](../README.md#purges).`;
  const folder = join(root, isKept ? "benchmarks/results" : "build/benchmarks/results");
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "purge.md");
  const title = "# Purges: what they cost, and how soon they are everywhere";
  writeFileSync(file, `${[title, head, ...tables.map(markdown)].join("\n\n")}\n`);
  return file;
}
