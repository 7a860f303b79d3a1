// Type-checks every ```ts sample of README.md and docs/ against the built package, in one run of the compiler, and
// runs the whole programs among them.
//
//   ```ts            a module of its own
//   ```ts run        a whole program: it is also run, and asked twice what the next curl on the page asks, first a
//                    miss, then a hit; where it connects to port 6379, that of an empty redis-server is put in
//   ```ts run js     the same, and run as it stands there: it has no types, and the page offers it as JavaScript, too
//   ```js run        the same in CommonJS
//   ```ts test       tests, with what continues them: they are also run by `node --test`, and have to pass
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
import { samplesOf } from "./lib/samples.mjs";
import { askWhenUp, ask, endWithScript, freePort } from "./lib/server.mjs";

const folder = join(buildDir, "samples");
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
    const { flag } = module;
    if (flag !== "type-only") return { file: `${name}.ts`, flag, text: `${text.join("\n")}\nexport {};\n` };
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

/** Starts the redis-server on PATH on a free port, with nothing on disk. Its input ends with this script, and so does it. */
async function startRedis() {
  const port = await freePort(26_379);
  const server = `redis-server --port ${port} --bind 127.0.0.1 --save "" --appendonly no`;
  const child = spawn("sh", ["-c", `${server} </dev/null & read -r _; kill -9 $!`], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  let log = "";
  await new Promise((resolve, reject) => {
    child.stdout.on("data", (chunk) => {
      log += chunk;
      if (log.includes("Ready to accept connections")) resolve();
    });
    child.once("close", () =>
      reject(new Error(`no redis-server: install the Debian package redis-server\n${log}`)),
    );
  });
  return { port, stop: () => child.stdin.end() };
}

/** Asks again as long as the answer is shared with the run before: a shared store may still be storing it. */
async function askOnceStored(address) {
  for (let tries = 1; ; tries += 1) {
    const answer = await ask(address);
    if (tries === 50 || !answer.headers["cache-status"]?.includes("collapsed")) return answer;
    await wait(20);
  }
}

/** Runs a program on a free port and asks it twice; returns what is wrong, if anything. */
async function faultOf({ url, file, text }, redis) {
  const port = await freePort(8100);
  writeFileSync(file, text.replaceAll("8000", port).replaceAll("6379", redis?.port));
  const child = spawn(process.execPath, [file], { stdio: ["ignore", "ignore", "pipe"] });
  endWithScript(child);
  let output = "";
  child.stderr.on("data", (chunk) => (output += chunk));
  const closed = new Promise((resolve) => child.once("close", resolve));
  try {
    const address = url.replace("8000", port);
    const answers = [await askWhenUp(child, address), await askOnceStored(address)];
    const seen = answers.map(({ status, headers }) => `${status} ${headers["x-cache"]}`).join(", then ");
    return seen === "200 MISS, then 200 HIT" ? undefined : `${seen}, instead of 200 MISS, then 200 HIT`;
  } catch (error) {
    return `${error.message}\n${output}`;
  } finally {
    child.kill("SIGKILL");
    await closed;
  }
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
  // Applications of Nest declare what is injected in their constructors.
  erasableSyntaxOnly: false,
  // Hono's declarations name types of browsers.
  lib: ["es2023", "dom", "dom.iterable"],
};
writeFileSync(
  join(folder, "tsconfig.json"),
  JSON.stringify({ extends: "../../tsconfig.base.json", compilerOptions, include: ["."] }),
);
const { code, output } = await run(join(root, "node_modules/.bin/tsc"), [
  "-p",
  join(folder, "tsconfig.json"),
]);
// The declarations of packages are checked as their users have them, by check-consumers.mjs: here @types/koa finds the
// content-disposition of Express.
const errors = output.split("\n").filter((line) => /^\S.*: error TS\d+: /.test(line));
const isOfPackages = errors.length > 0 && errors.every((line) => /(?:^|\/)node_modules\//.test(line));
if (code !== 0 && !isOfPackages) fail(`samples that do not compile; the line is that of the page\n${output}`);
const programs = pages.flatMap(programsOf);
if (programs.length === 0) fail("README.md and docs/ have no whole programs");
for (const program of programs) {
  const redis = program.text.includes("6379") ? await startRedis() : undefined;
  const fault = await faultOf(program, redis);
  redis?.stop();
  if (fault !== undefined) fail(`${program.place}: ${fault}`);
}
const tests = modules
  .filter(({ flag }) => flag === "test")
  .map(({ file }) => join(folder, "compiled", file.replace(/ts$/, "js")));
if (tests.length === 0) fail("README.md and docs/ have no tests");
const tested = await run(process.execPath, ["--test", ...tests]);
if (tested.code !== 0) fail(`tests of samples that fail\n${tested.output}`);
console.log(
  `${modules.length} samples of ${pages.length} pages compile, ${programs.length} programs run to a hit, ${tests.length} test files pass`,
);
