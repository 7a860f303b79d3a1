// Runs the benchmarks, compiled, with the arguments given:  npm run bench -- --seconds 5
import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { buildDir, buildIfStale, fail } from "./lib/project.mjs";

await buildIfStale({ apps: true });
const program = join(buildDir, "benchmarks/run.js");
if (!existsSync(program)) fail("there is no benchmarks/run.ts");
process.argv[1] = program;
await import(pathToFileURL(program).href);
