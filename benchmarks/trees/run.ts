import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { runProgram } from "../program.ts";
import { aligned } from "../report.ts";
import type { Slice } from "../round.ts";
import { checkOut } from "./checkout.ts";
import { countInstructions } from "./instructions.ts";
import { help, parseOptions } from "./options.ts";
import type { Kind, Place, TreeOptions } from "./options.ts";
import { comparisons, rateLine, ratioTable, toJson, toMarkdown } from "./report.ts";
import type { TreePair, TreeResult } from "./report.ts";
import { TreeRound } from "./round.ts";
import type { Side, Trees } from "./round.ts";

/** This file runs as build/benchmarks/trees/run.js. */
const root = join(dirname(fileURLToPath(import.meta.url)), "../../..");

/** The orders in which the sides of a turn are measured: each side is first, second and last equally often. */
const orders: readonly (readonly [Side, Side, Side])[] = [
  ["this", "other", "twin"],
  ["twin", "this", "other"],
  ["other", "twin", "this"],
  ["twin", "other", "this"],
  ["this", "twin", "other"],
  ["other", "this", "twin"],
];

await runProgram({ help, parse: parseOptions }, bench);

async function bench(options: TreeOptions): Promise<void> {
  const checkout = options.against === undefined ? undefined : checkOut(root, options.against);
  const other = checkout === undefined ? "no cache" : checkout.commit.slice(0, 10);
  process.on("exit", () => checkout?.remove());
  if (options.isCounted && checkout !== undefined) return countInstructions(options, root, checkout.path);
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
        const slices = await turnOf(round, turn, options.seconds);
        for (const [index, { subject, against }] of comparisons.entries())
          pairs[index]?.push({ round: number, subject: slices[subject], against: slices[against] });
      }
    } finally {
      await round.stop();
    }
    console.log(`round ${number} of ${options.rounds}: ${rateLine(result)}`);
  }
  return result;
}

/**
 * Measures one slice of each side, each after a short one. All sides are asked equally often, because a process gets
 * faster for as long as it is asked.
 */
async function turnOf(round: TreeRound, turn: number, seconds: number): Promise<Record<Side, Slice>> {
  const slices: Partial<Record<Side, Slice>> = {};
  for (const side of orders[turn % orders.length] ?? []) {
    await round.slice(side, seconds / 5);
    slices[side] = await round.slice(side, seconds);
  }
  return slices as Record<Side, Slice>;
}

function write(results: readonly TreeResult[], options: TreeOptions, other: string): string {
  const folder = join(root, options.isQuick ? "build/benchmarks/results" : "benchmarks/results");
  mkdirSync(folder, { recursive: true });
  const file = join(folder, options.name);
  writeFileSync(`${file}.json`, toJson(results, options, other));
  writeFileSync(`${file}.md`, toMarkdown(results, options, other));
  return `${file}.{md,json}`;
}
