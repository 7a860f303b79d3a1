// Whether clients read what they wrote:  npm run writes
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Child } from "../child.ts";
import { runProgram } from "../program.ts";
import { aligned, machine, markdown } from "../report.ts";
import type { Table } from "../report.ts";
import type { Setting, StoreKind } from "./setting.ts";
import { STORE_MS } from "./setting.ts";

/** This file runs as build/benchmarks/writes/run.js. */
const root = join(dirname(fileURLToPath(import.meta.url)), "../../..");

const READERS = 16;
const WRITERS = 4;
const WRITES = 100;

const STORES: Readonly<Record<StoreKind, string>> = {
  slow: `each call takes ${STORE_MS} ms`,
  memory: "memory",
  tiered: `memory; an invalidation takes ${STORE_MS} ms`,
};

const help = "npm run writes   takes no options, and about a minute";

await runProgram({ help, parse: parseOptions }, writes);

function parseOptions(args: readonly string[]): Record<string, never> | undefined {
  const { values } = parseArgs({ args: [...args], options: { help: { type: "boolean", default: false } } });
  return values.help ? undefined : {};
}

async function writes(): Promise<void> {
  const rows: string[][] = [];
  for (const store of Object.keys(STORES) as StoreKind[])
    for (const response of ["whole", "streamed"] as const)
      for (const framework of ["fastify", "express"] as const) {
        const counts = { hook: "", declared: "" };
        for (const way of ["hook", "declared"] as const)
          counts[way] = await staleReads({ framework, way, response, store });
        rows.push([framework, response, STORES[store], counts.hook, counts.declared]);
        console.log(rows.at(-1)?.join("  "));
      }
  const header = ["framework", "response of the write", "store", "hook", "invalidates"];
  const table = { header, rows };
  console.log(`\n${aligned(table)}\n\nwritten: ${save(table)}`);
}

/** Lets clients write and read at the same time. Returns how many of the reads after an own write were stale. */
async function staleReads(setting: Setting): Promise<string> {
  const child = new Child(
    "./writes/server.js",
    [JSON.stringify(setting)],
    `server "${JSON.stringify(setting)}"`,
  );
  try {
    const url = `http://127.0.0.1:${await child.ask<number>("address")}/list`;
    const state = { isOver: false, stale: 0 };
    const readers = Array.from({ length: READERS }, async () => {
      while (!state.isOver) await versionRead(url);
    });
    const writers = Array.from({ length: WRITERS }, async () => {
      for (let turn = 0; turn < WRITES; turn++) {
        const written = await fetch(url, { method: "POST" });
        // As browsers do that look at the status alone: the response's head has come, its content may be on its way.
        const version = await versionRead(url);
        if (version < Number(written.headers.get("x-version"))) state.stale++;
        await written.text();
      }
    });
    await Promise.all(writers);
    state.isOver = true;
    await Promise.all(readers);
    return `${state.stale} of ${WRITERS * WRITES}`;
  } finally {
    await child.stop();
  }
}

async function versionRead(url: string): Promise<number> {
  const response = await fetch(url);
  return ((await response.json()) as { readonly version: number }).version;
}

function save(table: Table): string {
  const { node, cpu, at } = machine();
  const head =
    `Node ${node}, ${cpu}, ${at.slice(0, 10)}. Stale reads of what the same client had written before: ${READERS} readers and ` +
    `${WRITERS} writers, ${WRITES} writes each. Method: [benchmarks](../README.md#writes).`;
  const folder = join(root, "benchmarks/results");
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "writes.md");
  writeFileSync(
    file,
    `${["# Writes: whether a client reads what it wrote", head, markdown(table)].join("\n\n")}\n`,
  );
  return file;
}
