import { parseArgs } from "node:util";
import { measureArguments, measureOf } from "../measure.ts";
import type { Measure } from "../measure.ts";

/** What the trees are measured on; `core` has no framework and no socket. */
const places = ["fastify", "express", "fetch", "core"] as const;
export type Place = (typeof places)[number];

/** What is asked for. */
export const kinds = { hit: "a hit", miss: "a miss, whole", stream: "a miss, streamed" } as const;
export type Kind = keyof typeof kinds;

/** How much is measured. */
export interface TreeOptions extends Measure {
  /** The commit that this tree is measured against; undefined: the same handlers without a cache. */
  readonly against: string | undefined;
  readonly on: readonly Place[];
  readonly cases: readonly Kind[];
  readonly isQuick: boolean;
  /** Whether instructions are counted, in place of time. */
  readonly isCounted: boolean;
  /** The name of the result files. */
  readonly name: string;
}

const usual = { rounds: 6, pairs: 30, seconds: 0.08, warmUpSeconds: 1.2 };
const quick = { rounds: 1, pairs: 18, seconds: 0.08, warmUpSeconds: 1 };

export const help = `npm run bench -- --misses [options]
npm run bench -- --against <commit> [options]

Measures hits and misses of this tree, whole and streamed, on Fastify, Express and fetch, and in the core alone: against
the same handlers without a cache, or against another commit, which is built in a temporary folder, with
node_modules of its own if its lock file differs. Both run in turns, in one run; the control is this tree against itself in another process.
Writes benchmarks/results/.

  --against <commit>   anything that git knows, such as HEAD~3; has to be committed
  --on <places>        of ${places.join(", ")}; default all, without a commit all but core
  --cases <names>      of ${Object.keys(kinds).join(", ")}; default all, without a commit the misses
  --instructions       with a commit: count instructions, with valgrind, in place of time. It takes about five minutes
                       for each tree, place and case, however busy the machine is, and writes nothing
  --quick              one short round of each, to build/benchmarks/results
  --rounds <number>    fresh server processes each time; default ${usual.rounds}
  --pairs <number>     turns of all sides in a round; default ${usual.pairs}
  --seconds <number>   length of a slice; default ${usual.seconds}
  --connections <n>    default 32
  --name <name>        of the result files; default misses, or against
  --help               this
`;

/** Reads the command line; undefined where it asks for help. Throws where it is wrong. */
export function parseOptions(args: readonly string[]): TreeOptions | undefined {
  const text = { type: "string" } as const;
  const flag = { type: "boolean", default: false } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: flag,
      help: flag,
      misses: flag,
      instructions: flag,
      against: text,
      on: text,
      cases: text,
      ...measureArguments,
      name: text,
    },
  });
  if (values.help) return undefined;
  const base = values.quick ? quick : usual;
  const { against } = values;
  const isAlone = against === undefined;
  if (isAlone && values.instructions) throw new Error("--instructions: write --against <commit> beside it");
  return {
    against,
    on: listOf("on", values.on, places, isAlone ? places.filter((place) => place !== "core") : places),
    cases: listOf(
      "cases",
      values.cases,
      Object.keys(kinds) as Kind[],
      isAlone ? ["miss", "stream"] : ["hit", "miss", "stream"],
    ),
    ...measureOf(values, base),
    isQuick: values.quick,
    isCounted: values.instructions,
    name: values.name ?? (isAlone ? "misses" : "against"),
  };
}

function listOf<Name extends string>(
  option: string,
  said: string | undefined,
  known: readonly Name[],
  otherwise: readonly Name[],
): readonly Name[] {
  if (said === undefined) return otherwise;
  return said.split(",").map((name) => {
    const found = known.find((candidate) => candidate === name);
    if (found === undefined) throw new Error(`--${option} ${name}: there are ${known.join(", ")}`);
    return found;
  });
}
