import { parseArgs } from "node:util";
import { cases, isCaseName, usualCases } from "./cases.ts";
import type { CaseName } from "./cases.ts";
import { measureArguments, measureOf } from "./measure.ts";
import type { Measure } from "./measure.ts";

/** How much is measured. */
export interface Options extends Measure {
  readonly cases: readonly CaseName[];
  /** A short run, whose result is not kept. */
  readonly isQuick: boolean;
  /** The name of the result files. */
  readonly name: string;
  /** A folder for a CPU profile of each server process. */
  readonly profiles: string | undefined;
}

const usual = { rounds: 6, pairs: 4, seconds: 0.4, warmUpSeconds: 1.2 };
const quick = { rounds: 1, pairs: 5, seconds: 0.25, warmUpSeconds: 1 };

export const help = `npm run bench [-- options]

Measures a hit on Fastify against a handler that sends the same bytes ready-made, against a handler that
serialises them, and a hand-written lru-cache hook beside it. Writes benchmarks/results/.
With --misses, or --against <commit>, it measures misses, or this tree against another one; with the word redis in
front, hits over Redis; see their --help.

  --quick              one short round, about a minute, to build/benchmarks/results
  --cases <names>      of ${Object.keys(cases).join(", ")}; default ${usualCases.join(",")}
  --rounds <number>    fresh server processes each time; default ${usual.rounds}
  --pairs <number>     pairs of each comparison in a round; default ${usual.pairs}
  --seconds <number>   length of a slice; default ${usual.seconds}
  --connections <n>    default 32
  --name <name>        of the result files; default fastify-hit
  --profiles <folder>  writes a CPU profile of each server there (the numbers then count for nothing)
  --help               this
`;

/** Reads the command line; undefined where it asks for help. Throws where it is wrong. */
export function parseOptions(args: readonly string[]): Options | undefined {
  const text = { type: "string" } as const;
  const flag = { type: "boolean", default: false } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: flag,
      help: flag,
      cases: text,
      ...measureArguments,
      name: text,
      profiles: text,
    },
  });
  if (values.help) return undefined;
  const base = values.quick ? quick : usual;
  return {
    cases: values.cases === undefined ? usualCases : values.cases.split(",").map(caseName),
    ...measureOf(values, base),
    isQuick: values.quick,
    name: values.name ?? "fastify-hit",
    profiles: values.profiles,
  };
}

function caseName(name: string): CaseName {
  if (isCaseName(name)) return name;
  throw new Error(`there is no case "${name}"; there are ${Object.keys(cases).join(", ")}`);
}
