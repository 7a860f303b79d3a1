// The suite's client, as its own cli.mjs runs it, with a bound on every request and with verdicts in place of raw results.
//   node client.mjs OUT              lists the tests
//   node client.mjs OUT BASE         runs them all through the cache at BASE
//   node client.mjs OUT BASE ID      runs one, and logs what its client sent and got
import { writeFileSync } from "node:fs";
import { getResults, runTests } from "http-cache-tests/client/runner.mjs";
import { determineTestResult } from "http-cache-tests/lib/display.mjs";
import suites from "http-cache-tests/tests/index.mjs";
import surrogate from "http-cache-tests/tests/surrogate-control.mjs";
import fetch from "node-fetch";

const requestTimeoutMs = 15_000;

/** What the suite's own judge says in symbols. */
const words = {
  "✅": "pass",
  Y: "pass",
  "⛔️": "fail",
  "⚠️": "fail",
  N: "fail",
  "🔹": "setup",
  "⁉️": "setup",
  "↻": "setup",
  "⚪️": "dependency",
};

const [out, base, id] = process.argv.slice(2);
const all = [...suites, surrogate];
const tests = all.flatMap((suite) => suite.tests.map((test) => ({ suite: suite.name, test })));
const asked = tests.filter(({ test }) => test.browser_only !== true && (id === undefined || test.id === id));
for (const { test } of asked) test.dump = id !== undefined;

if (base !== undefined) {
  const bounded = (url, init) => fetch(url, { ...init, timeout: requestTimeoutMs });
  await runTests([{ tests: asked.map(({ test }) => test) }], bounded, false, base);
}
const results = getResults();
const rows = asked.map(({ suite, test }) => ({
  id: test.id,
  kind: test.kind ?? "required",
  suite,
  name: test.name,
  dependsOn: test.depends_on ?? [],
  verdict: words[determineTestResult(all, test.id, results, id === undefined)[2]],
  message: results[test.id]?.[1],
}));
writeFileSync(out, JSON.stringify(rows));
