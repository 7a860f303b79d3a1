// Runs the benchmarks, compiled, with the arguments given:  npm run bench -- --seconds 5
//   npm run bench                       hits on Fastify
//   npm run bench -- --misses           misses, against the same handlers without a cache
//   npm run bench -- --against COMMIT   hits and misses, against another commit
//   npm run bench -- adapters           hits on each framework, against its own handlers and the caches of others
//   npm run bench -- redis              hits over Redis, against a handler that sends ready-made bytes from it
import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { buildDir, buildIfStale, fail } from "./lib/project.mjs";

await buildIfStale({ apps: true });
const word = ["adapters", "redis"].find((known) => known === process.argv[2]);
if (word !== undefined) process.argv.splice(2, 1);
const isOfTrees = process.argv.some((argument) => /^--(?:misses|against)(?:=|$)/.test(argument));
const folder = word !== undefined ? `${word}/` : isOfTrees ? "trees/" : "";
const file = `benchmarks/${folder}run`;
const program = join(buildDir, `${file}.js`);
if (!existsSync(program)) fail(`there is no ${file}.ts`);
process.argv[1] = program;
await import(pathToFileURL(program).href);
