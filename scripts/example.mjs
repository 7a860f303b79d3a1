// Runs one example:  npm run example -- complex    (fastify/complex)
//                    npm run example -- express/complex
import { pathToFileURL } from "node:url";
import { buildIfStale, fail } from "./lib/project.mjs";
import { exampleNames, serverPath } from "./lib/server.mjs";

const wished = process.argv[2];
const names = exampleNames();
const name = names.find((known) => known === wished || known === `fastify/${wished}`);
if (name === undefined) fail(`say which example: ${names.join(", ")}`);
await buildIfStale({ apps: true });
await import(pathToFileURL(serverPath(name)).href);
