// Reads what the last test run reported, and fails if a test failed, was skipped, or was left to do. A skipped
// test is a requirement that nobody checked. Its last line is the count.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { buildDir, fail, readJson } from "./lib/project.mjs";

if (!existsSync(join(buildDir, "test-report.json"))) fail("no report; run npm test first");
const { testResults } = readJson("build/test-report.json");
const tests = testResults.flatMap((file) => file.assertionResults);
const named = (statuses) =>
  tests.filter(({ status }) => statuses.includes(status)).map(({ fullName }) => fullName);

const passed = named(["passed"]).length;
const unchecked = named(["skipped", "pending", "todo", "disabled"]);
// A file that does not load has no tests to count: it is one failure.
const unloaded = testResults.filter((file) => file.status === "failed" && file.assertionResults.length === 0);
const failed = named(["failed"]).length + unloaded.length;

for (const name of unchecked) console.log(`skipped: ${name}`);
for (const { name } of unloaded) console.log(`did not load: ${name}`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 || unchecked.length > 0 || passed === 0 ? 1 : 0;
