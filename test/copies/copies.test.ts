import { execFile } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const root = resolve(import.meta.dirname, "../..");
/** Inside the project, so that the copies find its frameworks. */
const place = join(root, `build/copies-${process.pid}`);

interface Output {
  readonly loaded: readonly { readonly name: string; readonly names: readonly (readonly string[])[] }[];
  readonly distinct: number;
  readonly results: readonly {
    readonly what: string;
    readonly first: string;
    readonly second: string;
    readonly outcome: unknown;
  }[];
}

let output: Output;

beforeAll(async () => {
  for (const copy of ["one", "other"]) {
    const installed = join(place, copy, "node_modules/caching-route");
    mkdirSync(installed, { recursive: true });
    for (const name of ["dist", "package.json"])
      cpSync(join(root, name), join(installed, name), { recursive: true });
    // The project that they lie in has the name of the package, and Node would take that.
    writeFileSync(join(place, copy, "package.json"), "{}");
    writeFileSync(join(place, copy, "load.mjs"), "export const load = (name) => import(name);\n");
  }
  // Nest 12 has no CommonJS, Nest 11 has.
  mkdirSync(join(place, "node_modules"), { recursive: true });
  symlinkSync(
    join(root, "test/adapters/nestjs/nest11/node_modules/@nestjs"),
    join(place, "node_modules/@nestjs"),
  );
  // Without the flag, both forms of a copy are one module.
  const { stdout } = await promisify(execFile)(process.execPath, [
    "--no-experimental-require-module",
    join(import.meta.dirname, "program.mjs"),
    place,
  ]);
  output = JSON.parse(stdout) as Output;
}, 120_000);

afterAll(() => rmSync(place, { recursive: true, force: true }));

/** The different outcomes of a check, each once, and the pair of copies that had it first. */
function outcomesOf(what: string): readonly (readonly [outcome: unknown, pair: string])[] {
  const rows = output.results.filter((row) => row.what === what);
  const first = new Map(
    rows
      .toReversed()
      .map(({ outcome, ...row }) => [JSON.stringify(outcome), `${row.first} with ${row.second}`]),
  );
  return [...first].map(([outcome, pair]) => [JSON.parse(outcome), pair]);
}

const REFRESHED = [
  "200 MISS run 1, vary: x-try",
  "200 MISS run 1, vary: x-try",
  true,
  "200 MISS run 2, vary: x-try",
  2,
];
const ITSELF = expect.any(String) as string;

describe("two copies of the package in one process, each as ES module and as CommonJS", () => {
  it("load every entry, and are four instances", () => {
    const [{ names } = { names: [] }] = output.loaded;

    expect(output.distinct).toBe(4);
    expect(names.map((exported) => exported.length > 0)).toEqual(names.map(() => true));
    expect(output.loaded.map((loaded) => loaded.names.map((all) => all.toSorted()))).toEqual(
      output.loaded.map(() => names.map((all) => all.toSorted())),
    );
  });

  it("let Fastify start, and serve a hit and one run for a crowd, with the cache of one and the plugin of another", () => {
    expect(outcomesOf("fastify")).toEqual([[["200 MISS run 1", "200 HIT run 1", "1"], ITSELF]]);
  });

  it("let an inner plugin of one take over from an outer one of another on Fastify, and see its constraints", () => {
    expect(outcomesOf("fastify, nested")).toEqual([
      [["200 MISS run 1, vary: accept-version", "200 HIT run 1, vary: accept-version", 0, 1], ITSELF],
    ]);
  });

  it("serve a hit and one run for a crowd on Express, where a request passes middleware of both for one cache", () => {
    expect(outcomesOf("express")).toEqual([[["200 MISS run 1", "200 HIT run 1", "1"], ITSELF]]);
  });

  it("refresh in the background on Express, where the refresh passes middleware of another", () => {
    expect(outcomesOf("express, refreshed")).toEqual([[REFRESHED, ITSELF]]);
  });

  it("do not tell the handler on Express that its client has disconnected, where another client waits", () => {
    expect(outcomesOf("express, left")).toEqual([[["200 MISS destroyed: false", [1, 1]], ITSELF]]);
  });

  it("serve a hit and one run for a crowd on Koa, where a request passes middleware of both for one cache", () => {
    expect(outcomesOf("koa")).toEqual([[["200 MISS run 1", "200 HIT run 1", "1"], ITSELF]]);
  });

  it("refresh in the background on Koa, where the refresh passes middleware of another", () => {
    expect(outcomesOf("koa, refreshed")).toEqual([[REFRESHED, ITSELF]]);
  });

  it("do not tell the handler on Koa that its client has disconnected, where another client waits", () => {
    expect(outcomesOf("koa, left")).toEqual([[["200 MISS destroyed: false", [1, 1]], ITSELF]]);
  });

  it.each(["nest", "nest on fastify"])(
    "serve a hit and one run for a crowd on Nest, with the decorators of one and the module of another: %s",
    (what) => {
      expect(outcomesOf(what)).toEqual([[["200 MISS run 1", "200 HIT run 1", "1"], ITSELF]]);
    },
  );

  it("serve a hit and one run for a crowd on Hono, where a request passes middleware of both for one cache", () => {
    expect(outcomesOf("hono")).toEqual([[["200 MISS run 1", "200 HIT run 1", "1"], ITSELF]]);
  });

  it("refresh in the background on Hono, where the refresh passes middleware of another", () => {
    expect(outcomesOf("hono, refreshed")).toEqual([[REFRESHED, ITSELF]]);
  });

  it("serve a hit and one run for a crowd on h3, where a request passes the middleware of one and a handler of the other", () => {
    expect(outcomesOf("h3")).toEqual([[["200 MISS run 1", "200 HIT run 1", "1"], ITSELF]]);
  });

  it("refresh in the background on h3, where the refresh passes middleware of another", () => {
    expect(outcomesOf("h3, refreshed")).toEqual([[REFRESHED, ITSELF]]);
  });

  it("store no page of an error handler of Express", () => {
    expect(outcomesOf("express, failed")).toEqual([[["200 MISS run 1", "200 MISS run 2"], ITSELF]]);
  });

  it("serve a hit to a fetch handler", () => {
    expect(outcomesOf("fetch")).toEqual([[["200 MISS run 1", "200 HIT run 1"], ITSELF]]);
  });

  it("recognise each other's errors, and take them for no instance of a class that extends theirs", () => {
    expect(outcomesOf("errors")).toEqual([[[true, false, true, false], ITSELF]]);
  });
});

/** What may differ between copies: it only saves work. */
const MEMOS = ["fastify/internals.ts: LAST_SYMBOLS", "fastify/reply.ts: buffers"];

describe("the adapters", () => {
  it("remember nothing of requests, connections and applications in a module of their own", () => {
    const adapters = join(root, "src/adapters");
    const files = readdirSync(adapters, { recursive: true, encoding: "utf8" }).filter((file) =>
      file.endsWith(".ts"),
    );

    const kept = files.flatMap((file) => {
      const source = readFileSync(join(adapters, file), "utf8");
      const memories = /^(?:let|const (?!\w+: Readonly))[^=]*?(\w+)(?:: .*)? = new (?:Weak)?(?:Map|Set)\b/gm;
      return [...source.matchAll(memories)].map(([, name]) => `${file.replaceAll("\\", "/")}: ${name}`);
    });

    expect(kept.toSorted()).toEqual(MEMOS);
  });
});
