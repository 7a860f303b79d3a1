// What a hit costs on each framework:  npm run bench -- adapters
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { measurePair } from "../comparison.ts";
import type { Pair } from "../comparison.ts";
import { runProgram } from "../program.ts";
import { aligned } from "../report.ts";
import { comparisonsOf, frameworkOf } from "./contenders.ts";
import { help, parseOptions } from "./options.ts";
import type { AdapterOptions } from "./options.ts";
import { ratioTable, serverTable, summary, toJson, toMarkdown } from "./report.ts";
import type { FrameworkResult } from "./report.ts";
import { AdapterRound } from "./round.ts";

/** This file runs as build/benchmarks/adapters/run.js. */
const root = join(dirname(fileURLToPath(import.meta.url)), "../../..");

await runProgram({ help, parse: parseOptions }, bench);

/** All frameworks are measured in each round, so that a drift of the machine is spread over them. */
async function bench(options: AdapterOptions): Promise<void> {
  const results = options.frameworks.map((framework) => ({
    framework,
    pairs: comparisonsOf(framework).map((): Pair[] => []),
  }));
  for (let number = 1; number <= options.rounds; number++)
    for (const result of results) {
      await measureRound(result, number, options);
      const { title } = frameworkOf(result.framework);
      console.log(`${title}, round ${number} of ${options.rounds}: ${summary(result)}`);
    }
  for (const table of [ratioTable(results), serverTable(results)]) console.log(`\n${aligned(table)}`);
  console.log(`\nwritten: ${write(results, options)}`);
}

async function measureRound(
  { framework, pairs }: { readonly framework: FrameworkResult["framework"]; readonly pairs: Pair[][] },
  number: number,
  options: AdapterOptions,
): Promise<void> {
  const hit = await AdapterRound.hitOf(framework, options);
  for (const [index, comparison] of comparisonsOf(framework).entries()) {
    const round = await AdapterRound.start(comparison, framework, hit, options);
    try {
      for (let turn = 0; turn < options.pairs; turn++)
        pairs[index]?.push(await measurePair(round, number, comparison, options.seconds, turn % 2 === 1));
    } finally {
      await round.stop();
    }
  }
}

/** A run that is no result to keep goes where throw-away output goes. */
function write(results: readonly FrameworkResult[], options: AdapterOptions): string {
  const folder = join(root, options.isKept ? "benchmarks/results" : "build/benchmarks/results");
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "adapters");
  writeFileSync(`${file}.json`, toJson(results, options));
  writeFileSync(`${file}.md`, toMarkdown(results, options));
  return `${file}.{md,json}`;
}
