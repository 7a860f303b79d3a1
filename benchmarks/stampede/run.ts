import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { runProgram } from "../program.ts";
import { contenderNames } from "./contenders.ts";
import { summaryOf } from "./finding.ts";
import { measure } from "./measure.ts";
import type { Burst } from "./measure.ts";
import { help, parseOptions } from "./options.ts";
import type { Options } from "./options.ts";
import { forTerminal, toJson, toMarkdown } from "./report.ts";

/** This file runs as build/benchmarks/stampede/run.js. */
const root = join(dirname(fileURLToPath(import.meta.url)), "../../..");

await runProgram({ help, parse: parseOptions }, stampede);

async function stampede(options: Options): Promise<void> {
  const { rounds, contenders } = options;
  const bursts: Burst[] = [];
  for (let round = 1; round <= rounds; round++) {
    // Another one begins each time, so that a drift of the machine helps nobody.
    const first = (round - 1) % contenders.length;
    for (const name of [...contenders.slice(first), ...contenders.slice(0, first)]) {
      const measured = await measure(name, round, options);
      bursts.push(...measured);
      console.log(`round ${round} of ${rounds}, ${name}: ${summaryOf(measured)}`);
    }
  }
  console.log(`\n${forTerminal(bursts, options)}\n\nwritten: ${write(bursts, options)}`);
}

/** A short run is no result to keep, nor is one without all contenders: they go where throw-away output goes. */
function write(bursts: readonly Burst[], options: Options): string {
  const isWhole = options.contenders.length === contenderNames.length;
  const isKept = isWhole && !options.isQuick;
  const folder = join(root, isKept ? "benchmarks/results" : "build/benchmarks/results");
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "stampede");
  writeFileSync(`${file}.json`, toJson(bursts, options));
  writeFileSync(`${file}.md`, toMarkdown(bursts, options));
  return `${file}.{md,json}`;
}
