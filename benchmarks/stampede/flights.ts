import { bytesOf } from "./content.ts";
import type { Origin } from "./content.ts";

/** Whoever is sent the parts of a flight. */
export interface Reader {
  write(part: Buffer): unknown;
  end(): unknown;
}

/** A single flight as one would write it by hand, without anything that costs: the floor. */
export class Flights {
  readonly #origin: Origin;
  readonly #complete = new Map<string, Promise<Buffer>>();
  readonly #heads = new Map<string, Promise<Set<Reader>>>();

  constructor(origin: Origin) {
    this.#origin = origin;
  }

  /** One promise for all who ask for the path, of one ready-made Buffer. */
  complete(path: string): Promise<Buffer> {
    let flight = this.#complete.get(path);
    if (flight === undefined) {
      const body = bytesOf("complete", path);
      flight = this.#origin.complete(path).then(() => body);
      this.#complete.set(path, flight);
    }
    return flight;
  }

  /** One promise for all who ask for the path: when it is there, a reader added at once is sent every part. */
  streamed(path: string): Promise<Set<Reader>> {
    let head = this.#heads.get(path);
    if (head === undefined) {
      head = this.#origin.streamed(path).then((parts) => {
        const readers = new Set<Reader>();
        void broadcast(parts, readers);
        return readers;
      });
      this.#heads.set(path, head);
    }
    return head;
  }
}

async function broadcast(parts: AsyncIterable<Buffer>, readers: ReadonlySet<Reader>): Promise<void> {
  for await (const part of parts) for (const reader of readers) reader.write(part);
  for (const reader of readers) reader.end();
}
