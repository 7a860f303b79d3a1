import process from "node:process";
import { adapterContract } from "../../../src/testing/index.ts";
import { harnessOf as fetchHarnessOf } from "../harness/fetch.ts";
import type { Listen } from "../harness/fetch.ts";
import { h3On } from "../harness/h3.ts";
import { honoOn } from "../harness/hono.ts";
import { PIPELINED } from "../harness/queue.ts";

/** What a check has found. */
export interface CheckResult {
  readonly name: string;
  /** What is wrong. Absent: nothing. */
  readonly fault?: string;
}

/** How each framework that runs anywhere is served. */
const FRAMEWORKS: Readonly<Record<string, typeof honoOn>> = {
  fetch: (listen, declined) => fetchHarnessOf("fetch", { listen, ...(declined && { declined }) }),
  hono: honoOn,
  h3: h3On,
};

/**
 * Runs the contract for the framework that the command line names, on a server for fetch handlers that cannot do what it
 * declines. Prints a line of JSON for each check: its name, and what is wrong. Then it ends the process.
 */
export async function runContract(listen: Listen, declined: Readonly<Record<string, string>>): Promise<void> {
  const [framework = "", only = ""] = process.argv.slice(2);
  const harness = FRAMEWORKS[framework]?.(listen, declined);
  if (harness === undefined) throw new Error(`write one of: ${Object.keys(FRAMEWORKS).join(", ")}`);
  // A request that a failed check has left must not end the process.
  process.on("unhandledRejection", () => undefined);
  for (const { name, run } of adapterContract(harness)) {
    if (!name.includes(only)) continue;
    const fault = await Promise.race([faultOf(run), late()]);
    const result: CheckResult = fault === undefined ? { name } : { name, fault };
    process.stdout.write(`${JSON.stringify(result)}\n`);
  }
  process.exit();
}

async function faultOf(run: () => Promise<void>): Promise<string | undefined> {
  try {
    await run();
    return undefined;
  } catch (error) {
    return String((error as Error | undefined)?.stack ?? error);
  }
}

/** What a check waits for without end must not keep the others from running. */
function late(): Promise<string> {
  return new Promise((resolve) => setTimeout(resolve, 20_000, "it has not ended in 20 seconds"));
}

/** Servers that read a pipelined request only after the response to the one before it. */
export const ONE_BY_ONE: Readonly<Record<string, string>> = Object.fromEntries(
  PIPELINED.map((check) => [
    check,
    "the server reads a pipelined request after the response before it: there is never more than one",
  ]),
);
