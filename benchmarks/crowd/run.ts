// What crowds cost, on each framework:  npm run crowd
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { killAll } from "../child.ts";
import { aligned, machine, markdown } from "../report.ts";
import type { Table } from "../report.ts";
import { measure } from "./measure.ts";
import type { Finding } from "./measure.ts";
import { makers } from "./servers.ts";
import type { Framework } from "./servers.ts";

/** This file runs as build/benchmarks/crowd/run.js. */
const root = join(dirname(fileURLToPath(import.meta.url)), "../../..");

const args = process.argv.slice(2);
if (args.length > 0) {
  console.log("npm run crowd   takes no options, and about a minute and a half");
  process.exit(args.includes("--help") ? 0 : 1);
}
process.on("SIGINT", () => {
  killAll();
  process.exit(130);
});

const findings: Finding[] = [];
for (const framework of Object.keys(makers) as Framework[]) {
  console.log(`${framework}: asking`);
  findings.push(...(await measure(framework)));
}
const table: Table = {
  header: ["framework", "what", "value", "goal"],
  rows: findings.map(({ framework, what, value, goal, isMet }) => [
    framework,
    what,
    value,
    goal === "" ? "" : `${goal}: ${isMet ? "met" : "missed"}`,
  ]),
};
const { node, cpu, at } = machine();
const head = `Node ${node}, ${cpu}, ${at.slice(0, 10)}. One server process each. Method: [benchmarks](../README.md#crowds).`;
const folder = join(root, "benchmarks/results");
mkdirSync(folder, { recursive: true });
writeFileSync(
  join(folder, "crowd.md"),
  `${["# Crowds: streams, private answers, stale ones", head, markdown(table)].join("\n\n")}\n`,
);
console.log(`\n${aligned(table)}\n\nwritten: ${join(folder, "crowd.md")}`);
