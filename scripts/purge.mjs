// Runs the benchmark of purges, compiled, with the arguments given:  npm run purge
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { buildDir, buildIfStale } from "./lib/project.mjs";

await buildIfStale({ apps: true });
const program = join(buildDir, "benchmarks/purge/run.js");
process.argv[1] = program;
await import(pathToFileURL(program).href);
