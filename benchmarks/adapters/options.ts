import { parseArgs } from "node:util";
import { frameworkNames, isFrameworkName } from "./contenders.ts";
import type { FrameworkName } from "./contenders.ts";
import { measureArguments, measureOf } from "../measure.ts";
import type { Measure } from "../measure.ts";

/** How much is measured. */
export interface AdapterOptions extends Measure {
  readonly frameworks: readonly FrameworkName[];
  /** Whether the result is one to keep: of a whole run, without profiles. */
  readonly isKept: boolean;
  /** A folder for a CPU profile of each server process. */
  readonly profiles: string | undefined;
}

const usual = { rounds: 6, pairs: 4, seconds: 0.4, warmUpSeconds: 1.2 };
const quick = { rounds: 1, pairs: 4, seconds: 0.25, warmUpSeconds: 1 };

export const help = `npm run bench -- adapters [options]

Measures a hit on each framework against its own ready-made body, its own JSON handler of 20 items, and the cache that its
users have today. Writes benchmarks/results/adapters.*.

  --quick              one short round, about four minutes, to build/benchmarks/results
  --on <frameworks>    of ${frameworkNames.join(", ")}; default all
  --rounds <number>    fresh server processes each time; default ${usual.rounds}
  --pairs <number>     pairs of each comparison in a round; default ${usual.pairs}
  --seconds <number>   length of a slice; default ${usual.seconds}
  --connections <n>    default 32
  --profiles <folder>  writes a CPU profile of each server there (the numbers then count for nothing)
  --help               this
`;

/** Reads the command line; undefined where it asks for help. Throws where it is wrong. */
export function parseOptions(args: readonly string[]): AdapterOptions | undefined {
  const text = { type: "string" } as const;
  const flag = { type: "boolean", default: false } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: flag,
      help: flag,
      on: text,
      ...measureArguments,
      profiles: text,
    },
  });
  if (values.help) return undefined;
  const base = values.quick ? quick : usual;
  return {
    frameworks: values.on === undefined ? frameworkNames : values.on.split(",").map(frameworkName),
    ...measureOf(values, base),
    isKept: !values.quick && values.on === undefined && values.profiles === undefined,
    profiles: values.profiles,
  };
}

function frameworkName(name: string): FrameworkName {
  if (isFrameworkName(name)) return name;
  throw new Error(`there is no framework "${name}"; there are ${frameworkNames.join(", ")}`);
}
