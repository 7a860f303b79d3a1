import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/support/missing-servers.ts"],
    allowOnly: false,
    // How busy a machine is, is no fault of the code: only what hangs is to fail.
    // Tests wait for sockets and timers more than they compute: with one worker for each core, both are idle for half the time.
    maxWorkers: 4,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // The JSON report is what scripts/check-report.mjs counts: a skipped test must not look like a passed one.
    reporters: ["default", "json"],
    outputFile: { json: "build/test-report.json" },
    coverage: {
      // `npm cit` takes no options for the tests: .ci/run asks for it by this.
      enabled: process.env["COVERAGE"] === "1",
      provider: "v8",
      include: ["src/**/*.ts"],
      reporter: ["text", "json-summary"],
      thresholds: { lines: 95, branches: 95 },
    },
  },
});
