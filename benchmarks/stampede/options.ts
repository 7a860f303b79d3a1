import { parseArgs } from "node:util";
import { contenderNames, isContenderName } from "./contenders.ts";
import type { ContenderName } from "./contenders.ts";

/** How much is measured. */
export interface Options {
  readonly contenders: readonly ContenderName[];
  /** How often every server is started afresh. */
  readonly rounds: number;
  /** How many bursts of each shape a fresh server gets, after those that do not count. */
  readonly bursts: number;
  readonly warmUps: number;
  /** How many clients ask at once, the leader among them. */
  readonly connections: number;
  readonly handlerMs: number;
  /** A short run, whose result is not kept. */
  readonly isQuick: boolean;
}

const usual = { rounds: 4, bursts: 6, warmUps: 10 };
const quick = { rounds: 1, bursts: 2, warmUps: 8 };

export const help = `npm run stampede [-- options]

Measures what many requests at once for one resource that nothing is stored of come to: how often the handler runs,
and by how much the others wait longer than the one it runs for. Writes benchmarks/results/stampede.{md,json}.

  --quick               one short round, under two minutes, to build/benchmarks/results
  --contenders <names>  of ${contenderNames.join(", ")}; default all
  --rounds <number>     fresh server processes each time; default ${usual.rounds}
  --bursts <number>     of each shape on each fresh server; default ${usual.bursts}
  --warm-ups <number>   bursts before them that do not count; default ${usual.warmUps}
  --connections <n>     how many clients ask at once; default 500
  --handler-ms <n>      how long the handler takes; default 200
  --help                this
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
      contenders: text,
      rounds: text,
      bursts: text,
      "warm-ups": text,
      connections: text,
      "handler-ms": text,
    },
  });
  if (values.help) return undefined;
  const base = values.quick ? quick : usual;
  return {
    contenders: namesIn(values.contenders),
    rounds: wholeNumber("rounds", values.rounds, base.rounds, [1, 1000]),
    bursts: wholeNumber("bursts", values.bursts, base.bursts, [1, 100]),
    warmUps: wholeNumber("warm-ups", values["warm-ups"], base.warmUps, [0, 100]),
    // A leader and at least one who follows it.
    connections: wholeNumber("connections", values.connections, 500, [2, 10_000]),
    handlerMs: wholeNumber("handler-ms", values["handler-ms"], 200, [20, 10_000]),
    isQuick: values.quick,
  };
}

/** The contenders asked for, once each, in the order of the tables. */
function namesIn(text: string | undefined): readonly ContenderName[] {
  if (text === undefined) return contenderNames;
  const asked = text.split(",");
  const unknown = asked.find((name) => !isContenderName(name));
  if (unknown === undefined) return contenderNames.filter((name) => asked.includes(name));
  throw new Error(`--contenders: there is no "${unknown}"; there are ${contenderNames.join(", ")}`);
}

function wholeNumber(
  name: string,
  text: string | undefined,
  otherwise: number,
  [least, most]: readonly [number, number],
): number {
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new Error(`--${name} ${text}: write a whole number from ${least} to ${most}`);
}
