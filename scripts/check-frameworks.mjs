// Builds an application of each framework whose packages are too many for this repository: SvelteKit, React Router,
// Next.js and Nitro. It installs them with the packed package in a folder of its own, compiles their types, starts what was built,
// and asks all of them the same over sockets.
//   npm run frameworks          all of them
//   npm run frameworks -- next  one
import { spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { pack } from "./lib/packed.mjs";
import { fail, must, printTable, root } from "./lib/project.mjs";
import { askWhenUp, endWithScript, freePort } from "./lib/server.mjs";

/** The commands of each framework's documents: how an application is built and checked, and how it is started. */
const frameworks = {
  sveltekit: { build: ["vite build", "tsc --noEmit"], start: "node build" },
  "react-router": {
    build: ["react-router build", "react-router typegen", "tsc --noEmit"],
    start: "react-router-serve build/server/index.js",
  },
  // Its build checks the types.
  next: { build: ["next build"], start: "next start" },
  nitro: {
    build: ["nitro build", "tsc --noEmit"],
    start: "node .output/server/index.mjs",
    also: askNitro,
  },
};

/** What an application is asked, in this order, and what it has to respond: status, what the cache did, and content. */
const questions = [
  ["a miss", () => ["/reports/7?page=1&utm=a"], "200 MISS 7 ?page=1 run 1"],
  ["a hit, whatever else is in the URL", () => ["/reports/7?utm=b&page=1"], "200 HIT 7 ?page=1 run 1"],
  ["another page", () => ["/reports/7?page=2"], "200 MISS 7 ?page=2 run 2"],
  ["HEAD", () => ["/reports/7?page=1", { method: "HEAD" }], "200 HIT"],
  ["a condition", (etag) => ["/reports/7?page=1", { headers: { "if-none-match": etag } }], "304 HIT"],
  ["a range", () => ["/reports/7?page=1", { headers: { range: "bytes=2-3" } }], "206 HIT id"],
  [
    "credentials",
    () => ["/reports/7?page=1", { headers: { authorization: "x" } }],
    "200 MISS 7 ?page=1 run 3",
  ],
  ["a write", () => ["/writes/7", { method: "POST" }], "204 -"],
  ["a miss after the write", () => ["/reports/7?page=1"], "200 MISS 7 ?page=1 run 4"],
  ["another report", () => ["/reports/8"], "200 MISS 8  run 5"],
];

/** Sends a request; returns the response as {@link questions} have it, its entity tag, and its content if that is JSON. */
async function ask(address, [path, init = {}]) {
  const response = await fetch(address + path, init);
  const content = await response.text();
  const words = [response.status, response.headers.get("x-cache") ?? "-"];
  const json = content.startsWith("{") ? JSON.parse(content) : undefined;
  if (json !== undefined) words.push(json.id, json.query, `run ${json.run}`);
  else if (content !== "") words.push(content);
  return { seen: words.join(" "), etag: response.headers.get("etag"), json };
}

/** Asks an application the questions; returns what was wrong. */
async function askAll(address, also) {
  const wrong = [];
  const expect = (what, seen, expected) => {
    if (seen !== expected) wrong.push(`${what}: "${seen}" in the place of "${expected}"`);
  };
  let etag;
  for (const [what, question, expected] of questions) {
    const response = await ask(address, question(etag));
    etag ??= response.etag;
    expect(what, response.seen, expected);
  }
  const crowd = await Promise.all(Array.from({ length: 5 }, () => ask(address, ["/figures"])));
  expect("a crowd", crowd.map(({ json }) => json.run).join(), "1,1,1,1,1");
  expect("a refresh in the background", await refreshed(address), "run 2 for late");
  await also?.(address, expect);
  return wrong;
}

/** Asks a Nitro application what its route rules do beside the cache. */
async function askNitro(address, expect) {
  const ruled = async (path) => {
    const { headers } = await fetch(address + path, { redirect: "manual" });
    return ["x-cache", "x-rule", "cache-control", "location"]
      .map((name) => headers.get(name) ?? "-")
      .join(" ");
  };
  expect("a rule's headers on a miss", await ruled("/reports/9"), "MISS reports max-age=5 -");
  expect("a rule's headers on a hit", await ruled("/reports/9"), "HIT reports max-age=5 -");
  expect("a rule that redirects to a cached route", await ruled("/old"), "- - - /reports/7");
  const cached = "public, max-age=60, s-maxage=60 -";
  expect("a miss behind Nitro's own cache", await ruled("/ruled/1?page=1&utm=a"), `MISS ruled ${cached}`);
  expect("a hit of Nitro's own cache", await ruled("/ruled/1?utm=b&page=1"), `HIT ruled ${cached}`);
  expect("a miss of the middleware", (await ask(address, ["/pages/1?a=1"])).seen, "200 MISS 1  run 1");
  expect("a hit of the middleware", (await ask(address, ["/pages/1?a=2"])).seen, "200 HIT 1  run 1");
}

/** Asks until what is stale has been refreshed; returns what the refresh has made. It is stale after a second. */
async function refreshed(address) {
  for (let tries = 0; tries < 100; tries += 1) {
    const { json } = await ask(address, ["/figures", { headers: { "x-client": "late" } }]);
    if (json.run > 1) return `run ${json.run} for ${json.client}`;
    await wait(100);
  }
  return "nothing";
}

/** Builds and asks one application; returns its rows of the table. */
async function tryFramework(name, place) {
  const { build, start, also } = frameworks[name];
  const cwd = join(place, name);
  const bin = (command) => join(place, "node_modules/.bin", command);
  const env = { NEXT_TELEMETRY_DISABLED: "1" };
  const startedAt = performance.now();
  for (const command of build) {
    const [tool, ...args] = command.split(" ");
    await must(bin(tool), args, { cwd, env });
  }
  const port = await freePort(8400 + 10 * Object.keys(frameworks).indexOf(name));
  const { PATH } = process.env;
  const [tool, ...args] = start.split(" ");
  const child = spawn(tool === "node" ? process.execPath : bin(tool), args, {
    cwd,
    env: { PATH, ...env, NODE_ENV: "production", PORT: String(port) },
    stdio: ["ignore", "ignore", "pipe"],
  });
  endWithScript(child);
  let output = "";
  child.stderr.on("data", (chunk) => (output += chunk));
  const closed = new Promise((resolve) => child.once("close", resolve));
  let wrong;
  try {
    const address = `http://localhost:${port}`;
    await askWhenUp(child, `${address}/none`);
    wrong = await askAll(address, also);
  } catch (error) {
    wrong = [`${error.stack}\n${output}`];
  } finally {
    child.kill();
    await closed;
  }
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  return [name, `${seconds} s`, wrong.length === 0 ? "ok" : wrong.join("; ")];
}

const names = Object.keys(frameworks).filter((name) => name.startsWith(process.argv[2] ?? ""));
if (names.length === 0) fail(`there are ${Object.keys(frameworks).join(", ")}`);
const place = mkdtempSync(join(tmpdir(), "frameworks-"));
try {
  cpSync(join(root, "test/fixtures/frameworks"), place, { recursive: true });
  const [tarball] = await Promise.all([
    pack(place),
    must("npm", ["install", "--no-audit", "--no-fund", "--loglevel=error"], { cwd: place }),
  ]);
  const installed = join(place, "node_modules/caching-route");
  mkdirSync(installed);
  await must("tar", ["-xzf", tarball, "-C", installed, "--strip-components=1"]);
  const rows = await Promise.all(names.map((name) => tryFramework(name, place)));
  printTable(["framework", "built, started and asked in", "verdict"], rows);
  if (rows.some((row) => row.at(-1) !== "ok")) process.exitCode = 1;
} finally {
  rmSync(place, { recursive: true, force: true });
}
