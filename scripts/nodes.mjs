// Runs the tests under the other Node versions that are supported, and prints a table. Each Node is an npm
// package of 150 MB, so it is fetched once into build/nodes and is never a dependency.
//   npm run nodes            all of them
//   npm run nodes -- 22      one
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { buildDir, buildIfStale, fail, must, printTable, root, run } from "./lib/project.mjs";

const versions = ["22.23.3", "24.21.0", "26.10.0"];
const packageName = `node-${process.platform}-${process.arch}`;

/** Installs a Node unless it is there; answers its binary. */
async function install(version) {
  const prefix = join(buildDir, "nodes", version);
  const binary = join(prefix, "node_modules", packageName, "bin/node");
  if (!existsSync(binary)) {
    mkdirSync(prefix, { recursive: true });
    const quiet = ["--no-save", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"];
    await must("npm", ["install", "--prefix", prefix, ...quiet, `${packageName}@${version}`], {
      cwd: prefix,
    });
  }
  return binary;
}

/** Tests of what calls no Node API, and long ones of what depends on no version: they run in `npm cit`. */
const TAKEN_OUT = [
  "test/core/**",
  "test/http/**",
  "test/requirements/**",
  "test/hazards/linear-time.test.ts",
  "test/adapters/explained.test.ts",
  "test/adapters/runtimes.test.ts",
  "test/adapters/strangers/**",
  "test/stores/**",
  "test/simulation/**",
];

/** Runs the suite under one Node; answers its row of the table and what it printed. */
async function tryNode(version) {
  const binary = await install(version);
  const report = join(buildDir, "nodes", `report-${version}.json`);
  rmSync(report, { force: true });
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const { code, output } = await run(binary, [
    join(root, "node_modules/vitest/vitest.mjs"),
    "run",
    ...TAKEN_OUT.flatMap((pattern) => ["--exclude", pattern]),
    ...reporters,
  ]);
  if (!existsSync(report)) return { row: [version, "-", "-", "-", "crashed"], ok: false, output };
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = JSON.parse(
    readFileSync(report, "utf8"),
  );
  const skipped = numPendingTests + numTodoTests;
  const ok = code === 0 && numPassedTests > 0 && skipped === 0;
  return { row: [version, numPassedTests, numFailedTests, skipped, ok ? "ok" : "failed"], ok, output };
}

const wished = versions.filter((version) => version.startsWith(process.argv[2] ?? ""));
if (wished.length === 0) fail(`there are ${versions.join(", ")}`);
await buildIfStale();
const results = [];
for (const version of wished) {
  const result = await tryNode(version);
  if (!result.ok) console.log(`Node ${version}\n${result.output}`);
  results.push(result);
}
printTable(
  ["Node", "passed", "failed", "skipped", "verdict"],
  results.map(({ row }) => row),
);
if (results.some(({ ok }) => !ok)) fail("a supported Node does not pass");
