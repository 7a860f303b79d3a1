// Does what README.md and docs/start.md tell a new user, section by section and word by word: in an empty folder it runs
// the npm commands (with the packed package in the place of the published one), saves the program and its settings under
// the names in their first lines, starts it, and asks twice what the curl commands ask: first a miss, then a hit.
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pack, runNpm } from "./lib/packed.mjs";
import { printTable, root } from "./lib/project.mjs";
import { ask, askWhenUp, endWithScript, freePort } from "./lib/server.mjs";

/** Returns the sections of a page that have a program: its title, the program, and the commands around it. */
function sectionsOf(page) {
  return readFileSync(join(root, page), "utf8")
    .split(/^## /m)
    .map((text) => {
      const blocks = [...text.matchAll(/^```(\w+)(.*)\n([^]*?)^```$/gm)];
      const program = blocks.find(([, , flags]) => flags.includes("run"))?.[3];
      const commands = blocks.flatMap(([, language, , content]) =>
        language === "sh" ? content.trim().split("\n") : [],
      );
      const settings = blocks.flatMap(([, language, , content]) => (language === "json" ? [content] : []));
      return { place: `${page}, ${text.split("\n", 1)[0]}`, program, commands, settings };
    })
    .filter(({ program }) => program !== undefined);
}

/** Returns the name of a file, which its first line has. */
const nameOf = (content) => /^\/\/ (\S+)\n/.exec(content)?.[1];

/** Follows a section; returns its row of the table, the last cell of which is "ok" or what is wrong. */
async function follow({ place, program, commands, settings }, cwd, tarball) {
  const startedAt = performance.now();
  const ofNpm = commands.filter((command) => command.startsWith("npm "));
  const [start] = commands.filter((command) => /^(?:node|npx) /.test(command));
  const urls = commands.flatMap((command) => /^curl \S* ?(http:\S+)/.exec(command)?.[1] ?? []);
  const file = nameOf(program);
  if (ofNpm.length === 0 || start?.endsWith(` ${file}`) !== true || urls.length !== 2)
    return [place, "-", "the section needs npm commands, a program with its name, a start and two curls"];
  for (const command of ofNpm) await runNpm(command, cwd, tarball);
  const port = await freePort(8200);
  for (const content of [program, ...settings])
    writeFileSync(join(cwd, nameOf(content)), content.replaceAll("8000", port));
  const [tool, ...words] = start.split(" ");
  // `npx` starts a process of its own, which a signal to `npx` would not end.
  const args = tool === "npx" ? [join("node_modules/.bin", words[0]), ...words.slice(1)] : words;
  const child = spawn(process.execPath, args, { cwd, stdio: ["ignore", "ignore", "pipe"] });
  endWithScript(child);
  let output = "";
  child.stderr.on("data", (chunk) => (output += chunk));
  const closed = new Promise((resolve) => child.once("close", resolve));
  try {
    const addresses = urls.map((url) => url.replace("8000", port));
    const answers = [await askWhenUp(child, addresses[0]), await ask(addresses[1])];
    const seen = answers.map(({ status, headers }) => `${status} ${headers["x-cache"]}`).join(", then ");
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    return [place, `${seconds} s`, seen === "200 MISS, then 200 HIT" ? "ok" : seen];
  } catch (error) {
    return [place, "-", `${error.message}\n${output}`];
  } finally {
    child.kill();
    await closed;
  }
}

const place = mkdtempSync(join(tmpdir(), "start-"));
try {
  const tarball = await pack(place);
  const rows = [];
  for (const [index, section] of ["README.md", "docs/start.md"].flatMap(sectionsOf).entries()) {
    const cwd = join(place, String(index));
    mkdirSync(cwd);
    rows.push(await follow(section, cwd, tarball));
    console.log(rows.at(-1).join(": "));
  }
  printTable(["section", "from an empty folder to the first hit", "verdict"], rows);
  if (rows.length < 2 || rows.some((row) => row.at(-1) !== "ok")) process.exitCode = 1;
} finally {
  rmSync(place, { recursive: true, force: true });
}
