// Installs the packed package as its users do, each in a project that has one framework and nothing else of
// ours, and there loads every entry with require() and with import, and compiles a file that imports it, with
// the compilers and module settings in use.
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { entries } from "./entries.mjs";
import { must, printTable, readJson, run } from "./lib/project.mjs";

const { devDependencies: pins } = readJson("package.json");

/** What each framework's users have installed; entries named for no framework need none. */
const frameworks = {
  none: [],
  fastify: [`fastify@${pins.fastify}`],
  express: [`express@${pins.express}`, `@types/express@${pins["@types/express"]}`],
};
const tools = [
  "typescript5@npm:typescript@5.9.3",
  `typescript7@npm:typescript@${pins.typescript}`,
  `@types/node@${pins["@types/node"]}`,
];

/** Name, compiler and options of each setting; Fastify's own declarations need esModuleInterop under commonjs. */
const compilers = [
  { name: "5.9 commonjs", compiler: "typescript5", options: { module: "commonjs", esModuleInterop: true } },
  { name: "5.9 nodenext", compiler: "typescript5", options: { module: "nodenext" } },
  {
    name: "5.9 bundler",
    compiler: "typescript5",
    options: { module: "preserve", moduleResolution: "bundler" },
  },
  { name: "7 nodenext", compiler: "typescript7", options: { module: "nodenext" } },
];

const loadAll = (specifiers) =>
  `const check = (name, entry) => { if (Object.keys(entry).length === 0) throw new Error(name + " exports nothing"); };\n` +
  specifiers.map((name, i) => `check("${name}", entry${i});\n`).join("");

/** The files of a consumer: it requires, imports and compiles the same entries. */
function filesOf(specifiers) {
  const statements = (write) =>
    specifiers.map((name, i) => `${write(name, i)};\n`).join("") + loadAll(specifiers);
  const typed = specifiers.map((name, i) => `import * as entry${i} from "${name}";\n`).join("");
  const used = specifiers.map((_, i) => `export type Entry${i} = keyof typeof entry${i};\n`).join("");
  return {
    "load.cjs": statements((name, i) => `const entry${i} = require("${name}")`),
    "load.mjs": statements((name, i) => `import * as entry${i} from "${name}"`),
    "entries.ts": `${typed}${used}export const all: object[] = [${specifiers.map((_, i) => `entry${i}`).join(", ")}];\n`,
  };
}

/** Sets up one consumer and tries it; answers its rows of the table. */
async function tryConsumer(place, framework, packages, tarball) {
  const named = Object.keys(frameworks).filter((name) => name !== framework);
  const subpaths = Object.keys(entries).filter((subpath) => !named.includes(subpath.slice(2)));
  const specifiers = subpaths.map((subpath) => `caching-route${subpath.slice(1)}`);
  const cwd = join(place, framework);
  mkdirSync(cwd);
  writeFileSync(join(cwd, "package.json"), JSON.stringify({ name: `consumer-${framework}`, private: true }));
  await must(
    "npm",
    ["install", "--no-audit", "--no-fund", "--loglevel=error", tarball, ...packages, ...tools],
    { cwd },
  );
  for (const [file, text] of Object.entries(filesOf(specifiers))) writeFileSync(join(cwd, file), text);

  const rows = [];
  const attempt = async (what, args) => {
    const { code, output } = await run(process.execPath, args, { cwd });
    rows.push([framework, subpaths.length, what, code === 0 ? "ok" : output.trim()]);
  };
  await attempt("require()", ["load.cjs"]);
  await attempt("import", ["load.mjs"]);
  for (const { name, compiler, options } of compilers) {
    const config = `tsconfig.${name.replace(" ", "-")}.json`;
    const compilerOptions = { strict: true, noEmit: true, target: "es2022", types: ["node"], ...options };
    writeFileSync(join(cwd, config), JSON.stringify({ compilerOptions, files: ["entries.ts"] }));
    await attempt(`TypeScript ${name}`, [join("node_modules", compiler, "bin/tsc"), "-p", config]);
  }
  return rows;
}

const place = mkdtempSync(join(tmpdir(), "consumers-"));
try {
  await must("npm", ["pack", "--loglevel=error", "--pack-destination", place]);
  const tarball = join(
    place,
    readdirSync(place).find((name) => name.endsWith(".tgz")),
  );
  const rows = [];
  for (const [framework, packages] of Object.entries(frameworks)) {
    rows.push(...(await tryConsumer(place, framework, packages, tarball)));
  }
  printTable(["framework", "entries", "with", "verdict"], rows);
  if (rows.some((row) => row.at(-1) !== "ok")) process.exitCode = 1;
} finally {
  rmSync(place, { recursive: true, force: true });
}
