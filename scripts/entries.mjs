// The published entries, once. package.json's exports, main, types, typesVersions and sideEffects are made from it:
// TypeScript with `module: commonjs` reads only the last three, everybody else only the first.
//
//   node scripts/entries.mjs --write    puts them into package.json
//   node scripts/entries.mjs --publish  as --check, and fails unless the repository has an address
//   node scripts/entries.mjs --check    fails if package.json says anything else, or if an entry or a file of
//                                       "sideEffects" has no source
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fail, root } from "./lib/project.mjs";

/** What a publisher fills in. */
const publisher = {
  /**
   * The address of the repository, such as "https://github.com/OWNER/caching-route". `npm run entries` writes it into
   * package.json as repository, bugs and homepage. While it is empty, these are left out, and npm publish is refused.
   */
  repository: "",
};

/** Subpath to source file. To add an entry: one line here, then `npm run entries`. */
export const entries = {
  ".": "src/index.ts",
  "./adapter": "src/adapter.ts",
  "./adapter/node": "src/adapter/node.ts",
  "./adapter/web": "src/adapter/web.ts",
  "./testing": "src/testing/index.ts",
  "./fastify": "src/adapters/fastify.ts",
  "./express": "src/adapters/express.ts",
  "./hono": "src/adapters/hono.ts",
  "./koa": "src/adapters/koa.ts",
  "./h3": "src/adapters/h3.ts",
  "./nestjs": "src/adapters/nestjs.ts",
  "./fetch": "src/adapters/fetch.ts",
  "./stores/redis": "src/stores/redis.ts",
};

/** What a user imports: "caching-route/fastify" for "./fastify". */
export const specifiers = Object.keys(entries).map((subpath) => `caching-route${subpath.slice(1)}`);

/** Sources that do something when they are loaded: bundlers must not drop them, nor what imports them. */
const effective = ["src/adapters/fastify.ts"];

/** The folders of both forms of the package. */
const forms = { esm: "dist", cjs: "dist/cjs" };

const built = (source, folder, extension) =>
  `./${source.replace(/^src/, folder).replace(/\.ts$/, extension)}`;

const condition = (source, folder) => ({
  types: built(source, folder, ".d.ts"),
  default: built(source, folder, ".js"),
});

/**
 * The conditions of an entry, tried in this order. `module-sync` gives import and require() of a Node that knows it one
 * module, not two. Others, such as Jest, take one of the next two.
 */
const conditionsOf = (source) => ({
  "module-sync": condition(source, forms.esm),
  import: condition(source, forms.esm),
  require: condition(source, forms.cjs),
});

/** The fields of package.json that name the repository. */
function publisherFields() {
  const { repository: address } = publisher;
  if (address === "") return {};
  return {
    homepage: `${address}#readme`,
    bugs: { url: `${address}/issues` },
    repository: { type: "git", url: `git+${address}.git` },
  };
}

/** The fields of package.json that are made here. */
function fields() {
  const [[, first], ...others] = Object.entries(entries);
  return {
    ...publisherFields(),
    sideEffects: Object.values(forms).flatMap((folder) =>
      effective.map((source) => built(source, folder, ".js")),
    ),
    main: built(first, forms.cjs, ".js"),
    types: built(first, forms.cjs, ".d.ts"),
    exports: {
      ...Object.fromEntries(
        Object.entries(entries).map(([subpath, source]) => [subpath, conditionsOf(source)]),
      ),
      "./package.json": "./package.json",
    },
    typesVersions: {
      "*": Object.fromEntries(
        others.map(([subpath, source]) => [subpath.slice(2), [built(source, forms.cjs, ".d.ts")]]),
      ),
    },
  };
}

function main() {
  const path = join(root, "package.json");
  const manifest = JSON.parse(readFileSync(path, "utf8"));
  const missing = [...Object.values(entries), ...effective].filter(
    (source) => !existsSync(join(root, source)),
  );

  if (process.argv.includes("--write")) {
    writeFileSync(path, `${JSON.stringify({ ...manifest, ...fields() }, null, 2)}\n`);
    console.log(`package.json: ${specifiers.length} entries written`);
    return;
  }
  if (process.argv.includes("--publish")) {
    if (publisher.repository === "")
      fail("publishing: write the address of the repository in scripts/entries.mjs");
  } else if (!process.argv.includes("--check")) fail("say --write, --check or --publish");
  const stale = Object.entries(fields()).filter(
    ([name, value]) => JSON.stringify(manifest[name]) !== JSON.stringify(value),
  );
  if (stale.length > 0)
    fail(`package.json: ${stale.map(([name]) => name).join(", ")} differ; run npm run entries`);
  if (missing.length > 0) fail(`entries and side effects without a source: ${missing.join(", ")}`);
  console.log(`package.json: ${specifiers.length} entries agree`);
}

if (process.argv[1]?.endsWith("entries.mjs")) main();
