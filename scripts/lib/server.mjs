// Starts an example as a user would, and asks it things over a real socket.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { get } from "node:http";
import { createServer } from "node:net";
import { join, relative } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { buildDir, filesBelow, root } from "./project.mjs";

/** Names every example there is: "fastify/complex". */
export const exampleNames = () =>
  filesBelow(join(root, "examples"))
    .filter((file) => file.endsWith("/server.ts"))
    .map((file) => relative(join(root, "examples"), join(file, "..")))
    .toSorted();

/** Where the compiled server of an example is. */
export const serverPath = (name) => join(buildDir, "examples", name, "server.js");

/** Starts a compiled example; answers its address and a way to end it, once it says that it listens. */
export function startServer(name, { port = 0, env = {}, timeoutMs } = {}) {
  if (!existsSync(serverPath(name))) return Promise.reject(new Error(`${name} is not built`));
  return startProgram(name, [serverPath(name)], { env: { ...env, PORT: String(port) }, timeoutMs });
}

/** Starts a Node program that says "listening on" and its address; `hear` is given what it says after that. */
export function startProgram(name, args, { env = {}, hear, timeoutMs = 15_000 } = {}) {
  return new Promise((resolve, reject) => {
    const stdio = ["ignore", "pipe", "pipe"];
    const child = spawn(process.execPath, args, { env: { ...process.env, ...env }, stdio });
    const closed = new Promise((done) => child.on("close", done));
    endWithScript(child);
    const stop = async () => {
      child.kill();
      // A server that ignores the polite signal must not keep the script.
      const timer = setTimeout(() => child.kill("SIGKILL"), 2000);
      await closed;
      clearTimeout(timer);
    };

    let output = "";
    const giveUp = (why) => {
      child.kill("SIGKILL");
      reject(new Error(`${name} ${why}\n${output}`));
    };
    const timer = setTimeout(() => giveUp(`did not say "listening on" in ${timeoutMs} ms`), timeoutMs);
    let isListening = false;
    const read = (chunk) => {
      if (isListening) return hear?.(String(chunk));
      output += chunk;
      const address = /listening on (http:\/\/[^\s"]+)/i.exec(output)?.[1];
      if (address === undefined) return;
      isListening = true;
      clearTimeout(timer);
      resolve({ address, stop, closed });
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
    child.on("exit", (code) => {
      clearTimeout(timer);
      giveUp(`ended with code ${code} before it listened`);
    });
  });
}

/** Sees to it that a signal to this script, or its end, does not leave a child behind. */
export function endWithScript(child) {
  const endings = { exit: () => child.kill(), SIGINT: endScript, SIGTERM: endScript, SIGHUP: endScript };
  for (const [event, listener] of Object.entries(endings)) process.on(event, listener);
  child.once("close", () => {
    for (const [event, listener] of Object.entries(endings)) process.off(event, listener);
  });
}

const endScript = () => process.exit(0);

/** Asks for a URL; answers status, headers, size and the time to the last byte. Adds no header of its own. */
export function ask(url, headers = {}, { timeoutMs = 10_000 } = {}) {
  return new Promise((resolve, reject) => {
    const startedAt = performance.now();
    const request = get(
      url,
      { headers, agent: false, signal: AbortSignal.timeout(timeoutMs) },
      (response) => {
        let size = 0;
        response.on("data", (chunk) => (size += chunk.length));
        response.on("error", reject);
        response.on("end", () => {
          const ms = Math.round(performance.now() - startedAt);
          resolve({ status: response.statusCode, headers: response.headers, size, ms });
        });
      },
    );
    request.on("error", reject);
  });
}

/** Answers the first port that is free, counting up from the one that was wished for. */
export async function freePort(wished) {
  for (let port = wished; port < wished + 100; port += 1) {
    if (await isFree(port)) return port;
  }
  throw new Error(`no free port from ${wished} to ${wished + 99}`);
}

const isFree = (port) =>
  new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(true)));
  });

/** Asks a program that was started as soon as it listens. */
export async function askWhenUp(child, address) {
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
