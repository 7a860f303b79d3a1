import { execFile } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { aligned } from "../report.ts";
import type { TreeOrder } from "./messages.ts";
import { kinds } from "./options.ts";
import type { Kind, TreeOptions } from "./options.ts";
import { GOALS } from "./report.ts";

const program = join(dirname(fileURLToPath(import.meta.url)), "asked.js");
/** Compiling and collecting on the main thread, with fixed seeds: what is counted then hardly differs between runs. */
const FLAGS = ["--single-threaded", "--random-seed=1", "--hash-seed=1"];
const VALGRIND = [
  "--tool=cachegrind",
  "--cache-sim=no",
  "--branch-sim=no",
  "--cachegrind-out-file=/dev/null",
  "--smc-check=all-non-file",
];
/** How many requests warm up, and how many are asked in all. */
const [FEW, MANY] = [4000, 8000];

/**
 * Counts the instructions of a request, of this tree and of another. How busy the machine is does not count. The figure is
 * the difference of two runs, divided by the difference of their requests, so that start and warm-up do not count either.
 */
export async function countInstructions(
  { on, cases }: TreeOptions,
  own: string,
  other: string,
): Promise<void> {
  const header = ["on", "case", "ratio", "goal", "instructions per request"];
  const rows: string[][] = [];
  for (const place of on) {
    for (const kind of cases) {
      const [mine, theirs] = await Promise.all(
        [own, other].map((tree) => instructionsOf({ tree, place, kind })),
      );
      const found = Number(theirs) / Number(mine);
      const goal = GOALS[kind];
      rows.push([
        place,
        kinds[kind],
        found.toFixed(3),
        `${goal.toFixed(2)} ${found >= goal ? "met" : "missed"}`,
        `${Math.round(Number(mine))} / ${Math.round(Number(theirs))}`,
      ]);
      console.log(`${place}, ${kinds[kind]}: ${found.toFixed(3)}`);
    }
  }
  console.log(`\n${aligned({ header, rows })}`);
}

async function instructionsOf(order: TreeOrder & { readonly kind: Kind }): Promise<number> {
  const few = await totalOf(order, FEW);
  return ((await totalOf(order, MANY)) - few) / (MANY - FEW);
}

async function totalOf(order: TreeOrder, requests: number): Promise<number> {
  const args = [...VALGRIND, process.execPath, ...FLAGS, program, JSON.stringify(order), String(requests)];
  const { stderr } = await promisify(execFile)("valgrind", args, { maxBuffer: 2 ** 24 });
  const [, total] = /I\s+refs:\s+([\d,]+)/.exec(stderr) ?? [];
  if (total === undefined) throw new Error(`valgrind counted nothing: ${stderr.slice(-500)}`);
  return Number(total.replaceAll(",", ""));
}
