import type { Server } from "node:http";
import { payloadOf } from "../../payload.ts";
import type { Payload } from "../../payload.ts";
import { sizeNames, sizes } from "../contenders.ts";
import type { ServerOrder, Size } from "../contenders.ts";

/** Makes a server that listens on a free port of 127.0.0.1 and has all sizes at `pathOf`. */
export type MakeContender = (order: ServerOrder, origin: Origin) => Promise<Server>;

export function pathOf(size: Size): string {
  return `/${size}`;
}

/** What the handlers return. It counts how often it is asked. */
export class Origin {
  readonly #payloads = new Map(sizeNames.map((size) => [size, payloadOf(sizes[size], "rows")]));
  runs = 0;

  payload(size: Size): Payload {
    this.runs++;
    return this.#payloads.get(size) as Payload;
  }
}
