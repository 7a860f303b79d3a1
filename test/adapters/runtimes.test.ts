import { execFile } from "node:child_process";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { adapterContract } from "../../src/testing/index.ts";
import { fetchHarness } from "./harness/fetch.ts";
import type { CheckResult } from "./runtimes/run-contract.ts";

const root = resolve(import.meta.dirname, "../..");

/** Runs the contract inside another runtime. */
async function resultsIn(runtime: string, ...args: readonly string[]): Promise<readonly CheckResult[]> {
  const program = join(import.meta.dirname, `runtimes/${runtime}.ts`);
  const { stdout } = await promisify(execFile)(join(root, "node_modules/.bin", runtime), [...args, program], {
    cwd: root,
    maxBuffer: 2 ** 26,
    timeout: 300_000,
  });
  return stdout
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as CheckResult);
}

describe.each([
  { runtime: "Bun", declines: 6, results: await resultsIn("bun") },
  { runtime: "Deno", declines: 7, results: await resultsIn("deno", "run", "--allow-all", "--no-lock") },
])("fetch handlers on $runtime", ({ declines, results }) => {
  it.each(results)("keep the adapter contract: $name", ({ fault }) => {
    expect(fault).toBeUndefined();
  });

  it("pass all checks but those that are declared", () => {
    expect(results).toHaveLength(adapterContract(fetchHarness).length - declines);
  });
});
