import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import type { CacheStats } from "../../src/index.ts";

const BOUND = 64 * 2 ** 20;
const FLOOD = fileURLToPath(new URL("flood.mjs", import.meta.url));
// What the process holds is to be seen, and not what its engine keeps in store: helper threads give garbage back some
// time after gc() returned, and from Node 22 on V8 keeps the pages of a grown heap unless it is asked to save memory.
const FLAGS = ["--expose-gc", "--single-threaded-gc", "--optimize-for-size"];

describe.concurrent("the memory store that a cache has by default", () => {
  it.each([1000, 100])(
    "stays within 64 MiB under 200,000 distinct query strings with %i bytes each, and the process within twice that",
    { timeout: 120_000 },
    async (bodyBytes) => {
      const { stdout } = await promisify(execFile)(process.execPath, [...FLAGS, FLOOD, String(bodyBytes)], {
        env: ownEnvironment(),
      });

      const { growth, live, stored, store } = JSON.parse(stdout) as Measured;
      expect(stored).toBe(202_000);
      expect(store?.bytes).toBeLessThanOrEqual(BOUND);
      expect(store?.bytes).toBeGreaterThan(BOUND * 0.99);
      expect(live).toBeLessThan(BOUND);
      expect(growth).toBeLessThan(2 * BOUND);
    },
  );
});

describe("the memory beside the store", () => {
  it("stays within 16 MiB, whatever is asked for, and is freed by clear", { timeout: 120_000 }, async () => {
    const beside = fileURLToPath(new URL("beside.mjs", import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, [...FLAGS, beside], {
      env: ownEnvironment(),
    });

    const { flooded, cleared } = JSON.parse(stdout) as { readonly flooded: number; readonly cleared: number };
    expect(flooded).toBeLessThan(16 * 2 ** 20);
    expect(cleared).toBeLessThan(2 * 2 ** 20);
  });
});

interface Measured extends CacheStats {
  /** By how much the resident memory has grown, in bytes. */
  readonly growth: number;
  /** By how much what is reachable has grown, in bytes: objects, and contents outside the heap. */
  readonly live: number;
}

/** Nothing that makes this process measure itself: it would be measured along with the flood. */
function ownEnvironment(): NodeJS.ProcessEnv {
  const { NODE_V8_COVERAGE: _coverage, NODE_OPTIONS: _options, ...env } = process.env;
  return env;
}
