// Starts app.ts twice, on the Redis of REDIS_URL or on one of its own, and shows what each process serves.
import { fork, spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";

/** Starts a `redis-server` that keeps nothing on disk, and ends with this process. */
async function startRedis(): Promise<string> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  await new Promise((closed) => probe.close(closed));
  const redis = spawn("redis-server", ["--port", String(port), "--bind", "127.0.0.1", "--save", ""]);
  endWithThis(redis);
  redis.once("error", () => {
    console.error("redis-server is not installed: install it, or set REDIS_URL");
    process.exit(1);
  });
  for await (const line of redis.stdout) {
    if (String(line).includes("Ready to accept connections")) break;
  }
  redis.stdout.resume();
  return `redis://127.0.0.1:${port}`;
}

/** Starts one process of the application. Returns its address. */
async function startApp(url: string, port: string): Promise<string> {
  const app = fork(fileURLToPath(new URL("app.js", import.meta.url)), {
    env: { ...process.env, REDIS_URL: url, PORT: port },
  });
  endWithThis(app);
  app.once("exit", () => process.exit(1));
  return String((await once(app, "message"))[0]);
}

function endWithThis(child: ChildProcess): void {
  process.once("exit", () => child.kill());
}
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit());

const url = process.env["REDIS_URL"] ?? (await startRedis());
const processes = [await startApp(url, process.env["PORT"] ?? "8000"), await startApp(url, "0")] as const;
const began = performance.now();

async function ask(which: 0 | 1, method: "GET" | "PUT", name?: string): Promise<void> {
  const headers = { "content-type": "application/json" };
  const content = name === undefined ? {} : { headers, body: JSON.stringify({ name }) };
  const response = await fetch(`${processes[which]}/users/7`, { method, ...content });
  const shown = [response.headers.get("x-cache") ?? "", name ?? (await response.text())].join("  ");
  const at = `${(performance.now() - began).toFixed(0)} ms`.padStart(7);
  console.log(`${at}  process ${which + 1}  ${method} /users/7  ${shown}`);
  // A response is sent before Redis has stored it.
  if (method === "GET") await setTimeout(100);
}

await ask(0, "PUT", "Ada");
await ask(0, "GET");
await ask(1, "GET");
await ask(1, "PUT", "Grace");
// The process that invalidates knows it at once, the others within 50 ms.
await setTimeout(50);
await ask(0, "GET");
await ask(1, "GET");
console.log(`listening on ${processes[0]} (and ${processes[1]})`);
