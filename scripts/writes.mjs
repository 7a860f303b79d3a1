// Runs the benchmark of writes, compiled, with the arguments given:  npm run writes
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { buildDir, buildIfStale } from "./lib/project.mjs";

await buildIfStale({ apps: true });
const program = join(buildDir, "benchmarks/writes/run.js");
process.argv[1] = program;
await import(pathToFileURL(program).href);
