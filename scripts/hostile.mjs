// Plays hostile clients over raw sockets:  npm run hostile -- --seconds 40 --framework express --seed 7
import { existsSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { buildDir, fail, filesBelow, must, readOptions, root } from "./lib/project.mjs";

const FRAMEWORKS = [
  "fastify",
  "express",
  "express4",
  "fetch",
  "hono",
  "koa",
  "h3",
  "nestjs",
  "nestjs-fastify",
];

const help = `npm run hostile [-- options]

  Plays rounds of clients on raw connections against one application on each framework, a process of its own: they
  send requests ahead, leave at any point and in any way, read slowly or not at all, and come in crowds. Each response
  has to be one that the same application without a cache could have given to that client, the process has to live,
  and no handler may run on when all are gone. What a round does follows from its seed; how it interleaves does not,
  so a fault may need more than one try. Stops with code 1 at the first fault, and prints how to play that round again.

  --framework F    ${FRAMEWORKS.join(", ")} (default: each of them)
  --seconds S      plays for so long in all (default: 120)
  --seed N         the first round's; each round after it has the next one (default: drawn)
  --rounds N       plays so many rounds on each framework at most
  --lanes N        plays so many rounds at a time (default: 8)
  --without-cache  plays against the same application without a cache: what is wrong then is wrong in this program
  --help           this text`;

const options = {
  framework: { type: "string" },
  seconds: { type: "string" },
  seed: { type: "string" },
  rounds: { type: "string" },
  lanes: { type: "string" },
  "without-cache": { type: "boolean" },
  help: { type: "boolean" },
};

const values = readOptions(options, help);

function numberOf(name, least, otherwise) {
  const text = values[name];
  if (text === undefined) return otherwise;
  const number = Number(text);
  if (text.trim() === "" || !Number.isSafeInteger(number) || number < least)
    fail(`--${name} ${text}: write a whole number, ${least} or more`);
  return number;
}

/** Compiles the program where a source is newer than what is there; answers where it is. */
async function build() {
  const built = join(buildDir, "hostile");
  const stamp = join(built, "stamp");
  const folders = ["src", "test/hostile", "test/simulation", "examples/fetch"];
  const changed = Math.max(
    ...folders.flatMap((folder) => filesBelow(join(root, folder))).map((file) => statSync(file).mtimeMs),
  );
  if (existsSync(stamp) && statSync(stamp).mtimeMs >= changed) return built;
  const startedAt = new Date();
  rmSync(built, { recursive: true, force: true });
  await must("npx", ["tsc", "-p", "test/hostile/tsconfig.json"]);
  writeFileSync(stamp, "");
  utimesSync(stamp, startedAt, startedAt);
  return built;
}

async function main() {
  if (values.help === true) return console.log(help);
  const { framework } = values;
  if (framework !== undefined && !FRAMEWORKS.includes(framework))
    fail(`--framework ${framework}: there are ${FRAMEWORKS.join(", ")}`);
  const played = framework === undefined ? FRAMEWORKS : [framework];
  const seconds = numberOf("seconds", 1, values.rounds === undefined ? 120 : 86_400) / played.length;
  const seed = numberOf("seed", 0, Math.floor(Math.random() * 1e9));
  const rounds = numberOf("rounds", 1, Infinity);
  const lanes = numberOf("lanes", 1, 8);
  const { playRounds } = await import(pathToFileURL(join(await build(), "test/hostile/run.js")).href);
  const hasCache = values["without-cache"] !== true;
  for (const each of played) {
    console.log(`${each}: from seed ${seed} on, ${lanes} rounds at a time, Node ${process.versions.node}`);
    const onProgress = (count, connections, elapsed) => {
      if (Math.round(elapsed) % 10 === 0)
        console.log(`  ${count} rounds, ${connections} connections, ${Math.round(elapsed)} s`);
    };
    const result = await playRounds({ framework: each, hasCache, seed, seconds, rounds, lanes, onProgress });
    tell(each, result, lanes);
    if (result.violation !== undefined) return void (process.exitCode = 1);
  }
}

function tell(framework, { rounds, connections, requests, seconds, stats, violation }, lanes) {
  const sum = `${rounds} rounds, ${connections} connections, ${requests} requests in ${seconds.toFixed(1)} s`;
  if (violation === undefined)
    return console.log(`  ${sum}: nothing was violated\n  ${JSON.stringify(stats?.outcomes ?? {})}`);
  console.error(`${sum}\nseed ${violation.seed}: ${violation.message}`);
  for (const plan of violation.plans) console.error(`  ${JSON.stringify(plan)}`);
  const mode = values["without-cache"] === true ? " --without-cache" : "";
  const again = `npm run hostile -- --framework ${framework}${mode} --seed ${violation.seed}`;
  console.error(
    `\n${again} --rounds 1 --lanes 1\nor among others:\n${again} --rounds ${lanes * 4} --lanes ${lanes}`,
  );
}

await main();
