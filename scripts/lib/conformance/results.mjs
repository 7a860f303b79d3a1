// What a run amounts to, as it is committed: one word per test, and the two sums.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../project.mjs";

const folder = join(root, "conformance/results");

/** The kinds of tests that count. The suite's third, "check", asks how a cache behaves and judges nothing. */
export const kinds = ["required", "optimal"];

/** The options of examples/proxy, in the order in which they are shown. */
export const allOptions = ["rfc9111", "default", "none"];

/** What the rows of a run amount to. */
export function resultsOf(rows, suite, measuredOn) {
  const counted = rows.filter((row) => kinds.includes(row.kind));
  const needed = new Set(counted.flatMap((row) => row.dependsOn));
  const verdicts = {
    required: words(rows.filter((row) => row.kind === "required")),
    optimal: words(rows.filter((row) => row.kind === "optimal")),
    // Not counted, and kept because others wait for them.
    check: words(rows.filter((row) => row.kind === "check" && needed.has(row.id))),
  };
  const passed = Object.fromEntries(kinds.map((kind) => [kind, sum(verdicts[kind])]));
  return { suite, measuredOn, passed, verdicts };
}

/** A test that broke in its set-up has not shown what it asks for. */
const words = (rows) =>
  Object.fromEntries(
    rows.map(({ id, verdict }) => [id, verdict === "setup" ? "fail" : verdict]).toSorted(byId),
  );

const byId = ([left], [right]) => (left < right ? -1 : 1);

const sum = (verdicts) => {
  const words = Object.values(verdicts);
  return `${words.filter((word) => word === "pass").length} of ${words.length}`;
};

/** Names the tests of one kind whose verdict is one thing before and another now. */
export function changed(before, now, kind) {
  const ids = Object.keys({ ...before.verdicts[kind], ...now.verdicts[kind] });
  return ids
    .map((id) => ({ id, was: before.verdicts[kind][id], is: now.verdicts[kind][id] }))
    .filter(({ was, is }) => was !== is);
}

/** The committed results of some options; undefined where there are none. */
export function readResults(options) {
  const file = join(folder, `${options}.json`);
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined;
}

/** Writes results to be committed. */
export function writeResults(options, results) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${options}.json`), `${JSON.stringify(results, null, 2)}\n`);
}
