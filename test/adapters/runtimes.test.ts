import { execFile } from "node:child_process";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { adapterContract } from "../../src/testing/index.ts";
import { fetchHarness } from "./harness/fetch.ts";
import { h3Harness } from "./harness/h3.ts";
import { honoHarness } from "./harness/hono.ts";
import type { CheckResult } from "./runtimes/run-contract.ts";

const root = resolve(import.meta.dirname, "../..");

/** The frameworks that run anywhere, each on Node's server for fetch handlers. */
const HARNESSES = { fetch: fetchHarness, hono: honoHarness, h3: h3Harness };

/** Runs the contract of one framework inside another runtime. */
async function resultsOf(
  framework: string,
  runtime: string,
  flags: readonly string[],
): Promise<readonly CheckResult[]> {
  const program = join(import.meta.dirname, `runtimes/${runtime}.ts`);
  const { stdout } = await promisify(execFile)(
    join(root, "node_modules/.bin", runtime),
    [...flags, program, framework],
    { cwd: root, maxBuffer: 2 ** 26, timeout: 300_000 },
  );
  return stdout
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as CheckResult);
}

/** Runs one after another. `declines` is how many checks the runtime's server cannot pass. */
async function resultsIn(runtime: string, declines: number, flags: readonly string[] = []): Promise<Case[]> {
  const cases: Case[] = [];
  for (const [framework, harness] of Object.entries(HARNESSES)) {
    const results = await resultsOf(framework, runtime, flags);
    cases.push({
      name: `${framework} in ${runtime}`,
      results,
      expected: adapterContract(harness).length - declines,
    });
  }
  return cases;
}

interface Case {
  readonly name: string;
  readonly results: readonly CheckResult[];
  readonly expected: number;
}

const cases = await Promise.all([
  resultsIn("bun", 6),
  resultsIn("deno", 7, ["run", "--allow-all", "--no-lock"]),
]);

describe.each(cases.flat())("$name", ({ results, expected }) => {
  it.each(results)("keeps the adapter contract: $name", ({ fault }) => {
    expect(fault).toBeUndefined();
  });

  it("passes all checks but those that are declared", () => {
    expect(results).toHaveLength(expected);
  });
});
