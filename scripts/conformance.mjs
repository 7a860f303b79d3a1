// Runs the test suite of HTTP caches against examples/proxy, and compares with what is committed.
import { parseArgs } from "node:util";
import { docsPath, isPageCurrent, writePage } from "./lib/conformance/page.mjs";
import {
  allOptions,
  changed,
  kinds,
  readResults,
  resultsOf,
  writeResults,
} from "./lib/conformance/results.mjs";
import { listTests, prepare, prepareSuite, release, runSuite } from "./lib/conformance/suite.mjs";
import { fail, printTable } from "./lib/project.mjs";

const help = `npm run conformance [-- options]

  Runs http-cache-tests against examples/proxy and compares with conformance/results/. A required test that
  passed there and does not pass now ends in code 1.

  --options NAME   what the proxy is told: ${allOptions.join(", ")} (default: all that have results)
  --write          writes the results and ${docsPath}
  --runs N         runs N times, and fails unless the verdicts are the same each time
  --list           lists what does not pass, and why; with --kind optimal, optimal tests too
  --test ID        runs one test and logs its messages
  --docs           only writes ${docsPath} from the results
  --help           this text`;

const { values } = parseArgs({
  options: {
    options: { type: "string" },
    write: { type: "boolean" },
    runs: { type: "string", default: "1" },
    list: { type: "boolean" },
    kind: { type: "string", default: "required" },
    test: { type: "string" },
    docs: { type: "boolean" },
    help: { type: "boolean" },
  },
});

/** Runs as often as was asked; answers the rows of the last run. */
async function measure(options, runs) {
  let before;
  for (let run = 1; run <= runs; run += 1) {
    const startedAt = performance.now();
    const rows = await runSuite(options);
    const results = resultsOf(rows, release(), new Date().toISOString().slice(0, 10));
    const seconds = Math.round((performance.now() - startedAt) / 1000);
    const sums = kinds.map((kind) => `${kind} ${results.passed[kind]}`).join(", ");
    console.log(`${options}: ${sums} (${seconds} s)`);
    const unsteady =
      before === undefined ? [] : kinds.flatMap((kind) => changed(before.results, results, kind));
    if (unsteady.length > 0) {
      printTable(
        ["test", "one run", "another"],
        unsteady.map(({ id, was, is }) => [id, was, is]),
      );
      fail(`${options}: ${unsteady.length} verdicts differ between runs`);
    }
    before = { rows, results };
  }
  return before;
}

/** Says what is new since the committed results; answers whether a required test no longer passes. */
function compare(options, results) {
  const committed = readResults(options);
  if (committed === undefined) fail(`${options}: no results are committed; write them with --write`);
  const changes = kinds.flatMap((kind) =>
    changed(committed, results, kind).map((it) => [it.id, kind, it.was, it.is]),
  );
  if (changes.length > 0) printTable(["test", "kind", "committed", "now"], changes);
  const lost = changes.filter(([, kind, was]) => kind === "required" && was === "pass");
  if (lost.length > 0) console.error(`${options}: ${lost.length} required tests passed and no longer do`);
  else if (changes.length > 0)
    console.log(`${options}: no required test is lost; --write takes the changes over`);
  return lost.length > 0;
}

function list(rows, kind) {
  for (const row of rows.filter((row) => row.kind === kind && row.verdict !== "pass")) {
    const waiting = row.verdict === "dependency" ? ` (after ${row.dependsOn.join(", ")})` : "";
    console.log(
      `${row.id}: ${row.verdict}${waiting}\n    ${row.name}\n    ${row.message ?? "passes by itself"}`,
    );
  }
}

async function main() {
  if (values.help === true) return console.log(help);
  if (values.docs === true) {
    await prepareSuite();
    return writePage(await listTests());
  }
  const named = values.options?.split(",");
  const strange = named?.find((name) => !allOptions.includes(name));
  if (strange !== undefined) fail(`--options ${strange}: there are ${allOptions.join(", ")}`);
  await prepare();
  if (values.test !== undefined) {
    const [row] = await runSuite(named?.[0] ?? "default", values.test);
    if (row === undefined) fail(`--test ${values.test}: the suite has no such test`);
    return console.log(`${row.id} (${row.kind}): ${row.verdict}\n    ${row.name}\n    ${row.message ?? ""}`);
  }
  const chosen = named ?? allOptions.filter((name) => readResults(name) !== undefined);
  let isWorse = false;
  for (const options of chosen) {
    const { rows, results } = await measure(options, Number(values.runs));
    if (values.list === true) list(rows, values.kind);
    if (values.write === true) writeResults(options, results);
    else isWorse = compare(options, results) || isWorse;
  }
  const tests = await listTests();
  if (values.write === true) writePage(tests);
  else if (!isPageCurrent(tests)) fail(`${docsPath} is not what the results say; write it with --docs`);
  if (isWorse) process.exit(1);
}

await main().catch((error) => fail(error.message));
