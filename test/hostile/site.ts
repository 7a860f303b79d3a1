import type { RouteOptions } from "../../src/index.ts";
import { MAX_BODY_BYTES, SIZES, failsAfter, nameOf, partOf, wholeOf } from "./content.ts";
import type { Origin } from "./content.ts";

/** The kinds of routes, and what each says about its caching; undefined: nothing. */
export const KINDS: Readonly<
  Record<
    string,
    (Omit<RouteOptions, "scope" | "key" | "tags" | "origin"> & { scope?: "everyone" }) | undefined
  >
> = {
  plain: undefined,
  whole: { ttl: 60 },
  failing: { ttl: 60 },
  stale: { ttl: 0.2, staleWhileRevalidate: 60, staleIfError: 60 },
  languages: { ttl: 60 },
  private: { ttl: 60, scope: "everyone" },
  cookie: { ttl: 60 },
  stream: { ttl: 60 },
  broken: { ttl: 60 },
  large: { ttl: 60, maxBodyBytes: MAX_BODY_BYTES },
};

/** For how long a request waits for another one's run, in ms. */
export const WAIT_MS = 1500;

/** A request as every framework can show it. */
export interface Seen {
  readonly method: string;
  readonly kind: string;
  readonly id: string;
  header(name: string): string | undefined;
}

/** What a handler answers. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** The content at once. */
  readonly whole: Buffer | undefined;
  /** Or in parts; it throws where the stream breaks off. */
  readonly parts: (() => AsyncGenerator<Buffer>) | undefined;
  /** The way in which a framework's handler sends its parts. */
  readonly style: number;
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** The user of a request, as its cookie says. */
export function userOf(cookie: string | undefined): string {
  return /user=(\w+)/.exec(cookie ?? "")?.[1] ?? "nobody";
}

/** How far the content of a run has come: its bytes so far, and since when nothing came, in ms. */
export type Progress = readonly [bytes: number, silentMs: number];

/** Of how many runs, the latest, it is known how far their content has come. */
const KNOWN_RUNS = 200;

/** Handlers that are alike on every framework, and know how many of them are under way. */
export class Site {
  #runs = 0;
  readonly #came: Map<string, { readonly bytes: number; readonly at: number }> = new Map();
  readonly #underWay = new Set<{ readonly what: string }>();

  /** What is under way, in words. */
  get underWay(): readonly string[] {
    return [...this.#underWay].map(({ what }) => what);
  }

  /** How far the content of the latest runs has come, by run. */
  get progress(): Readonly<Record<string, Progress>> {
    const now = performance.now();
    return Object.fromEntries([...this.#came].map(([run, { bytes, at }]) => [run, [bytes, now - at]]));
  }

  #note(run: string, bytes: number): void {
    this.#came.set(run, { bytes, at: performance.now() });
    const [oldest] = this.#came.keys();
    if (this.#came.size > KNOWN_RUNS && oldest !== undefined) this.#came.delete(oldest);
  }

  /**
   * Counts something that is under way; answers what ends that. Not for a request that is not alone on its connection:
   * Node 20 and 22 tell those whose turn has not come nothing of the connection's end.
   */
  begin(isAlone: boolean, what: string): () => void {
    if (!isAlone) return () => undefined;
    const begun = { what };
    this.#underWay.add(begun);
    return () => void this.#underWay.delete(begun);
  }

  /** What every handler does. */
  async answer(seen: Seen): Promise<Answer> {
    const run = String(++this.#runs);
    const isAlone = seen.header("x-alone") !== undefined;
    const end = this.begin(isAlone, `the handler of ${seen.method} /${seen.kind}/${seen.id}`);
    try {
      await sleep(Number(seen.header("x-delay") ?? 0));
    } finally {
      end();
    }
    if (seen.kind === "failing" && Number(run) % 2 === 0) throw new Error("it fails, as it was told to");
    const origin = this.#originOf(seen, run);
    const headers: Record<string, string> = {
      "content-type": "text/plain",
      etag: JSON.stringify(nameOf(origin)),
      "x-run": run,
      "x-user": origin.user,
      "x-language": origin.language,
    };
    if (seen.kind === "private") headers["cache-control"] = "private";
    if (seen.kind === "cookie") headers["set-cookie"] = `user=${origin.user}`;
    if (seen.kind === "languages") headers["vary"] = "accept-language";
    const size = SIZES[seen.kind];
    const parts = size && ((): AsyncGenerator<Buffer> => this.#partsOf(origin, size.parts, isAlone));
    const [style = "0"] = seen.id.split("-");
    return { status: 200, headers, whole: parts ? undefined : wholeOf(origin), parts, style: Number(style) };
  }

  #originOf({ kind, id, header }: Seen, run: string): Origin {
    const looksAtUser = kind === "private" || kind === "cookie" || kind === "mine" || kind === "plain";
    const user = looksAtUser ? userOf(header("cookie")) : "anybody";
    const language = kind === "languages" ? (header("accept-language") ?? "none") : "any";
    return { kind, id, user, language, run };
  }

  async *#partsOf(origin: Origin, count: number, isAlone: boolean): AsyncGenerator<Buffer> {
    const end = this.begin(isAlone, `the content of /${origin.kind}/${origin.id}`);
    let bytes = 0;
    this.#note(origin.run, bytes);
    try {
      const fails = origin.kind === "broken" ? failsAfter(origin.run) : Infinity;
      for (let at = 0; at < count; at++) {
        if (at === fails) throw new Error("it breaks off, as it was told to");
        if (origin.kind !== "large") await sleep(Number(origin.run) % 5);
        else await new Promise(setImmediate);
        const part = partOf(origin, at);
        this.#note(origin.run, (bytes += part.length));
        yield part;
      }
    } finally {
      end();
    }
  }
}
