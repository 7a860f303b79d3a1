// Takes Redis away under load:  npm run outage -- --seconds 10 --client ioredis --fault frozen
import { rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { buildDir, fail, must, readOptions } from "./lib/project.mjs";

const help = `npm run outage [-- options]

  Takes Redis away from an application on Fastify that is under load, in each way and with each client: frozen, cut off,
  killed, full, a replica, garbled. No request may fail or have a response that the handler could not have sent, hits
  have to be back within a second of the client being ready, and memory has to stay flat. Prints what was seen. Needs
  redis-server.

  --seconds S   Redis is away for so long (default: 30)
  --requests N  so many requests are sent in that time (default: 10000)
  --client C    this client alone
  --fault F     the faults that begin with this word
  --help        this text`;

const options = {
  seconds: { type: "string", default: "30" },
  requests: { type: "string", default: "10000" },
  client: { type: "string" },
  fault: { type: "string" },
  help: { type: "boolean" },
};

async function main() {
  const values = readOptions(options, help);
  if (values.help === true) return console.log(help);
  const [seconds, requests] = [Number(values.seconds), Number(values.requests)];
  if (!(seconds > 0) || !(requests > 0)) fail("--seconds and --requests are numbers above 0");
  const built = join(buildDir, "outage");
  rmSync(built, { recursive: true, force: true });
  await must("npx", ["tsc", "-p", "test/outage/tsconfig.json"]);
  const { names, play } = await import(pathToFileURL(join(built, "test/outage/run.js")).href);
  const clients = names.clients.filter((name) => values.client === undefined || name === values.client);
  const faults = names.faults.filter((name) => name.startsWith(values.fault ?? ""));
  if (clients.length === 0) fail(`--client ${values.client}: there are ${names.clients.join(", ")}`);
  if (faults.length === 0) fail(`--fault ${values.fault}: there are ${names.faults.join(", ")}`);
  if (!(await play({ clients, faults, seconds, requests }, console.log))) process.exitCode = 1;
}

await main();
