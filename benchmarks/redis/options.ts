import { parseArgs } from "node:util";
import { clients, isClientName } from "./contenders.ts";
import type { ClientName } from "./contenders.ts";
import { measureArguments, measureOf } from "../measure.ts";
import type { Measure } from "../measure.ts";

/** How much is measured. */
export interface RedisOptions extends Measure {
  readonly clients: readonly ClientName[];
  /** Only how much memory an entry takes in Redis. */
  readonly isMemoryOnly: boolean;
  /** A short run, or one with profiles: its result is not kept. */
  readonly isKept: boolean;
  /** A folder for a CPU profile of each server process. */
  readonly profiles: string | undefined;
}

const usual = { rounds: 4, pairs: 4, seconds: 0.4, warmUpSeconds: 1 };
const quick = { rounds: 1, pairs: 4, seconds: 0.25, warmUpSeconds: 0.5 };
const usualClients: readonly ClientName[] = ["node-redis", "ioredis", "ioredis-5"];

export const help = `npm run bench -- redis [options]

Measures hits, 304 and HEAD over Redis on Fastify against a handler that gets ready-made bytes from Redis and sends
them, and how much memory an entry takes in Redis. Needs redis-server on the PATH. Writes benchmarks/results/redis.*.

  --quick              one short round, about three minutes, to build/benchmarks/results
  --memory             only the memory
  --clients <names>    of ${Object.keys(clients).join(", ")}; default ${usualClients.join(",")}
  --rounds <number>    fresh server processes each time; default ${usual.rounds}
  --pairs <number>     pairs of each comparison in a round; default ${usual.pairs}
  --seconds <number>   length of a slice; default ${usual.seconds}
  --connections <n>    default 32
  --profiles <folder>  writes a CPU profile of each server there (the numbers then count for nothing)
  --help               this
`;

/** Reads the command line; undefined where it asks for help. Throws where it is wrong. */
export function parseOptions(args: readonly string[]): RedisOptions | undefined {
  const text = { type: "string" } as const;
  const flag = { type: "boolean", default: false } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: flag,
      memory: flag,
      help: flag,
      clients: text,
      ...measureArguments,
      profiles: text,
    },
  });
  if (values.help) return undefined;
  const base = values.quick ? quick : usual;
  return {
    clients: values.clients === undefined ? usualClients : values.clients.split(",").map(clientName),
    ...measureOf(values, base),
    isMemoryOnly: values.memory,
    isKept: !values.quick && !values.memory && values.clients === undefined && values.profiles === undefined,
    profiles: values.profiles,
  };
}

function clientName(name: string): ClientName {
  if (isClientName(name)) return name;
  throw new Error(`there is no client "${name}"; there are ${Object.keys(clients).join(", ")}`);
}
