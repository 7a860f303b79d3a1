// What every script needs to know of the project: where it is, and how to run something in it.
import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

/** The project's folder. */
export const root = join(dirname(fileURLToPath(import.meta.url)), "../..");

/** Throw-away output; git-ignored. */
export const buildDir = join(root, "build");

/** Parses a JSON file inside the project. */
export const readJson = (path) => JSON.parse(readFileSync(join(root, path), "utf8"));

/** Lists the files below a folder, or nothing where there is no such folder. */
export function filesBelow(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((item) => item.isFile() && !item.parentPath.includes("node_modules"))
    .map((item) => join(item.parentPath, item.name));
}

/** Runs a command to its end; answers its code and output, and never rejects. */
export function run(command, args, { cwd = root, env = {}, show = false, timeoutMs = 600_000 } = {}) {
  return new Promise((resolve) => {
    const stdio = show ? "inherit" : ["ignore", "pipe", "pipe"];
    const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio, timeout: timeoutMs });
    let output = "";
    child.stdout?.on("data", (chunk) => (output += chunk));
    child.stderr?.on("data", (chunk) => (output += chunk));
    child.on("error", (error) => resolve({ code: 127, output: `${output}${error.message}` }));
    child.on("close", (code) => resolve({ code: code ?? 1, output }));
  });
}

/** Runs a command, and ends the script with its output if it fails. */
export async function must(command, args, options) {
  const { code, output } = await run(command, args, options);
  if (code !== 0) fail(`${command} ${args.join(" ")}\n${output}`);
  return output;
}

/** Compiles the package, or with it the examples and benchmarks, where a source is newer than its output. */
export async function buildIfStale({ apps = false } = {}) {
  const built = (file) => (existsSync(file) ? statSync(file).mtimeMs : 0);
  const newest = (...folders) =>
    Math.max(
      0,
      ...folders.flatMap((folder) => filesBelow(join(root, folder))).map((file) => statSync(file).mtimeMs),
    );
  const configuration = Math.max(
    ...["package.json", "tsconfig.base.json"].map((file) => statSync(join(root, file)).mtimeMs),
  );

  const packageBuiltAt = built(join(root, "dist/index.js"));
  if (packageBuiltAt < Math.max(newest("src"), configuration))
    await must("npm", ["run", "build"], { show: true });
  if (!apps) return;
  const oldestApp = Math.min(...appSources().map((file) => built(compiledPath(file))), Infinity);
  if (oldestApp < Math.max(newest("examples", "benchmarks"), built(join(root, "dist/index.js")))) {
    await must("npm", ["run", "build:apps"], { show: true });
  }
}

/** Every TypeScript file of the examples and benchmarks. */
const appSources = () =>
  ["examples", "benchmarks"]
    .flatMap((folder) => filesBelow(join(root, folder)))
    .filter((file) => file.endsWith(".ts"));

/** Where the compiler puts an example or a benchmark. */
const compiledPath = (file) => join(buildDir, file.slice(root.length)).replace(/\.ts$/, ".js");

/** Prints rows of cells as columns. */
export function printTable(header, rows) {
  const widths = header.map((title, i) =>
    Math.max(title.length, ...rows.map((row) => String(row[i]).length)),
  );
  const line = (cells) => `  ${cells.map((cell, i) => String(cell).padEnd(widths[i])).join("  ")}`.trimEnd();
  console.log([line(header), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n"));
}

/** Reads the options of a script, or ends it with the help. */
export function readOptions(options, help) {
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    return fail(`${error.message}\n\n${help}`);
  }
}

/** Ends the script as failed. */
export function fail(message) {
  console.error(`error: ${message}`);
  process.exit(1);
}
