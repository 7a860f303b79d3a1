import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import type { CacheStats } from "../../src/index.ts";

const BOUND = 64 * 2 ** 20;
const FLOOD = fileURLToPath(new URL("flood.mjs", import.meta.url));
// With helper threads, what gc() found to be garbage is given back some time after it returned.
const FLAGS = ["--expose-gc", "--single-threaded-gc"];

describe.concurrent("the memory store that a cache has by default", () => {
  it.each([1000, 100])(
    "stays within 64 MiB under 200,000 distinct query strings, answered by %i bytes each, and the process within twice that",
    { timeout: 60_000 },
    async (bodyBytes) => {
      const { stdout } = await promisify(execFile)(process.execPath, [...FLAGS, FLOOD, String(bodyBytes)], {
        env: ownEnvironment(),
      });

      const { growth, stored, store } = JSON.parse(stdout) as CacheStats & { readonly growth: number };
      expect(stored).toBe(202_000);
      expect(store?.bytes).toBeLessThanOrEqual(BOUND);
      expect(store?.bytes).toBeGreaterThan(BOUND * 0.99);
      expect(growth).toBeLessThan(2 * BOUND);
    },
  );
});

/** Nothing that makes this process measure itself: it would be measured along with the flood. */
function ownEnvironment(): NodeJS.ProcessEnv {
  const { NODE_V8_COVERAGE: _coverage, NODE_OPTIONS: _options, ...env } = process.env;
  return env;
}
