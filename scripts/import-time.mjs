// How long a process takes to load an entry, as ES module and as CommonJS: each in processes of its own, in turns with
// an empty module as the control, which is taken off. Medians, in ms of wall clock and of CPU.
//   node scripts/import-time.mjs [--runs 31] [--tree FOLDER]    FOLDER: another build of the package
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { entries } from "./entries.mjs";
import { must, printTable, root } from "./lib/project.mjs";

const { values } = parseArgs({
  options: { runs: { type: "string", default: "31" }, tree: { type: "string", default: root } },
});
const tree = resolve(values.tree);
const place = mkdtempSync(join(tmpdir(), "import-time-"));

const forms = {
  import: {
    folder: "dist",
    empty: "empty.mjs",
    program: (file) => `await import(${JSON.stringify(pathToFileURL(file).href)});`,
  },
  require: {
    folder: "dist/cjs",
    empty: "empty.cjs",
    program: (file) =>
      `(await import("node:module")).createRequire(import.meta.url)(${JSON.stringify(file)});`,
  },
};

/** Loads a file in a process of its own; returns ms of wall clock and of CPU. */
async function timeOf(program) {
  const output = await must(process.execPath, [
    "--input-type=module",
    "--eval",
    `const cpu = process.cpuUsage(); const at = performance.now(); ${program}
    const { user, system } = process.cpuUsage(cpu);
    console.log(JSON.stringify([performance.now() - at, (user + system) / 1000]));`,
  ]);
  return JSON.parse(output);
}

const median = (numbers) => numbers.toSorted((one, other) => one - other)[numbers.length >> 1];

try {
  const built = Object.entries(forms).filter(([, { folder }]) => existsSync(join(tree, folder)));
  const subjects = built.flatMap(([form, { folder, empty, program }]) => {
    writeFileSync(join(place, empty), "");
    const files = Object.entries(entries).map(([subpath, source]) => ({
      name: subpath,
      file: join(tree, source.replace(/^src/, folder).replace(/\.ts$/, ".js")),
    }));
    const all = [{ name: "control", file: join(place, empty) }, ...files];
    return all.map(({ name, file }) => ({ form, name, program: program(file), times: [] }));
  });
  for (let run = 0; run < Number(values.runs); run++)
    for (const subject of subjects) subject.times.push(await timeOf(subject.program));

  const medians = subjects.map(({ form, name, times }) => ({
    form,
    name,
    figures: [0, 1].map((which) => median(times.map((time) => time[which]))),
  }));
  const rows = medians.map(({ form, name, figures }) => {
    const control = medians.find((other) => other.form === form && other.name === "control").figures;
    const shown = name === "control" ? figures : figures.map((figure, at) => figure - control[at]);
    return [form, name, ...shown.map((figure) => figure.toFixed(1))];
  });
  printTable(["form", "entry", "ms", "CPU ms"], rows);
} finally {
  rmSync(place, { recursive: true, force: true });
}
