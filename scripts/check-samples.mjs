// Type-checks every ```ts sample of README.md and docs/ against the built package, in one run of the compiler.
//
//   ```ts            a module of its own
//   ```ts continue   more of the sample before it on the page
//   ```ts type-only  signatures: checked as an ambient module, where the compiler accepts no statement
//
// What a sample takes for granted (an app, a handler) stands before its fence in an HTML comment, is checked
// with it, and is not shown:  <!-- given: const app = fastify(); -->
// Every line keeps its number, so that the compiler's errors point into the page.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { buildDir, buildIfStale, fail, filesBelow, root, run } from "./lib/project.mjs";

const folder = join(buildDir, "samples");
const flags = ["", "continue", "type-only"];

/** Reads the samples of a page: each the line it starts at, its flag, and its lines by number. */
function samplesOf(page) {
  const samples = [];
  let open; // the sample being read
  let given = []; // [line, text] of the comment before it
  let inGiven = false;
  let foreign; // the fence of a block in another language
  readFileSync(page, "utf8")
    .split("\n")
    .forEach((text, line) => {
      const fence = /^\s*(`{3,}|~{3,})\s*(\S*)\s*(.*?)\s*$/.exec(text);
      if (open !== undefined || foreign !== undefined) {
        if (fence !== null && fence[2] === "" && fence[1].startsWith(open?.fence ?? foreign)) {
          if (open !== undefined) samples.push(open);
          open = foreign = undefined;
        } else open?.lines.push([line, text]);
      } else if (fence !== null && ["ts", "typescript", "tsx"].includes(fence[2])) {
        const place = `${relative(root, page)}:${line + 1}`;
        if (fence[2] !== "ts") fail(`${place}: write \`\`\`ts, so that the sample is checked`);
        if (!flags.includes(fence[3]))
          fail(`${place}: a sample is marked ${flags.slice(1).join(" or ")}, not ${fence[3]}`);
        open = { line: line + 1, fence: fence[1], flag: fence[3], lines: given };
        given = [];
      } else if (fence !== null) {
        foreign = fence[1];
      } else if (inGiven || text.startsWith("<!-- given:")) {
        given.push([line, text.replace("<!-- given:", "").replace("-->", "")]);
        inGiven = !text.includes("-->");
      } else if (text.trim() !== "") given = [];
    });
  if (open !== undefined) fail(`${relative(root, page)}:${open.line}: the sample has no end`);
  return samples;
}

/** Joins what continues a sample to it; answers the modules of a page. */
function modulesOf(page) {
  const modules = [];
  for (const sample of samplesOf(page)) {
    if (sample.flag !== "continue") modules.push(sample);
    else if (modules.length === 0) fail(`${relative(root, page)}:${sample.line}: continues nothing`);
    else modules.at(-1).lines.push(...sample.lines);
  }
  return modules.map((module) => {
    const text = Array(module.lines.at(-1)?.[0] ?? 0).fill("");
    for (const [line, content] of module.lines) text[line] = content;
    const name = `${basename(page)}.line-${module.line}`;
    if (module.flag !== "type-only") return { file: `${name}.ts`, text: `${text.join("\n")}\nexport {};\n` };
    return { file: `${name}.d.ts`, text: `declare module "${name}" {${text.join("\n")}\n}\n` };
  });
}

await buildIfStale();
const pages = [join(root, "README.md"), ...filesBelow(join(root, "docs"))].filter((file) =>
  file.endsWith(".md"),
);
const modules = pages.flatMap(modulesOf);
if (modules.length === 0) fail("README.md and docs/ have no samples");
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
for (const { file, text } of modules) writeFileSync(join(folder, file), text);
const compilerOptions = {
  noEmit: true,
  noUnusedLocals: false,
  noUnusedParameters: false,
  skipLibCheck: false,
};
writeFileSync(
  join(folder, "tsconfig.json"),
  JSON.stringify({ extends: "../../tsconfig.base.json", compilerOptions, include: ["."] }),
);
const { code, output } = await run(join(root, "node_modules/.bin/tsc"), [
  "-p",
  join(folder, "tsconfig.json"),
]);
if (code !== 0) fail(`samples that do not compile; the line is that of the page\n${output}`);
console.log(`${modules.length} samples of ${pages.length} pages compile`);
