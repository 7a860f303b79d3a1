// Runs in a process of its own, over the built package: feeds one parser with runs of its tokens, and prints what it is
// about to read, so that the process that ends it knows where it was. With `--list` it lists the parsers.
import { readdirSync, readFileSync, writeSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { http } from "./http.mjs";
import { adapters } from "./adapters.mjs";
import { others } from "./others.mjs";

const DIST = fileURLToPath(new URL("../../../dist/", import.meta.url));
const parsers = { ...http, ...adapters, ...others };
const SIZES = [16 * 1024, 64 * 1024];

/** How text is looked into: expressions, and what is slow where it is done once for each part of a whole. */
const LOOKS =
  /[.](?:split|replace|replaceAll|match|matchAll|search|indexOf|lastIndexOf|exec|test|trim|shift)\(/;

/** The exports of a module that look into text, themselves or by what else stands in it. */
function lookersIn(source, exports) {
  const declared = source.split(/^(?=(?:export )?(?:async )?(?:function|const|class)\b)/m).map((text) => ({
    text,
    name: /^(?:export )?(?:async )?(?:function|const|class)\*? (\w+)/.exec(text)?.[1],
  }));
  const lookers = new Set(declared.filter(({ text }) => LOOKS.test(text)).map(({ name }) => name));
  for (let known = 0; known < lookers.size;) {
    known = lookers.size;
    for (const { text, name } of declared)
      if ([...lookers].some((looker) => new RegExp(`\\b${looker}\\b`).test(text))) lookers.add(name);
  }
  return exports.filter((name) => lookers.has(name));
}

/** What must be in the table: all that `http/` exports, and what looks into text elsewhere. */
async function list() {
  const entries = [];
  const files = readdirSync(DIST, { recursive: true }).map((file) => file.replaceAll("\\", "/"));
  for (const file of files.filter((name) => /^(?:http|core|adapters|stores)\/.*[.]js$/.test(name))) {
    const exports = Object.keys(await import(pathToFileURL(DIST + file).href));
    const wanted = file.startsWith("http/") ? exports : lookersIn(readFileSync(DIST + file, "utf8"), exports);
    const own = parsers[file] ?? {};
    for (const name of new Set([...wanted, ...Object.keys(own)]))
      entries.push({ file, name, kind: kindOf(exports.includes(name), own[name]) });
  }
  const gone = Object.keys(parsers).filter((file) => !files.includes(file));
  return [...entries, ...gone.map((file) => ({ file, name: "all of it", kind: "gone" }))];
}

function kindOf(isThere, entry) {
  if (!isThere) return "gone";
  if (entry === undefined) return "missing";
  return entry.why === undefined ? "fed" : "not fed";
}

/** Runs of each token, of each two in turns, of each two after one another, and of each within each sample. */
function* texts({ tokens, samples }, size) {
  const run = (token, length = size) => token.repeat(Math.ceil(length / token.length));
  for (const first of tokens) {
    yield [`${first} repeated`, run(first)];
    for (const second of tokens) {
      if (second === first) continue;
      if (first < second) yield [`${first} ${second} in turns`, run(first + second)];
      yield [`${first}, then ${second}`, run(first, size / 2) + run(second, size / 2)];
    }
  }
  for (const sample of samples) {
    for (const token of ["", ...tokens]) yield [`${sample}${token} repeated`, run(sample + token)];
    for (let at = 0; at <= sample.length; at++) {
      for (const token of tokens)
        yield [
          `${token} repeated at ${at} of ${sample}`,
          sample.slice(0, at) + run(token) + sample.slice(at),
        ];
    }
  }
}

async function feed(file, name) {
  const entry = parsers[file][name];
  const parse = (await import(pathToFileURL(DIST + file).href))[name];
  for (const size of SIZES) {
    for (const [label, text] of texts(entry, size)) {
      writeSync(1, `${size}: ${JSON.stringify(label)}\n`);
      try {
        await entry.run(parse, text);
      } catch (error) {
        // What is refused was read all the same; but an expression or a list that is too much for the engine was not.
        if (error instanceof RangeError) throw error;
      }
    }
  }
}

const [file, name] = process.argv.slice(2);
if (file === "--list") writeSync(1, JSON.stringify(await list()));
else await feed(file, name);
