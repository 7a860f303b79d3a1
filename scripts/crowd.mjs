// Runs the crowd benchmark, compiled, with the arguments given:  npm run crowd
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { buildDir, buildIfStale } from "./lib/project.mjs";

await buildIfStale({ apps: true });
const program = join(buildDir, "benchmarks/crowd/run.js");
process.argv[1] = program;
await import(pathToFileURL(program).href);
