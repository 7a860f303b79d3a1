// Shows the package at work, from a fresh clone: installs, builds, starts the complex Fastify example and walks
// through it, then leaves the server running.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { buildIfStale, fail, must, printTable, root } from "./lib/project.mjs";
import { ask, freePort, startServer } from "./lib/server.mjs";

const help = `npm run demo [-- --once]

  Starts examples/fastify/complex on the memory store and asks it what a user would: each request, its status,
  size, time, ETag and X-Cache. Then it leaves the server running.

  --once   ends after the walk: code 0 if every answer was what it should be, else 1
  --help   this text
  PORT     where the server listens (8000; the next free port if that one is taken)`;

const key = { "x-key": "any" };
const slow = (answer) => answer.ms >= 500 || `expected the slow handler, took ${answer.ms} ms`;
const quick = (answer) => answer.ms < 500 || `expected no handler, took ${answer.ms} ms`;
const status = (wanted) => (answer) => answer.status === wanted || `expected ${wanted}`;
const cache = (wanted) => (answer) =>
  answer.headers["x-cache"] === wanted || `expected X-Cache ${wanted ?? "absent"}`;
const never = (answer) => answer.headers["x-cache"] !== "HIT" || "must not be a hit";
const empty = (answer) => answer.size === 0 || "expected no body";

/** The walk: what is asked, with which headers, and what must hold of the answer. */
const walk = [
  { path: "/cached", checks: [status(401), never] },
  { path: "/cached", headers: key, checks: [status(200), cache("MISS"), slow] },
  { path: "/cached", headers: key, checks: [status(200), cache("HIT"), quick] },
  { path: "/cached", headers: key, withEtag: true, checks: [status(304), cache("HIT"), empty] },
  { path: "/cached", withEtag: true, checks: [status(401), never] },
  { path: "/stream-cached", checks: [status(401), never] },
  { path: "/stream-cached", headers: key, checks: [status(200), cache("MISS"), slow] },
  { path: "/stream-cached", headers: key, checks: [status(200), cache("HIT"), quick] },
  { path: "/stream-cached", checks: [status(401), never] },
  { path: "/query?a=a", checks: [status(200), cache("MISS")] },
  { path: "/query?b=b&a=a", checks: [status(200), cache("HIT")] },
  { path: "/query?b=b", checks: [status(400), never] },
  { path: "/query?b=b", checks: [status(400), never] },
  { path: "/not-cached", headers: key, checks: [status(200), cache(undefined), slow] },
  { path: "/not-cached", headers: key, checks: [status(200), cache(undefined), slow] },
  { path: "/404", checks: [status(404), never, empty] },
  { path: "/404", checks: [status(404), never, empty] },
];

/** Asks each step of the walk; answers the rows of the table. */
async function goThrough(address) {
  const etags = new Map();
  const rows = [];
  for (const { path, headers = {}, withEtag = false, checks } of walk) {
    const sent = withEtag ? { ...headers, "if-none-match": etags.get(path) ?? "none was seen" } : headers;
    const answer = await ask(address + path, sent);
    const { etag = "-", "x-cache": mark = "-" } = answer.headers;
    if (etag !== "-") etags.set(path, etag);
    const wrong = checks.map((check) => check(answer)).filter((verdict) => verdict !== true);
    const shown = Object.entries(sent).map(([name, value]) => ` ${name}: ${value}`);
    const request = `GET ${path}${shown.join("")}`;
    rows.push([
      rows.length + 1,
      request,
      answer.status,
      answer.size,
      answer.ms,
      etag,
      mark,
      wrong.join("; ") || "ok",
    ]);
  }
  return rows;
}

/** Makes what a fresh clone lacks: node_modules, dist and the compiled example. */
async function prepare() {
  if (!existsSync(join(root, "node_modules/.package-lock.json"))) {
    console.log("Installing (npm ci), once ...");
    await must("npm", ["ci", "--no-audit", "--no-fund"], { show: true });
  }
  await buildIfStale({ apps: true });
}

async function demo() {
  await prepare();
  const wished = Number(process.env.PORT ?? 8000);
  const port = await freePort(wished);
  if (port !== wished) console.log(`Port ${wished} is taken; using ${port}.`);
  const server = await startServer("fastify/complex", { port });
  console.log(`examples/fastify/complex on ${server.address}; each handler pretends to load for a second.\n`);
  const rows = await goThrough(server.address).catch((error) => [
    ["-", error.message, "-", "-", "-", "-", "-", "failed"],
  ]);
  printTable(["step", "request", "status", "bytes", "ms", "ETag", "X-Cache", "as expected"], rows);
  const wrong = rows.filter((row) => row.at(-1) !== "ok").length;
  console.log(
    wrong === 0 ? `\nAll ${rows.length} answers are as expected.` : `\n${wrong} answers are not as expected.`,
  );

  if (process.argv.includes("--once")) {
    await server.stop();
    process.exitCode = wrong === 0 ? 0 : 1;
    return;
  }
  console.log(`
The server keeps running; Ctrl-C ends it. Try:

  curl -i ${server.address}/cached                           # 401: the guard runs before the cache
  curl -i -H 'X-Key: any' ${server.address}/cached
  curl -i -H 'X-Key: any' ${server.address}/stream-cached
  curl -i '${server.address}/query?a=a'
  curl -i '${server.address}/query?b=b&a=a'                  # the same entry`);
  await server.closed;
}

const strange = process.argv.slice(2).filter((word) => !["--once", "--help"].includes(word));
if (strange.length > 0) fail(`unknown: ${strange.join(" ")}\n\n${help}`);
if (process.argv.includes("--help")) console.log(help);
else await demo();
