// The published entries, once. package.json's exports, main, types and typesVersions are made from this list:
// TypeScript with `module: commonjs` reads only the last three, everybody else only the first.
//
//   node scripts/entries.mjs --write    puts them into package.json
//   node scripts/entries.mjs --check    fails if package.json says anything else, or if an entry or a file of
//                                       "sideEffects" has no source
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fail, root } from "./lib/project.mjs";

/** Subpath to source file. To add an entry: one line here, then `npm run entries`. */
export const entries = {
  ".": "src/index.ts",
  "./adapter": "src/adapter.ts",
  "./testing": "src/testing/index.ts",
  "./fastify": "src/adapters/fastify.ts",
  "./express": "src/adapters/express.ts",
  "./fetch": "src/adapters/fetch.ts",
};

/** What a user imports: "caching-route/fastify" for "./fastify". */
export const specifiers = Object.keys(entries).map((subpath) => `caching-route${subpath.slice(1)}`);

const built = (source, extension) => `./${source.replace(/^src/, "dist").replace(/\.ts$/, extension)}`;

const sourceOf = (path) => path.replace(/^\.\/dist/, "src").replace(/\.js$/, ".ts");

/** The fields of package.json that name entries. */
function fields() {
  const rows = Object.entries(entries).map(([subpath, source]) => {
    return { subpath, types: built(source, ".d.ts"), code: built(source, ".js") };
  });
  const [main, ...others] = rows;
  return {
    main: main.code,
    types: main.types,
    // "types" first: conditions are tried in order. "default", so that require() finds the module as well.
    exports: {
      ...Object.fromEntries(rows.map(({ subpath, types, code }) => [subpath, { types, default: code }])),
      "./package.json": "./package.json",
    },
    typesVersions: {
      "*": Object.fromEntries(others.map(({ subpath, types }) => [subpath.slice(2), [types]])),
    },
  };
}

function main() {
  const path = join(root, "package.json");
  const manifest = JSON.parse(readFileSync(path, "utf8"));
  const missing = Object.values(entries).filter((source) => !existsSync(join(root, source)));

  if (process.argv.includes("--write")) {
    writeFileSync(path, `${JSON.stringify({ ...manifest, ...fields() }, null, 2)}\n`);
    console.log(`package.json: ${specifiers.length} entries written`);
    return;
  }
  if (!process.argv.includes("--check")) fail("say --write or --check");
  const stale = Object.entries(fields()).filter(
    ([name, value]) => JSON.stringify(manifest[name]) !== JSON.stringify(value),
  );
  if (stale.length > 0)
    fail(`package.json: ${stale.map(([name]) => name).join(", ")} differ; run npm run entries`);
  const gone = manifest.sideEffects.filter((path) => !existsSync(join(root, sourceOf(path))));
  if (gone.length > 0) fail(`package.json: no source of ${gone.join(", ")}, in sideEffects`);
  if (missing.length > 0) fail(`entries without a source: ${missing.join(", ")}`);
  console.log(`package.json: ${specifiers.length} entries agree`);
}

if (process.argv[1]?.endsWith("entries.mjs")) main();
