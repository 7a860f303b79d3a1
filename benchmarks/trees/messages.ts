import type { Kind, Place } from "./options.ts";

/** The path that every tree answers. */
export const PATH = "/items";

/** What a server process is started with. */
export interface TreeOrder {
  /** The folder of the package that is measured; undefined: the handler without a cache. */
  readonly tree: string | undefined;
  readonly place: Place;
  readonly kind: Kind;
}

/** For how long the core is asked in a loop. */
export interface LoopOrder {
  readonly seconds: number;
}
