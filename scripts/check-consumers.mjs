// Installs the packed package as its users do, each in a project that has one framework and nothing else of
// ours, and there loads every entry with require() and with import, and compiles a file that imports it, with
// the compilers and module settings in use. The type tests of test/types/ are compiled there, too, with the strictest
// settings, and Jest runs a test in CommonJS. Arguments name the projects to try; default: all.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { entries } from "./entries.mjs";
import { fail, must, printTable, readJson, root, run } from "./lib/project.mjs";

const { devDependencies: pins } = readJson("package.json");

const { dependencies: older } = readJson("test/adapters/nestjs/nest11/package.json");
const nest11 = ["@nestjs/common", "@nestjs/core", "@nestjs/platform-express"].map((name) => older[name]);
const nest = (common, core, express) => [
  `@nestjs/common@${common}`,
  `@nestjs/core@${core}`,
  `@nestjs/platform-express@${express}`,
];

/**
 * What each framework's users have installed; entries named for no framework need none. `types` are the type tests, and
 * `needs` what they need besides. `jest` is whether Jest runs a test, `isModule` whether the framework is ES modules only, and
 * `compilerOptions` are for the type tests, and `entriesOptions` for the programs that import all entries.
 */
const frameworks = {
  none: { packages: [], types: ["options", "fetch"], needs: ["zod"] },
  redis: {
    packages: [],
    types: ["redis"],
    needs: ["redis", "redis5", "ioredis", "ioredis5", "iovalkey"],
    // Their own declarations take TypeScript 5.9 minutes.
    compilerOptions: { skipLibCheck: true },
  },
  fastify: { packages: [`fastify@${pins.fastify}`], types: ["fastify"], needs: ["typebox", "zod"] },
  express: {
    packages: [`express@${pins.express}`, `@types/express@${pins["@types/express"]}`],
    types: ["express"],
    needs: [],
    jest: true,
  },
  hono: { packages: [`hono@${pins.hono}`], types: ["hono"], needs: ["@hono/zod-openapi", "zod"] },
  express4: {
    entry: "express",
    packages: [pins.express4.replace("npm:", ""), "@types/express@4.17.25"],
    types: ["express"],
    needs: [],
  },
  koa: {
    packages: [`koa@${pins.koa}`, `@koa/router@${pins["@koa/router"]}`, `@types/koa@${pins["@types/koa"]}`],
    types: ["koa"],
    needs: [],
  },
  h3: {
    packages: [`h3@${pins.h3}`],
    types: ["h3"],
    needs: ["zod"],
    isModule: true,
    // Its own declarations do not hold under any setting, and name crossws.
    compilerOptions: { skipLibCheck: true },
    entriesOptions: { skipLibCheck: true },
  },
  nestjs: {
    packages: nest(pins["@nestjs/common"], pins["@nestjs/core"], pins["@nestjs/platform-express"]),
    types: ["nestjs"],
    needs: ["reflect-metadata", "rxjs"],
    isModule: true,
    // Their own declarations do not hold under every setting.
    compilerOptions: { skipLibCheck: true, experimentalDecorators: true, emitDecoratorMetadata: true },
  },
  nestjs11: {
    entry: "nestjs",
    packages: nest(...nest11),
    types: ["nestjs"],
    needs: ["reflect-metadata", "rxjs"],
    compilerOptions: { skipLibCheck: true, experimentalDecorators: true, emitDecoratorMetadata: true },
  },
};
const tools = [
  "typescript5@npm:typescript@5.9.3",
  `typescript7@npm:typescript@${pins.typescript}`,
  `@types/node@${pins["@types/node"]}`,
];

/** Without flags Jest runs CommonJS, and does not know the condition "module-sync". */
const jests = { jest29: "29.7.0", jest30: "30.5.0" };

/** Name, compiler and options of each setting; Fastify's own declarations need esModuleInterop under commonjs. */
const compilers = [
  { name: "5.9 commonjs", compiler: "typescript5", options: { module: "commonjs", esModuleInterop: true } },
  { name: "5.9 node16", compiler: "typescript5", options: { module: "node16" } },
  { name: "5.9 nodenext", compiler: "typescript5", options: { module: "nodenext" } },
  {
    name: "5.9 bundler",
    compiler: "typescript5",
    options: { module: "preserve", moduleResolution: "bundler" },
  },
  { name: "7 nodenext", compiler: "typescript7", options: { module: "nodenext" } },
];

/** What the type tests are compiled with besides: every setting that is off by default and may find more. */
const strictest = {
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  noPropertyAccessFromIndexSignature: true,
  skipLibCheck: false,
  lib: ["es2023", "dom", "dom.iterable"],
  allowImportingTsExtensions: true,
};

/** Returns a type test with the package's names in place of its files. */
function typeTest(name) {
  return readFileSync(join(root, "test/types", `${name}.ts`), "utf8").replace(
    /"\.\.\/\.\.\/src\/(?:adapters\/)?((?:stores\/)?[\w-]+)\.ts"/g,
    (_, entry) => (entry === "index" ? '"caching-route"' : `"caching-route/${entry}"`),
  );
}

const loadAll = (specifiers) =>
  `const check = (name, entry) => { if (Object.keys(entry).length === 0) throw new Error(name + " exports nothing"); };\n` +
  specifiers.map((name, i) => `check("${name}", entry${i});\n`).join("");

/** The files of a consumer: it requires, imports and compiles the same entries. */
function filesOf(specifiers) {
  const statements = (write) =>
    specifiers.map((name, i) => `${write(name, i)};\n`).join("") + loadAll(specifiers);
  const typed = specifiers.map((name, i) => `import * as entry${i} from "${name}";\n`).join("");
  const used = specifiers.map((_, i) => `export type Entry${i} = keyof typeof entry${i};\n`).join("");
  const compiled = `${typed}${used}export const all: object[] = [${specifiers.map((_, i) => `entry${i}`).join(", ")}];\n`;
  return {
    "load.cjs": statements((name, i) => `const entry${i} = require("${name}")`),
    "load.mjs": statements((name, i) => `import * as entry${i} from "${name}"`),
    "entries.ts": compiled,
    "imported.mts": compiled,
  };
}

/** Sets up one consumer and tries it; answers its rows of the table. */
async function tryConsumer(place, framework, tarball) {
  const {
    entry = framework,
    packages,
    types,
    needs,
    jest = false,
    isModule = false,
    entriesOptions,
    compilerOptions: more,
  } = frameworks[framework];
  const named = Object.keys(frameworks).filter((name) => name !== entry);
  const subpaths = Object.keys(entries).filter((subpath) => !named.includes(subpath.slice(2)));
  const specifiers = subpaths.map((subpath) => `caching-route${subpath.slice(1)}`);
  const cwd = join(place, framework);
  mkdirSync(cwd);
  writeFileSync(join(cwd, "package.json"), JSON.stringify({ name: `consumer-${framework}`, private: true }));
  await must(
    "npm",
    [
      "install",
      "--no-audit",
      "--no-fund",
      "--loglevel=error",
      tarball,
      ...packages,
      ...needs.map((name) => `${name}@${pins[name]}`),
      ...tools,
      ...(jest ? Object.entries(jests).map(([name, version]) => `${name}@npm:jest@${version}`) : []),
    ],
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
  // As tools do that do not know the condition "module-sync".
  if (!isModule) await attempt("require(), CommonJS", ["--no-experimental-require-module", "load.cjs"]);
  await attempt("import, no module-sync", ["--no-experimental-require-module", "load.mjs"]);
  for (const { name, compiler, options } of compilers) {
    const config = `tsconfig.${name.replace(" ", "-")}.json`;
    const compilerOptions = {
      strict: true,
      noEmit: true,
      target: "es2022",
      types: ["node"],
      ...options,
      ...entriesOptions,
    };
    // The first is CommonJS, the second an ES module: under "node16" one program has the types of both forms.
    const files = options.module.startsWith("node") ? ["entries.ts", "imported.mts"] : ["entries.ts"];
    // There, CommonJS cannot import ES modules.
    if (isModule && options.module === "node16") files.shift();
    writeFileSync(join(cwd, config), JSON.stringify({ compilerOptions, files }));
    await attempt(`TypeScript ${name}`, [join("node_modules", compiler, "bin/tsc"), "-p", config]);
  }
  if (jest) {
    cpSync(join(root, "test/fixtures/jest-express.cjs"), join(cwd, "express.test.js"));
    for (const name of Object.keys(jests))
      await attempt(name, [join("node_modules", name, "bin/jest.js"), "--ci"]);
  }
  mkdirSync(join(cwd, "types"));
  for (const name of [...types, "equal"]) writeFileSync(join(cwd, "types", `${name}.ts`), typeTest(name));
  for (const { name, compiler, options } of compilers.filter(
    ({ options }) => options.module === "nodenext",
  )) {
    const config = `tsconfig.types-${name.replace(" ", "-")}.json`;
    const compilerOptions = {
      strict: true,
      noEmit: true,
      target: "es2022",
      types: ["node"],
      ...options,
      ...strictest,
      ...more,
    };
    writeFileSync(join(cwd, config), JSON.stringify({ compilerOptions, include: ["types"] }));
    await attempt(`type tests ${name}`, [join("node_modules", compiler, "bin/tsc"), "-p", config]);
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
  const [...only] = process.argv.slice(2);
  const wished = only.length > 0 ? only : Object.keys(frameworks);
  const unknown = wished.find((name) => !Object.hasOwn(frameworks, name));
  if (unknown !== undefined)
    fail(`there is no project "${unknown}"; there are ${Object.keys(frameworks).join(", ")}`);
  const results = new Map();
  const waiting = [...wished];
  /** Tries one after another. Two of these at once: installing waits for the registry, compiling for a core. */
  const work = async () => {
    for (let framework = waiting.shift(); framework !== undefined; framework = waiting.shift()) {
      results.set(framework, await tryConsumer(place, framework, tarball));
      console.log(`${framework}: tried`);
    }
  };
  await Promise.all([work(), work()]);
  const rows = wished.flatMap((framework) => results.get(framework));
  printTable(["framework", "entries", "with", "verdict"], rows);
  if (rows.some((row) => row.at(-1) !== "ok")) process.exitCode = 1;
} finally {
  rmSync(place, { recursive: true, force: true });
}
