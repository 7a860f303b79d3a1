import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { areServersMissing } from "../support/redis-servers.ts";

const SERVER = fileURLToPath(new URL("../../build/examples/fastify/redis/server.js", import.meta.url));

// On a busy machine a lookup may take longer than its 0.1 seconds, and then it is a miss.
it.skipIf(areServersMissing)(
  "the redis example shows two processes that share what they store and invalidate",
  { retry: 3 },
  async () => {
    const { REDIS_URL: _url, NODE_V8_COVERAGE: _coverage, ...env } = process.env;
    const server = spawn(process.execPath, [SERVER], { env: { ...env, PORT: "0" } });
    let output = "";
    server.stderr.on("data", (chunk) => (output += String(chunk)));
    try {
      for await (const chunk of server.stdout) {
        output += String(chunk);
        if (output.includes("listening on")) break;
      }
    } finally {
      server.kill();
      await once(server, "close");
    }

    const shown = output.split("\n").filter((line) => line.includes("/users/7"));
    expect(shown.map((line) => line.replace(/^ *\d+ ms {2}/, ""))).toEqual([
      "process 1  PUT /users/7    Ada",
      'process 1  GET /users/7  MISS  {"id":"7","name":"Ada"}',
      'process 2  GET /users/7  HIT  {"id":"7","name":"Ada"}',
      "process 2  PUT /users/7    Grace",
      'process 1  GET /users/7  MISS  {"id":"7","name":"Grace"}',
      'process 2  GET /users/7  HIT  {"id":"7","name":"Grace"}',
    ]);
  },
);
