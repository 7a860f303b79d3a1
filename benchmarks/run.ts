import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { cases } from "./cases.ts";
import type { CaseName } from "./cases.ts";
import { comparisons, measurePair } from "./comparison.ts";
import type { Pair } from "./comparison.ts";
import { help, parseOptions } from "./options.ts";
import type { Options } from "./options.ts";
import { runProgram } from "./program.ts";
import { aligned, ratioTable, serverTable, summary, toJson, toMarkdown } from "./report.ts";
import type { CaseResult } from "./report.ts";
import { Round } from "./round.ts";

/** This file runs as build/benchmarks/run.js. */
const root = join(dirname(fileURLToPath(import.meta.url)), "../..");

await runProgram({ help, parse: parseOptions }, bench);

async function bench(options: Options): Promise<void> {
  const results: CaseResult[] = [];
  for (const name of options.cases) results.push(await measureCase(name, options));
  for (const table of [ratioTable(results), serverTable(results)]) console.log(`\n${aligned(table)}`);
  console.log(`\nwritten: ${write(results, options)}`);
}

async function measureCase(name: CaseName, options: Options): Promise<CaseResult> {
  const pairs: Pair[][] = comparisons.map(() => []);
  const result: CaseResult = { name, pairs };
  for (let round = 1; round <= options.rounds; round++) {
    const place = `${cases[name].title}, round ${round} of ${options.rounds}`;
    console.log(`${place}: starting, checking and warming up`);
    await measureRound(await Round.start(name, options), round, pairs, options);
    console.log(`${place}: ${summary(result)}`);
  }
  return result;
}

async function measureRound(servers: Round, round: number, pairs: Pair[][], options: Options): Promise<void> {
  try {
    await servers.warmUp();
    for (let turn = 0; turn < options.pairs; turn++) {
      for (const [index, comparison] of comparisons.entries()) {
        pairs[index]?.push(await measurePair(servers, round, comparison, options.seconds, turn % 2 === 1));
      }
    }
  } finally {
    await servers.stop();
  }
}

/** A short run is no result to keep: it goes where throw-away output goes. */
function write(results: readonly CaseResult[], options: Options): string {
  const folder = join(root, options.isQuick ? "build/benchmarks/results" : "benchmarks/results");
  mkdirSync(folder, { recursive: true });
  const file = join(folder, options.name);
  writeFileSync(`${file}.json`, toJson(results, options));
  writeFileSync(`${file}.md`, toMarkdown(results, options));
  return `${file}.{md,json}`;
}
