// Proves that the linter's own rules hold: one that cannot fail is worth nothing. Files that break them, one
// rule each, are written into an empty folder beside a copy of the configuration; the linter must refuse every
// one of them for the reason named, and none of those that keep to the arrows. Then it counts the rooms of core.
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { rooms } from "../oxlint.config.mjs";
import { countRooms } from "./lib/rooms.mjs";
import { fail, printTable, root, run } from "./lib/project.mjs";

const restricted = "eslint(no-restricted-imports)";

/** [file, what it imports, the rule that must refuse it; none where it is allowed] */
const cases = [
  ["src/http/a.ts", "./b.ts"],
  ["src/http/b.ts", "../core/contract/store.ts", restricted],
  ["src/http/c.ts", "node:crypto", restricted],
  ...Object.keys(rooms).flatMap((room) => [
    [`src/core/${room}/http.ts`, "../../http/vary.ts"],
    [`src/core/${room}/node.ts`, "node:stream", restricted],
    [`src/core/${room}/store.ts`, "../../stores/memory.ts", restricted],
    [`src/core/${room}/adapter.ts`, "../../adapter.ts", restricted],
    ...Object.keys(rooms).map((other) => {
      const isSeen = other === room || rooms[room].includes(other);
      const target = other === room ? "./sibling.ts" : `../${other}/file.ts`;
      return [`src/core/${room}/sees-${other}.ts`, target, ...(isSeen ? [] : [restricted])];
    }),
  ]),
  ["src/platform.ts", "node:crypto", restricted],
  ["src/core/storing/hash.ts", "../../sha256.ts", restricted],
  ["src/create-cache.ts", "./stores/memory.ts"],
  ["src/index.ts", "./adapters/fastify.ts", restricted],
  ["src/adapter.ts", "./core/exchange/exchange.ts"],
  ["src/entry.ts", "node:fs", restricted],
  ["src/stores/memory.ts", "../core/contract/store.ts"],
  ["src/stores/memory/lru.ts", "../../core/contract/store.ts"],
  ["src/stores/redis.ts", "../core/policy/policy.ts", restricted],
  ["src/stores/redis/head.ts", "node:buffer"],
  ["src/stores/redis/client.ts", "ioredis", restricted],
  ["src/stores/redis/names.ts", "node:crypto"],
  ["src/stores/redis/socket.ts", "node:net", restricted],
  ["src/stores/keyv.ts", "../http/headers.ts", restricted],
  ["src/stores/memory/clock.ts", "node:timers", restricted],
  ["src/adapters/fastify.ts", "./fastify/schema.ts"],
  ["src/adapters/fastify/schema.ts", "../../adapter.ts"],
  ["src/adapters/fastify/route.ts", "../../core/request/cache-key.ts", restricted],
  ["src/adapters/fastify/body.ts", "../node/response-tap.ts"],
  ["src/adapters/fastify/peer.ts", "../express.ts", restricted],
  ["src/adapters/fastify/other.ts", "express", restricted],
  ["src/adapters/express.ts", "express"],
  ["src/adapters/express/peer.ts", "../fastify/schema.ts", restricted],
  ["src/adapters/express/core.ts", "../../index.ts", restricted],
  ["src/adapters/hono.ts", "hono"],
  ["src/adapters/hono/refresh.ts", "hono/route"],
  ["src/adapters/hono/context.ts", "../node/process-wide.ts"],
  ["src/adapters/hono/tap.ts", "../node/response-tap.ts", restricted],
  ["src/adapters/koa.ts", "koa"],
  ["src/adapters/koa/fill.ts", "../node/client.ts"],
  ["src/adapters/koa/peer.ts", "../express/layers.ts", restricted],
  ["src/adapters/koa/web.ts", "../web/body.ts", restricted],
  ["src/adapters/h3.ts", "h3"],
  ["src/adapters/h3/refresh.ts", "../node/process-wide.ts"],
  ["src/adapters/h3/tap.ts", "../node/response-tap.ts", restricted],
  ["src/adapters/h3/peer.ts", "../hono/context.ts", restricted],
  ["src/adapters/nestjs.ts", "../index.ts"],
  ["src/adapters/nestjs/platform.ts", "../express/lookup.ts"],
  ["src/adapters/nestjs/seams.ts", "@nestjs/core/exceptions/exceptions-handler.js"],
  ["src/adapters/nestjs/peer.ts", "../koa/fill.ts", restricted],
  ["src/adapters/nestjs/web.ts", "../web/body.ts", restricted],
  ["src/adapters/nestjs/core.ts", "../../core/request/cache-key.ts", restricted],
  ["src/adapters/fetch.ts", "./web/body.ts"],
  ["src/adapters/fetch/tap.ts", "../node/response-tap.ts", restricted],
  ["src/adapters/fetch/node.ts", "node:buffer", restricted],
  ["src/adapters/node/tap.ts", "../../adapter.ts"],
  ["src/adapters/node/peer.ts", "../express.ts", restricted],
  ["src/adapters/web/body.ts", "../../adapter.ts"],
  ["src/adapters/web/node.ts", "node:stream/web", restricted],
  ["src/testing/index.ts", "../adapter.ts"],
  ["src/testing/clock.ts", "../core/contract/platform.ts", restricted],
  ["src/http/ring.ts", "./ring-end.ts", "import(no-cycle)"],
  ["src/http/ring-end.ts", "./ring.ts", "import(no-cycle)"],
].map(([file, target, rule]) => ({
  file,
  rule,
  code: `import { x } from "${target}";\nexport const y = x;\n`,
}));

cases.push(
  {
    file: "src/http/type.ts",
    rule: restricted,
    code: 'import type { X } from "../core/request/cache-key.ts";\nexport type Y = X;\n',
  },
  {
    file: "src/http/again.ts",
    rule: restricted,
    code: 'export { x } from "../core/request/cache-key.ts";\n',
  },
  { file: "src/http/star.ts", rule: "project(no-export-star)", code: 'export * from "./b.ts";\n' },
  {
    file: "src/http/late.ts",
    rule: "project(no-inline-import)",
    code: 'export const y = import("../core/request/cache-key.ts");\n',
  },
  {
    file: "src/http/of.ts",
    rule: "project(no-inline-import)",
    code: 'export type Y = import("../core/request/cache-key.ts").X;\n',
  },
  {
    file: "src/core/contract/global.ts",
    rule: "eslint(no-restricted-globals)",
    code: "export const y = process.pid;\n",
  },
  { file: "src/core/contract/guarded.ts", code: "export const y = globalThis.process?.pid;\n" },
  { file: "src/core/contract/log.ts", rule: "eslint(no-console)", code: "console.log(1);\n" },
  { file: "src/core/contract/default.ts", rule: "import(no-default-export)", code: "export default 1;\n" },
  { file: "src/core/contract/long.ts", rule: "eslint(max-lines)", code: "export {};\n".repeat(351) },
  { file: "test/skip.test.ts", rule: "vitest(no-disabled-tests)", code: 'it.skip("x", () => {});\n' },
);

/** Lints the cases in a folder of their own; answers the rules that refused each file. */
async function refusals() {
  const folder = mkdtempSync(join(tmpdir(), "arrows-"));
  for (const part of ["oxlint.config.mjs", "scripts/lib"])
    cpSync(join(root, part), join(folder, part), { recursive: true });
  for (const { file, code } of cases) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), code);
  }
  const args = ["-c", "oxlint.config.mjs", "--format", "json", "src", "test"];
  const { output } = await run(join(root, "node_modules/.bin/oxlint"), args, { cwd: folder });
  rmSync(folder, { recursive: true });
  const { diagnostics } = JSON.parse(output);
  return (file) => diagnostics.filter(({ filename }) => filename === file).map(({ code }) => code);
}

const refusedBy = await refusals();
const wrong = cases.flatMap(({ file, rule, code }) => {
  const rules = refusedBy(file);
  const arrowsAlone = rules.filter((name) => name === restricted || name.startsWith("project"));
  const right = rule === undefined ? arrowsAlone.length === 0 : rules.includes(rule);
  return right ? [] : [[file, rule ?? "allowed", rules.join(" ") || "allowed", code.split("\n")[0]]];
});
if (wrong.length > 0) {
  printTable(["file", "should be", "was", "code"], wrong);
  fail("the linter does not hold the arrows");
}
const broken = cases.filter(({ rule }) => rule !== undefined).length;
console.log(`${broken} forbidden files refused, ${cases.length - broken} allowed ones let through`);
const { floors, arrows } = countRooms();
console.log(
  `src/core: ${Object.keys(rooms).length} rooms on ${floors} floors, ${arrows.length} arrows between them`,
);
