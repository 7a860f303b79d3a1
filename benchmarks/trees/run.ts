import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { runProgram } from "../program.ts";
import { aligned } from "../report.ts";
import { checkOut } from "./checkout.ts";
import { help, parseOptions } from "./options.ts";
import type { Kind, Place, TreeOptions } from "./options.ts";
import { comparisons, rateLine, ratioTable, toJson, toMarkdown } from "./report.ts";
import type { TreeComparison, TreePair, TreeResult } from "./report.ts";
import { TreeRound } from "./round.ts";
import type { Trees } from "./round.ts";

/** This file runs as build/benchmarks/trees/run.js. */
const root = join(dirname(fileURLToPath(import.meta.url)), "../../..");

await runProgram({ help, parse: parseOptions }, bench);

async function bench(options: TreeOptions): Promise<void> {
  const checkout = options.against === undefined ? undefined : checkOut(root, options.against);
  const other = checkout === undefined ? "no cache" : checkout.commit.slice(0, 10);
  process.on("exit", () => checkout?.remove());
  const results: TreeResult[] = [];
  for (const place of options.on) {
    // Without a cache nothing is left of the core.
    if (place === "core" && checkout === undefined) continue;
    for (const kind of options.cases) {
      results.push(await measure(place, kind, { own: root, other: checkout?.path }, options));
    }
  }
  console.log(`\n${aligned(ratioTable(results, other, checkout !== undefined))}`);
  console.log(`\nwritten: ${write(results, options, other)}`);
}

async function measure(place: Place, kind: Kind, trees: Trees, options: TreeOptions): Promise<TreeResult> {
  const pairs: TreePair[][] = comparisons.map(() => []);
  const result: TreeResult = { place, kind, pairs };
  for (let number = 1; number <= options.rounds; number++) {
    const round = await TreeRound.start(place, kind, trees, options);
    try {
      for (let turn = 0; turn < options.pairs; turn++) {
        for (const [index, comparison] of comparisons.entries())
          pairs[index]?.push(await pairOf(round, number, comparison, options.seconds, turn % 2 === 1));
      }
    } finally {
      await round.stop();
    }
    console.log(`round ${number} of ${options.rounds}: ${rateLine(result)}`);
  }
  return result;
}

/** Measures two slices, each after a short one; every other pair begins with the other side. */
async function pairOf(
  round: TreeRound,
  number: number,
  { subject: one, against: other }: TreeComparison,
  seconds: number,
  isReversed: boolean,
): Promise<TreePair> {
  const slices = [];
  for (const side of isReversed ? [other, one] : [one, other]) {
    await round.slice(side, seconds / 5);
    slices.push(await round.slice(side, seconds));
  }
  const [subject, against] = (isReversed ? slices.toReversed() : slices) as [
    TreePair["subject"],
    TreePair["against"],
  ];
  return { round: number, subject, against };
}

function write(results: readonly TreeResult[], options: TreeOptions, other: string): string {
  const folder = join(root, options.isQuick ? "build/benchmarks/results" : "benchmarks/results");
  mkdirSync(folder, { recursive: true });
  const file = join(folder, options.name);
  writeFileSync(`${file}.json`, toJson(results, options, other));
  writeFileSync(`${file}.md`, toMarkdown(results, options, other));
  return `${file}.{md,json}`;
}
