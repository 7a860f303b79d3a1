// What crowds cost, on each framework:  npm run crowd
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { runProgram } from "../program.ts";
import { aligned, machine, markdown } from "../report.ts";
import type { Table } from "../report.ts";
import { measure } from "./measure.ts";
import type { Finding } from "./measure.ts";
import { makers } from "./servers.ts";
import type { Framework } from "./servers.ts";

/** This file runs as build/benchmarks/crowd/run.js. */
const root = join(dirname(fileURLToPath(import.meta.url)), "../../..");

const help = "npm run crowd   takes no options, and about two minutes";

await runProgram({ help, parse: parseOptions }, crowd);

function parseOptions(args: readonly string[]): Record<string, never> | undefined {
  const { values } = parseArgs({ args: [...args], options: { help: { type: "boolean", default: false } } });
  return values.help ? undefined : {};
}

async function crowd(): Promise<void> {
  const findings: Finding[] = [];
  for (const framework of Object.keys(makers) as Framework[]) {
    console.log(`${framework}: asking`);
    findings.push(...(await measure(framework)));
  }
  const table = tableOf(findings);
  console.log(`\n${aligned(table)}\n\nwritten: ${write(table)}`);
}

function tableOf(findings: readonly Finding[]): Table {
  return {
    header: ["framework", "what", "value", "goal"],
    rows: findings.map(({ framework, what, value, goal, isMet }) => [
      framework,
      what,
      value,
      goal === "" ? "" : `${goal}: ${isMet ? "met" : "missed"}`,
    ]),
  };
}

function write(table: Table): string {
  const { node, cpu, at } = machine();
  const head = `Node ${node}, ${cpu}, ${at.slice(0, 10)}. One server process each. Method: [benchmarks](../README.md#crowds).`;
  const folder = join(root, "benchmarks/results");
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "crowd.md");
  const title = "# Crowds: streams, private answers, stale ones";
  writeFileSync(file, `${[title, head, markdown(table)].join("\n\n")}\n`);
  return file;
}
