// Follows each page of docs/recipes from top to bottom, word by word, in an empty folder:
//
//   a program       is saved under the name in its first line, `// server.mjs`
//   npm ...         is run with the packed package in the place of the published one
//   node FILE       is started and left running until the next one; `BUILD=1 node FILE` too
//   other commands  are run by bash, and their output must have what their comment says
//
// A comment is a list: `# 401` is a status, `# MISS` and `# HIT` are the value of X-Cache, `# no set-cookie` must not
// occur, and anything else must. Case does not count.
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { basename, join, relative } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { pack, runNpm } from "./lib/packed.mjs";
import { fail, filesBelow, root, run } from "./lib/project.mjs";
import { endWithScript, freePort } from "./lib/server.mjs";

const STARTS = /^((?:\w+=\S+ )*)node (\S+)$/;
const MARK = "~~~ end of a command ~~~";

/** The steps of a page: programs to save, and commands. Each has the line that it stands in. */
function stepsOf(page) {
  const text = readFileSync(page, "utf8");
  return [...text.matchAll(/^```(sh|ts|js)\b.*\n([^]*?)^```$/gm)].flatMap(
    ({ 1: language, 2: content, index }) => {
      const line = text.slice(0, index).split("\n").length;
      const file = /^\/\/ (\S+)\n/.exec(content)?.[1];
      if (language !== "sh") return file === undefined ? [] : [{ line, file, content }];
      return content
        .trimEnd()
        .split("\n")
        .map((command, row) => ({ line: line + row + 1, command }))
        .filter(({ command }) => command !== "");
    },
  );
}

/** What of a command's comment its output does not have. */
function missing(command, output) {
  const expected = /\s# (.*)$/.exec(command)?.[1].split(", ") ?? [];
  const text = output.toLowerCase();
  return expected.filter((part) => {
    if (/^\d{3}$/.test(part)) return !new RegExp(`^http/[\\d.]+ ${part}\\b`, "m").test(text);
    if (part === "MISS" || part === "HIT") return !text.includes(`x-cache: ${part.toLowerCase()}`);
    return part.startsWith("no ")
      ? text.includes(part.slice(3).toLowerCase())
      : !text.includes(part.toLowerCase());
  });
}

/** Starts a program; returns how to stop it, once it listens. */
async function start([, sets, file], cwd, port) {
  const variables = Object.fromEntries(sets.split(" ").map((set) => set.split("=")));
  const env = { ...process.env, ...variables };
  const child = spawn(process.execPath, [file], { cwd, env, stdio: ["ignore", "ignore", "pipe"] });
  endWithScript(child);
  let output = "";
  child.stderr.on("data", (chunk) => (output += chunk));
  const closed = new Promise((resolve) => child.once("close", resolve));
  const stop = () => child.kill() && closed;
  for (let tries = 0; tries < 150 && child.exitCode === null; tries += 1) {
    if (await listens(port)) return stop;
    await wait(100);
  }
  await stop();
  throw new Error(`${file} does not listen\n${output}`);
}

const listens = (port) =>
  new Promise((resolve) => {
    const socket = connect(port, "localhost", () => resolve(true) || socket.destroy());
    socket.once("error", () => resolve(false));
  });

/** Follows a page; returns the number of commands whose output was compared. */
async function follow(page, cwd, tarball) {
  const port = String(await freePort(8300));
  // Without it, curl shows its progress in what is compared.
  writeFileSync(join(cwd, ".curlrc"), "no-progress-meter\n");
  const withPort = (text) => text.replaceAll("8000", port);
  let stop;
  let compared = 0;
  // What bash is given before a command: variables that the page has set.
  let variables = "";
  try {
    for (const { line, file, content, command } of stepsOf(page)) {
      const place = `${relative(root, page)}:${line}`;
      if (file !== undefined) writeFileSync(join(cwd, file), withPort(content));
      else if (command.startsWith("npm ")) await runNpm(command, cwd, tarball);
      else if (STARTS.test(command)) {
        await stop?.();
        stop = await start(STARTS.exec(command), cwd, port);
      } else {
        const script = `${variables}\necho '${MARK}'\n${withPort(command)}`;
        const { code, output } = await run("bash", ["-c", script], { cwd, env: { CURL_HOME: cwd } });
        const own = output.slice(output.indexOf(MARK) + MARK.length);
        const faults = missing(command, own);
        if (code !== 0 || faults.length > 0)
          throw new Error(`${place}: ${command}\nlacks: ${faults.join(", ")}; code ${code}\n${own}`);
        if (/\s# /.test(command)) compared += 1;
        if (/^\w+=/.test(command)) variables += `${withPort(command)}\n`;
      }
    }
    return compared;
  } finally {
    await stop?.();
  }
}

const place = mkdtempSync(join(tmpdir(), "recipes-"));
try {
  const [only] = process.argv.slice(2);
  const pages = filesBelow(join(root, "docs/recipes")).filter(
    (page) => only === undefined || page.includes(only),
  );
  if (pages.length === 0) fail("no recipes");
  const tarball = await pack(place);
  for (const page of pages) {
    const name = basename(page, ".md");
    const cwd = join(place, name);
    mkdirSync(cwd);
    const compared = await follow(page, cwd, tarball);
    if (compared === 0) fail(`docs/recipes/${name}.md: no command has a comment that says what it shows`);
    console.log(`${name}: ${compared} commands show what the page says`);
  }
} catch (error) {
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
} finally {
  rmSync(place, { recursive: true, force: true });
}
