import { setTimeout as delay } from "node:timers/promises";

/** How long a handler takes to its head, in milliseconds. */
export const HANDLER_MS = 200;

/** The stream: 10 MiB, a part each ten milliseconds. */
export const stream = { parts: 160, bytes: 65_536, everyMs: 10 } as const;

/** How large a stored response may be: a little more than the stream. */
export const BUDGET = 16 * 2 ** 20;

/** What a handler says. */
export interface Answer {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | AsyncIterable<Buffer>;
}

const PRIVATE = { "cache-control": "private", "content-type": "text/plain" };

/** The handlers behind all frameworks, by the first part of the path; they count how often they run. */
export class Origin {
  readonly runs = new Map<string, number>();

  async answer(path: string): Promise<Answer> {
    this.runs.set(path, (this.runs.get(path) ?? 0) + 1);
    const kind = path.split("/")[1];
    if (kind === "stream") return { headers: { "content-type": "text/plain" }, body: parts(path) };
    // The head at once, the content after the handler's time.
    if (kind === "early") return { headers: PRIVATE, body: later(path) };
    await delay(HANDLER_MS);
    if (kind === "private") return { headers: PRIVATE, body: path };
    return { headers: { "content-type": "text/plain" }, body: path };
  }
}

/** What a short answer says: its path behind the cache. */
export function contentOf(path: string): string {
  const behind = path.replace(/^\/plain/, "");
  return behind.startsWith("/early/") ? `head ${behind}` : behind;
}

/** The bytes of a stream, each path's own. */
export function partOf(path: string, index: number): Buffer {
  return Buffer.alloc(stream.bytes, `${path} ${index} `);
}

async function* parts(path: string): AsyncGenerator<Buffer, void, undefined> {
  for (let index = 0; index < stream.parts; index++) {
    await delay(stream.everyMs);
    yield partOf(path, index);
  }
}

async function* later(path: string): AsyncGenerator<Buffer, void, undefined> {
  yield Buffer.from("head ");
  await delay(HANDLER_MS);
  yield Buffer.from(path);
}
