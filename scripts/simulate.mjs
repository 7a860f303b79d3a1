// Plays the deterministic simulation of the core:  npm run simulate -- --seeds 100000
import { fail, printTable, readOptions } from "./lib/project.mjs";
import { buildSimulation, load, plant, playSeeds } from "./lib/simulation.mjs";

const help = `npm run simulate [-- options]

  Plays small worlds of clients, handlers, purges and a troubled store against the core, each drawn from a seed, and
  compares what happened with a reference model (test/simulation/). Stops with code 1 at the first violation.

  --seeds N      plays so many seeds (default: 20000, or as many as --seconds lets it)
  --seconds S    plays for so long at most
  --from N       the first seed (default: 0)
  --seed N       plays one seed and prints everything that happens in it
  --cluster      plays several processes on one store, in place of a single one
  --planted      takes defences out of the core one by one: each must be caught within 20000 seeds
  --bug NAME     plays with that one defence taken out; --planted lists the names
  --help         this text`;

const MOST_SEEDS_PER_BUG = 20_000;

const options = {
  seeds: { type: "string" },
  seconds: { type: "string" },
  from: { type: "string" },
  seed: { type: "string" },
  cluster: { type: "boolean" },
  planted: { type: "boolean" },
  bug: { type: "string" },
  help: { type: "boolean" },
};

const values = readOptions(options, help);
const kind = values.cluster === true ? "cluster" : "single";

/** A number that was given, or what there is if none was. */
function numberOf(name, least, otherwise) {
  const text = values[name];
  if (text === undefined) return otherwise;
  const number = Number(text);
  const isWhole = name === "seconds" || Number.isSafeInteger(number);
  if (text.trim() === "" || !Number.isFinite(number) || number < least || !isWhole)
    fail(`--${name} ${text}: write a ${name === "seconds" ? "" : "whole "}number, ${least} or more`);
  return number;
}

async function main() {
  if (values.help === true) return console.log(help);
  const seed = numberOf("seed", 0, undefined);
  const from = numberOf("from", 0, 0);
  const seconds = numberOf("seconds", 1, Infinity);
  const seeds = numberOf("seeds", 1, seconds === Infinity ? 20_000 : Infinity);
  for (const [one, other] of [
    ["seed", "planted"],
    ["seed", "seeds"],
    ["seed", "seconds"],
    ["seed", "from"],
    ["planted", "bug"],
    ["planted", "seeds"],
  ])
    if (values[one] !== undefined && values[other] !== undefined)
      fail(`--${one} and --${other} do not go together`);
  const built = await buildSimulation();
  const { PLANTED } = await load(built, kind === "cluster" ? "planted-cluster.js" : "planted.js");
  if (values.planted === true) return checkPlanted(PLANTED);
  const bug = PLANTED.find(({ name }) => name === values.bug);
  if (values.bug !== undefined && bug === undefined)
    fail(`--bug ${values.bug}: there are ${PLANTED.map(({ name }) => name).join(", ")}`);
  const folder = bug === undefined ? built : plant(bug);
  if (seed !== undefined) return replay(folder, seed);
  await playMany(folder, { from, count: seeds, seconds });
}

/** Prints all that happens in one seed. */
async function replay(folder, seed) {
  const { PLAYS } = await load(folder, "play.js");
  const violation = await PLAYS[kind](seed, console.log);
  console.log(violation === undefined ? "nothing was violated" : textOf(violation));
  if (violation !== undefined) process.exitCode = 1;
}

async function playMany(folder, { from, count, seconds }) {
  const onProgress = (played, elapsed) => {
    const speed = played / elapsed;
    const left = Math.min((count - played) / Math.max(speed, 1), seconds - elapsed);
    const line = `${played} seeds, ${Math.round(speed)} a second, ${Math.max(0, Math.round(left))} s left`;
    if (process.stdout.isTTY) process.stdout.write(`\r${line}   `);
    else if (Math.round(elapsed) % 10 === 0) console.log(line);
  };
  const result = await playSeeds(folder, { kind, from, count, seconds, onProgress });
  if (process.stdout.isTTY) process.stdout.write("\r");
  const speed = Math.round(result.played / result.seconds);
  const sum = `${result.played} seeds from ${from} on in ${result.seconds.toFixed(1)} s, ${speed} a second`;
  const { violation } = result;
  if (violation === undefined) return console.log(`${sum}: nothing was violated`);
  const cluster = kind === "cluster" ? "--cluster " : "";
  const bug = values.bug === undefined ? "" : ` --bug ${values.bug}`;
  console.error(
    `${sum}\nseed ${violation.seed}: ${textOf(violation)}\n\nnpm run simulate -- ${cluster}--seed ${violation.seed}${bug}`,
  );
  process.exitCode = 1;
}

/** Sees that each planted bug is caught. */
async function checkPlanted(planted) {
  const rows = [];
  for (const bug of planted) {
    const { violation, seconds } = await playSeeds(plant(bug), { kind, from: 0, count: MOST_SEEDS_PER_BUG });
    rows.push([
      bug.name,
      violation?.seed ?? "SURVIVED",
      violation?.property ?? "",
      `${seconds.toFixed(1)} s`,
    ]);
    console.log(
      `${bug.name}: ${violation === undefined ? "SURVIVED" : `seed ${violation.seed}: ${violation.message.split("\n")[0]}`}`,
    );
  }
  printTable(["planted bug", "caught at seed", "by", "in"], rows);
  const survivors = rows.filter(([, seed]) => seed === "SURVIVED");
  if (survivors.length > 0) fail(`${survivors.length} of ${rows.length} planted bugs were not caught`);
}

const textOf = ({ property, message }) => `violated: ${property}\n  ${message}`;

await main();
