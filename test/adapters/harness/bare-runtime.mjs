// Runs the built package in a realm that has the web's globals and nothing of Node, and prints what came of it.
//   node --experimental-vm-modules bare-runtime.mjs <dist>
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { SourceTextModule, createContext } from "node:vm";

const dist = process.argv[2];
const web =
  "AbortController AbortSignal Headers ReadableStream Request Response TextDecoder TextEncoder btoa clearTimeout crypto setTimeout";
const context = createContext(Object.fromEntries(web.split(" ").map((name) => [name, globalThis[name]])));

const modules = new Map();
const { resolve } = createRequire(join(dist, "index.js"));

async function link(specifier, { identifier }) {
  if (specifier.startsWith("node:")) throw new Error(`${identifier} imports ${specifier}`);
  const path = specifier.startsWith(".") ? join(dirname(identifier), specifier) : resolve(specifier);
  if (!modules.has(path))
    modules.set(
      path,
      readFile(path, "utf8").then((code) => toModule(path, code)),
    );
  return modules.get(path);
}

const toModule = (identifier, code) => new SourceTextModule(code, { identifier, context });

const program = toModule(
  join(dist, "program.js"),
  `
  import { createCache } from "./index.js";
  import { cacheRoute } from "./adapters/fetch.js";

  if (["process", "Buffer", "require", "global", "setImmediate"].some((name) => name in globalThis)) throw new Error();
  let runs = 0;
  const scope = () => "ann";
  const handler = cacheRoute(createCache({ reporter: false }), { scope }, () => new Response("run " + ++runs));
  export const answers = [];
  for (const headers of [{}, {}, { "if-none-match": "*" }]) {
    const response = await handler(new Request("http://a.test/", { headers }));
    const { status, headers: said } = response;
    answers.push([status, said.get("x-cache"), said.get("etag"), await response.text()]);
  }
`,
);
await program.link(link);
await program.evaluate();
process.stdout.write(JSON.stringify(program.namespace.answers));
