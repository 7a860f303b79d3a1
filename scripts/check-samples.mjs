// Type-checks every ```ts sample of README.md and docs/ against the built package, in one run of the compiler, and
// runs the whole programs among them.
//
//   ```ts            a module of its own
//   ```ts run        a whole program: it is also run, and asked twice what the next curl on the page asks, first a
//                    miss, then a hit
//   ```ts run js     the same, and run as it stands there: it has no types, and the page offers it as JavaScript, too
//   ```js run        the same in CommonJS
//   ```ts continue   more of the sample before it on the page
//   ```ts type-only  signatures: checked as an ambient module, where the compiler accepts no statement
//
// What a sample takes for granted (an app, a handler) stands before its fence in an HTML comment, is checked
// with it, and is not shown:  <!-- given: const app = fastify(); -->
// Every line keeps its number, so that the compiler's errors point into the page.
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { buildDir, buildIfStale, fail, filesBelow, root, run } from "./lib/project.mjs";
import { ask, endWithScript, freePort } from "./lib/server.mjs";

const folder = join(buildDir, "samples");
const flags = ["", "continue", "type-only", "run", "run js"];

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
      } else if (fence !== null && isChecked(fence)) {
        const place = `${relative(root, page)}:${line + 1}`;
        const language = fence[2];
        if (!["ts", "js"].includes(language)) fail(`${place}: write \`\`\`ts, so that the sample is checked`);
        if (!flags.includes(fence[3]))
          fail(`${place}: a sample is marked ${flags.slice(1).join(" or ")}, not ${fence[3]}`);
        if (fence[3].startsWith("run") && given.length > 0)
          fail(`${place}: a whole program takes nothing for granted`);
        open = { line: line + 1, fence: fence[1], language, flag: fence[3], lines: given };
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

const isChecked = ([, , language, flag]) =>
  ["ts", "typescript", "tsx"].includes(language) || (language === "js" && flag === "run");

const moduleName = (page, line) => `${basename(page)}.line-${line}`;

/** Joins what continues a sample to it; returns the modules of a page. */
function modulesOf(page) {
  const modules = [];
  for (const sample of samplesOf(page).filter(({ language }) => language === "ts")) {
    if (sample.flag !== "continue") modules.push(sample);
    else if (modules.length === 0) fail(`${relative(root, page)}:${sample.line}: continues nothing`);
    else modules.at(-1).lines.push(...sample.lines);
  }
  return modules.map((module) => {
    const text = Array(module.lines.at(-1)?.[0] ?? 0).fill("");
    for (const [line, content] of module.lines) text[line] = content;
    const name = moduleName(page, module.line);
    if (module.flag !== "type-only") return { file: `${name}.ts`, text: `${text.join("\n")}\nexport {};\n` };
    return { file: `${name}.d.ts`, text: `declare module "${name}" {${text.join("\n")}\n}\n` };
  });
}

/** Returns the whole programs of a page, and the address that the page asks after each. */
function programsOf(page) {
  const lines = readFileSync(page, "utf8").split("\n");
  return samplesOf(page)
    .filter(({ flag }) => flag.startsWith("run"))
    .map(({ line, language, flag, lines: program }) => {
      const place = `${relative(root, page)}:${line}`;
      const url = /\bcurl [^`\n]*?(http:\/\/localhost:8000\/[^\s`"']*)/.exec(
        lines.slice(line).join("\n"),
      )?.[1];
      if (url === undefined) fail(`${place}: no curl after the program asks http://localhost:8000/`);
      const name = join(folder, "programs", moduleName(page, line));
      const text =
        language === "ts" && flag === "run"
          ? readFileSync(join(folder, "compiled", `${moduleName(page, line)}.js`), "utf8")
          : program.map(([, content]) => content).join("\n");
      return { place, url, file: `${name}.${language === "ts" ? "mjs" : "cjs"}`, text };
    });
}

/** Runs a program on a free port and asks it twice; returns what is wrong, if anything. */
async function faultOf({ url, file, text }) {
  const port = await freePort(8100);
  writeFileSync(file, text.replaceAll("8000", port));
  const child = spawn(process.execPath, [file], { stdio: ["ignore", "ignore", "pipe"] });
  endWithScript(child);
  let output = "";
  child.stderr.on("data", (chunk) => (output += chunk));
  const closed = new Promise((resolve) => child.once("close", resolve));
  try {
    const address = url.replace("8000", port);
    const answers = [await askWhenUp(child, address), await ask(address)];
    const seen = answers.map(({ status, headers }) => `${status} ${headers["x-cache"]}`).join(", then ");
    return seen === "200 MISS, then 200 HIT" ? undefined : `${seen}, instead of 200 MISS, then 200 HIT`;
  } catch (error) {
    return `${error.message}\n${output}`;
  } finally {
    child.kill("SIGKILL");
    await closed;
  }
}

/** Asks a program that was started as soon as it listens. */
async function askWhenUp(child, address) {
  for (let tries = 0; tries < 150; tries += 1) {
    const answer = await ask(address).catch((error) => {
      if (error.code !== "ECONNREFUSED") throw error;
    });
    if (answer !== undefined) return answer;
    if (child.exitCode !== null) throw new Error(`ended with code ${child.exitCode} before it listened`);
    await wait(100);
  }
  throw new Error("did not listen in 15 seconds");
}

await buildIfStale();
const pages = [join(root, "README.md"), ...filesBelow(join(root, "docs"))].filter((file) =>
  file.endsWith(".md"),
);
const modules = pages.flatMap(modulesOf);
if (modules.length === 0) fail("README.md and docs/ have no samples");
rmSync(folder, { recursive: true, force: true });
mkdirSync(join(folder, "programs"), { recursive: true });
for (const { file, text } of modules) writeFileSync(join(folder, file), text);
const compilerOptions = {
  outDir: "compiled",
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
const programs = pages.flatMap(programsOf);
if (programs.length === 0) fail("README.md and docs/ have no whole programs");
for (const program of programs) {
  const fault = await faultOf(program);
  if (fault !== undefined) fail(`${program.place}: ${fault}`);
}
console.log(
  `${modules.length} samples of ${pages.length} pages compile, ${programs.length} programs run to a hit`,
);
