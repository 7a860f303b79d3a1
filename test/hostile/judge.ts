import { MAX_BODY_BYTES, SIZES, failsAfter, nameOf, wholeOf } from "./content.ts";
import type { Origin } from "./content.ts";
import type { Received } from "./parser.ts";
import type { Asked } from "./plan.ts";
import { WAIT_MS } from "./site.ts";
import type { Progress } from "./site.ts";

/** The tags of the responses that were seen, by what was asked for. */
export class Tags {
  readonly #seen = new Map<string, Set<string>>();

  /** The tag that was seen last. */
  last(asked: Asked): string | undefined {
    return [...(this.#seen.get(targetOf(asked)) ?? [])].at(-1);
  }

  has(asked: Asked, tag: string): boolean {
    return this.#seen.get(targetOf(asked))?.has(tag) === true;
  }

  note(asked: Asked, tag: string): void {
    const target = targetOf(asked);
    const tags = this.#seen.get(target) ?? new Set();
    this.#seen.set(target, tags.add(tag));
  }
}

const targetOf = ({ kind, id }: Asked): string => `${kind}/${id}`;

/** What is wrong with a response to this request, whole or in part; undefined: nothing. */
export function faultOf(asked: Asked, tag: string | undefined, got: Received): string | undefined {
  const { status, fields, body } = got;
  if (status === 500 && (asked.kind === "failing" || asked.kind === "broken" || asked.kind === "stale"))
    return body.toString() === "failed" || asked.kind === "broken" || fields.get("x-run") === undefined
      ? undefined
      : "a 500 with something of the handler's";
  if (status === 500) return "a 500 that no handler said";
  if (status === 304) return faultOf304(asked, tag);
  if (status !== 200 && status !== 206) return `the status ${status}`;
  const run = fields.get("x-run");
  if (run === undefined) return "no x-run";
  const origin = originOf(asked, run);
  const said = { "x-user": origin.user, "x-language": origin.language, etag: JSON.stringify(nameOf(origin)) };
  for (const [name, value] of Object.entries(said))
    if (fields.get(name) !== value) return `${name} is ${fields.get(name)}, and should be ${value}`;
  const cookie = fields.get("set-cookie");
  if (cookie !== (asked.kind === "cookie" ? `user=${origin.user}` : undefined))
    return `set-cookie is ${cookie}`;
  if (asked.method === "HEAD") return body.length === 0 ? undefined : "content after HEAD";
  const whole = wholeOf(origin);
  return status === 206 ? faultOfPart(asked, got, whole) : faultOfWhole(asked, run, got, whole);
}

function faultOf304(asked: Asked, tag: string | undefined): string | undefined {
  if (asked.method === "POST") return "a 304 to POST";
  return asked.condition === "seen" && tag !== undefined ? undefined : "a 304 that nobody asked for";
}

function faultOfPart(
  { range }: Asked,
  { body, fields, isWhole }: Received,
  whole: Buffer,
): string | undefined {
  if (range === undefined) return "a 206 that nobody asked for";
  const [from, to] = range;
  const last = Math.min(to, whole.length - 1);
  if (fields.get("content-range") !== `bytes ${from}-${last}/${whole.length}`)
    return `content-range is ${fields.get("content-range")}`;
  const part = whole.subarray(from, last + 1);
  return isWhole && !body.equals(part) ? "another part than that which was asked for" : undefined;
}

function faultOfWhole(asked: Asked, run: string, got: Received, whole: Buffer): string | undefined {
  const { body, isWhole } = got;
  if (!body.equals(whole.subarray(0, body.length)))
    return `the content is not that of run ${run}, from byte ${differsAt(body, whole)} on`;
  // To a client of HTTP/1.0 the end of the connection is the end of the content (RFC 9112 §6.3).
  if (!isWhole || (asked.kind === "broken" && asked.version === "1.0")) return undefined;
  if (body.length !== whole.length)
    return `a part of ${body.length} of ${whole.length} bytes passes for the whole`;
  if (asked.kind === "broken" && failsAfter(run) !== Infinity)
    return "a broken stream passes for a whole one";
  return undefined;
}

function differsAt(body: Buffer, whole: Buffer): number {
  for (let at = 0; at < body.length; at++) if (body[at] !== whole[at]) return at;
  return body.length;
}

function originOf({ kind, id, user, language }: Asked, run: string): Origin {
  const looksAtUser = kind === "private" || kind === "cookie" || kind === "mine" || kind === "plain";
  return {
    kind,
    id,
    user: looksAtUser ? (user ?? "nobody") : "anybody",
    language: kind === "languages" ? (language ?? "none") : "any",
    run,
  };
}

/** Whether a response to it may break off though its client reads. */
export function mayBreak({ kind }: Asked): boolean {
  return kind === "broken";
}

/** Whether it may be too large to keep for a client that reads too slowly. */
export function isLarge({ kind }: Asked): boolean {
  const { parts, bytes } = SIZES[kind] ?? { parts: 0, bytes: 0 };
  return parts * bytes > MAX_BODY_BYTES;
}

/** What was true when the server closed a connection. */
export interface Closing {
  /** How long it had been open. */
  readonly ageMs: number;
  /** How far the content of the latest runs had come, by run. */
  readonly progress: Readonly<Record<string, Progress>>;
}

/**
 * Whether a follower may have been cut off. How fast it reads does not matter, because a busy machine may keep anyone
 * from it: only how far the content was ahead of what it got does.
 */
export function mayCutFollower(asked: Asked, got: Received, { progress }: Closing): boolean {
  const { parts, bytes } = SIZES[asked.kind] ?? { parts: 0, bytes: 0 };
  const [came, silentMs] = progress[got.fields.get("x-run") ?? ""] ?? [0, 0];
  if (got.fields.get("cache-status")?.includes("collapsed") !== true) return false;
  // A run that nobody leads any more is given up once it has been silent for so long.
  if (came < parts * bytes && silentMs >= WAIT_MS) return true;
  return isLarge(asked) && came - got.body.length > 2 * MAX_BODY_BYTES;
}

/** Whether a client may have been cut off that holds back those who follow its run: not before it did so for long. */
export function mayCutLeader({ ageMs }: Closing): boolean {
  return ageMs >= WAIT_MS;
}

/** Whether this may be the response of a run that others follow. */
export function mayLead(asked: Asked, got: Received): boolean {
  const status = got.fields.get("cache-status") ?? "detail=";
  return isLarge(asked) && !status.includes("collapsed") && !status.includes("detail=");
}
