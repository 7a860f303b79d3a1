// Starts every example and asks it twice what its ask.json says, e.g. {"path": "/cached", "headers": {"x-key": "k"}}:
// first a miss, then a hit. What has to be there before is sent first: {"first": {"method", "path", "body"}}.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { buildIfStale, fail, printTable, readJson, root } from "./lib/project.mjs";
import { ask, exampleNames, startServer } from "./lib/server.mjs";

/** Tries one example; answers its row of the table, the last cell of which is "ok" or what is wrong. */
async function tryExample(name) {
  const file = join("examples", name, "ask.json");
  if (!existsSync(join(root, file))) return [name, "-", "-", "-", `${file} is missing`];
  const { path, headers, first: before } = readJson(file);
  let server;
  try {
    server = await startServer(name);
    if (before !== undefined) await send(server.address, before);
    const answers = [await ask(server.address + path, headers), await ask(server.address + path, headers)];
    const seen = answers.map((answer) => `${answer.status} ${answer.headers["x-cache"]} ${answer.ms} ms`);
    const [first, second] = answers.map((answer) => answer.headers["x-cache"]);
    const right = first === "MISS" && second === "HIT" && answers.every(({ status }) => status === 200);
    return [name, path, ...seen, right ? "ok" : "should be 200 MISS, then 200 HIT"];
  } catch (error) {
    return [name, path, "-", "-", error.message];
  } finally {
    await server?.stop();
  }
}

/** Sends a request with JSON as its content. */
async function send(address, { method, path, body }) {
  const sent = { method, headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
  const { ok, status } = await fetch(address + path, sent);
  if (!ok) throw new Error(`${method} ${path} has the status ${status}`);
}

await buildIfStale({ apps: true });
const names = exampleNames();
if (names.length === 0) fail("there are no examples");
const rows = [];
for (const name of names) rows.push(await tryExample(name));
printTable(["example", "path", "first", "second", "verdict"], rows);
if (rows.some((row) => row.at(-1) !== "ok")) fail("an example does not do what it should");
