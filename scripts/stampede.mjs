// Runs the stampede benchmark, compiled, with the arguments given:  npm run stampede -- --quick
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { buildDir, buildIfStale } from "./lib/project.mjs";

await buildIfStale({ apps: true });
const program = join(buildDir, "benchmarks/stampede/run.js");
process.argv[1] = program;
await import(pathToFileURL(program).href);
