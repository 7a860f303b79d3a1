// Runs the suite: its origin server, examples/proxy in front of it, and its client in front of that.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { buildDir, buildIfStale, fail, must, root } from "../project.mjs";
import { endWithScript, startProgram, startServer } from "../server.mjs";

const folder = join(root, "conformance");
const suite = join(folder, "node_modules/http-cache-tests");
const scratch = join(buildDir, "conformance");

/** Installs the suite if it is not there, and builds what it runs against. */
export async function prepare() {
  await prepareSuite();
  await buildIfStale({ apps: true });
}

/** Installs the suite if it is not there, or is not what the lock file says. */
export async function prepareSuite() {
  mkdirSync(scratch, { recursive: true });
  const installedAt = join(folder, "node_modules/.package-lock.json");
  const lock = join(folder, "package-lock.json");
  if (existsSync(installedAt) && statSync(installedAt).mtimeMs >= statSync(lock).mtimeMs) return;
  console.log("installing the suite into conformance/ ...");
  await must("npm", ["ci", "--no-audit", "--no-fund", "--ignore-scripts"], { cwd: folder });
}

/** The suite's name and release. */
export const release = () => {
  const { name, version } = JSON.parse(readFileSync(join(suite, "package.json"), "utf8"));
  return `${name} ${version}`;
};

/** Lists every test that a cache that is not a browser's has to face. */
export const listTests = () => client([]);

/** Runs all tests, or the one named, through the proxy with the options named; answers a row for each. */
export async function runSuite(options, id) {
  const hear = id === undefined ? undefined : (text) => process.stdout.write(text);
  // The suite reads its settings as npm hands them on.
  const env = {
    npm_config_protocol: "http",
    npm_config_port: "0",
    npm_config_pidfile: join(scratch, "origin.pid"),
  };
  const args = ["--import", join(folder, "loopback.mjs"), join(suite, "server/server.mjs")];
  const origin = await startProgram("the suite's origin", args, { env, hear });
  try {
    const proxy = await startServer("proxy", { env: { ORIGIN: origin.address, CACHE: options }, hear });
    try {
      return await client([proxy.address, ...(id === undefined ? [] : [id])]);
    } finally {
      await proxy.stop();
    }
  } finally {
    await origin.stop();
  }
}

/** The suite pauses for three seconds in many of its tests, a hundred of which run at a time. */
const longestMs = 300_000;

async function client(args) {
  const out = join(scratch, `rows-${process.pid}.json`);
  const child = spawn(process.execPath, [join(folder, "client.mjs"), out, ...args], {
    stdio: ["ignore", "inherit", "inherit"],
    timeout: longestMs,
    killSignal: "SIGKILL",
  });
  endWithScript(child);
  const code = await new Promise((resolve) => child.on("close", resolve));
  if (code !== 0) fail(`the suite's client ended with code ${code} (it has ${longestMs / 1000} s)`);
  return JSON.parse(readFileSync(out, "utf8"));
}
