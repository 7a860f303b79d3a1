// Compiles src into dist for import, and into dist/cjs for require(). Both at once: neither needs the other.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { must, root } from "./lib/project.mjs";

const compiler = join(root, "node_modules/typescript/bin/tsc");
const compile = (config) => must(process.execPath, [compiler, "-p", config]);

await Promise.all(["tsconfig.build.json", "tsconfig.cjs.json"].map(compile));
// The nearest package.json decides what a .js file is.
mkdirSync(join(root, "dist/cjs"), { recursive: true });
writeFileSync(join(root, "dist/cjs/package.json"), '{ "type": "commonjs" }\n');
