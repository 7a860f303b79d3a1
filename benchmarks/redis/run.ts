// What a hit costs that comes from Redis:  npm run bench -- redis
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { startRedis } from "../../test/support/redis-servers.ts";
import type { RedisServer } from "../../test/support/redis-servers.ts";
import { measurePair } from "../comparison.ts";
import type { Pair } from "../comparison.ts";
import { runProgram } from "../program.ts";
import { aligned } from "../report.ts";
import { clients, comparisonsOf } from "./contenders.ts";
import type { ClientName } from "./contenders.ts";
import { measureMemory } from "./memory.ts";
import type { EntryMemory } from "./memory.ts";
import { help, parseOptions } from "./options.ts";
import type { RedisOptions } from "./options.ts";
import { memoryTable, ratioTable, serverTable, summary, toJson, toMarkdown } from "./report.ts";
import type { ClientResult } from "./report.ts";
import { RedisRound } from "./round.ts";

/** This file runs as build/benchmarks/redis/run.js. */
const root = join(dirname(fileURLToPath(import.meta.url)), "../../..");

await runProgram({ help, parse: parseOptions }, bench);

async function bench(options: RedisOptions): Promise<void> {
  const redis = await startRedis();
  try {
    const memory = await measureMemory(redis);
    console.log(aligned(memoryTable(memory)));
    if (options.isMemoryOnly) return;
    const results: ClientResult[] = [];
    for (const client of options.clients) results.push(await measureClient(client, redis, options));
    for (const table of [ratioTable(results), serverTable(results)]) console.log(`\n${aligned(table)}`);
    console.log(`\nwritten: ${write(results, memory, options)}`);
  } finally {
    await redis.stop();
  }
}

async function measureClient(
  client: ClientName,
  redis: RedisServer,
  options: RedisOptions,
): Promise<ClientResult> {
  const comparisons = comparisonsOf(client);
  const pairs: Pair[][] = comparisons.map(() => []);
  const result: ClientResult = { client, pairs };
  for (let number = 1; number <= options.rounds; number++) {
    for (const [index, comparison] of comparisons.entries()) {
      await redis.command("FLUSHALL");
      const round = await RedisRound.start(comparison, client, redis.url, options);
      try {
        for (let turn = 0; turn < options.pairs; turn++)
          pairs[index]?.push(await measurePair(round, number, comparison, options.seconds, turn % 2 === 1));
      } finally {
        await round.stop();
      }
    }
    console.log(`${clients[client]}, round ${number} of ${options.rounds}: ${summary(result)}`);
  }
  return result;
}

/** A run that is no result to keep goes where throw-away output goes. */
function write(
  results: readonly ClientResult[],
  memory: readonly EntryMemory[],
  options: RedisOptions,
): string {
  const folder = join(root, options.isKept ? "benchmarks/results" : "build/benchmarks/results");
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "redis");
  writeFileSync(`${file}.json`, toJson(results, memory, options));
  writeFileSync(`${file}.md`, toMarkdown(results, memory, options));
  return `${file}.{md,json}`;
}
