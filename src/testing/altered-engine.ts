import { engineOf } from "../adapter.ts";
import type { Engine } from "../adapter.ts";
import type { Cache } from "../index.ts";

/** Returns a cache that adapters use with an altered engine. The cache that was given stays as it is. */
export function withAlteredEngine(cache: Cache, alter: (engine: Engine) => Partial<Engine>): Cache {
  const engine = engineOf(cache);
  const members = cache as unknown as Readonly<Record<symbol, unknown>>;
  const [own] = Object.getOwnPropertySymbols(cache).filter((symbol) => members[symbol] === engine);
  if (own === undefined) throw new Error("the cache has no engine of its own");
  const { policy, begin, arrival, invalidates } = engine;
  const altered: Engine = { policy, begin, arrival, invalidates, ...alter(engine) };
  return { ...cache, [own]: altered };
}
