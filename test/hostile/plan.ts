import type { Random } from "../simulation/random.ts";
import { KINDS } from "./site.ts";

/** One request of a client. */
export interface Asked {
  readonly method: "GET" | "HEAD" | "POST";
  readonly kind: string;
  readonly id: string;
  readonly user: string | undefined;
  readonly language: string | undefined;
  /** For how long its handler, if it runs one, takes its time, in ms. */
  readonly delayMs: number;
  /** It says the tag of a response that was seen, or one that nobody has. */
  readonly condition: "seen" | "unknown" | undefined;
  readonly range: readonly [from: number, to: number] | undefined;
  readonly version: "1.1" | "1.0";
  /** It asks for another protocol, of which the server knows nothing. */
  readonly hasUpgrade: boolean;
}

/** One connection: what is sent on it, how it is read, and how it ends. */
export interface Plan {
  readonly startMs: number;
  readonly requests: readonly Asked[];
  /** The bytes are sent in so many pieces, so many ms apart. */
  readonly pieces: number;
  readonly gapMs: number;
  /** It reads nothing for so long, from when it has sent. */
  readonly pauseMs: number;
  /** And then so many ms apart. */
  readonly paceMs: number;
  readonly leaves:
    | {
        readonly how: "destroy" | "reset" | "end";
        readonly afterMs: number;
        /** Or once so many bytes have come. */
        readonly atBytes: number;
      }
    | undefined;
}

const WEIGHTS: Readonly<Record<string, number>> = { plain: 4, whole: 6, stream: 6, large: 0.6, mine: 3 };

/** As Java's client sends with plain requests. Node reads nothing after it on the same connection. */
const UPGRADE = "connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\n";

/** Draws the connections of one round; `name` makes its resources its own. */
export function drawRound(random: Random, name: string): readonly Plan[] {
  const kinds = [...Object.keys(KINDS), "mine"];
  const weighted = kinds.map((kind) => [kind, WEIGHTS[kind] ?? 2] as const);
  const targets = Array.from({ length: random.between(1, 3) }, (_, at) => {
    // What older rounds have stored is asked for, too.
    const round = random.chance(0.2) ? String(random.between(0, 20)) : `${name}-${at}`;
    return { kind: drawKind(random, weighted), id: `${random.between(0, 4)}-${round}` };
  });
  const isCrowd = random.chance(0.3);
  const count = isCrowd ? random.between(6, 12) : random.between(1, 5);
  const spanMs = random.pick([0, 10, 60, 150]);
  return Array.from({ length: count }, () => drawPlan(random, targets, isCrowd, spanMs));
}

type Target = Pick<Asked, "kind" | "id">;

function drawKind(random: Random, weighted: readonly (readonly [string, number])[]): string {
  let at = random.next() * weighted.reduce((sum, [, weight]) => sum + weight, 0);
  return weighted.find(([, weight]) => (at -= weight) < 0)?.[0] ?? "whole";
}

function drawPlan(random: Random, targets: readonly Target[], isCrowd: boolean, spanMs: number): Plan {
  const length = isCrowd || random.chance(0.3) ? 1 : random.between(1, 6);
  const requests = Array.from({ length }, (_, at) => {
    // Node 24 loses a connection on which a response breaks off before its turn, with a cache or without.
    const possible = at === 0 ? targets : targets.filter(({ kind }) => kind !== "broken");
    return drawRequest(random, possible, at === length - 1);
  });
  const isSlow = random.chance(0.12);
  return {
    startMs: random.between(0, spanMs),
    requests,
    pieces: random.chance(0.7) ? 1 : random.between(2, 4),
    gapMs: random.between(0, 20),
    pauseMs: isSlow ? random.pick([20, 200, 3500]) : 0,
    paceMs: isSlow ? random.pick([0, 0, 5]) : 0,
    leaves: random.chance(0.35) ? drawLeaving(random) : undefined,
  };
}

function drawLeaving(random: Random): Plan["leaves"] {
  const isByBytes = random.chance(0.4);
  return {
    how: random.pick(["destroy", "reset", "destroy", "end"]),
    afterMs: isByBytes ? Infinity : random.between(0, random.pick([5, 60, 200])),
    atBytes: isByBytes ? random.pick([1, 300, 5000, 200_000]) : Infinity,
  };
}

function drawRequest(random: Random, targets: readonly Target[], isLast: boolean): Asked {
  const isPlain = random.chance(0.25) || targets.length === 0;
  const { kind, id } = isPlain ? { kind: "plain", id: `0-${random.between(0, 9)}` } : random.pick(targets);
  const method = random.chance(0.08) ? "HEAD" : random.chance(0.04) ? "POST" : "GET";
  return {
    method,
    kind,
    id,
    user: random.chance(kind === "mine" || kind === "private" ? 0.9 : 0.08)
      ? random.pick(["ann", "bob"])
      : undefined,
    language: random.chance(0.5) ? random.pick(["de", "fr"]) : undefined,
    delayMs: random.pick([0, 1, 5, 20, 60, 120]),
    condition: random.chance(0.15) ? random.pick(["seen", "unknown"]) : undefined,
    range: random.chance(0.1) ? [random.between(0, 40), random.between(41, 90)] : undefined,
    // A client of HTTP/1.0 does not notice where a fetch handler's content is cut off for reading too slowly.
    version: isLast && kind !== "large" && random.chance(0.1) ? "1.0" : "1.1",
    hasUpgrade: isLast && random.chance(0.1),
  };
}

/** The bytes of a request; `tag` is that of a response that was seen. */
export function bytesOf(asked: Asked, tag: string | undefined, isAlone: boolean): string {
  const { method, kind, id, user, language, delayMs, condition, range, version, hasUpgrade } = asked;
  const lines = [`${method} /${kind}/${id} HTTP/${version}`, "host: hostile.example", `x-delay: ${delayMs}`];
  if (isAlone) lines.push("x-alone: yes");
  if (user !== undefined) lines.push(`cookie: user=${user}`);
  if (language !== undefined) lines.push(`accept-language: ${language}`);
  if (condition === "unknown") lines.push('if-none-match: "nobody has it"');
  if (condition === "seen" && tag !== undefined) lines.push(`if-none-match: ${tag}`);
  if (range !== undefined) lines.push(`range: bytes=${range.join("-")}`);
  const content = method === "POST" ? "abc" : "";
  if (content !== "") lines.push(`content-length: ${content.length}`, "content-type: text/plain");
  return `${lines.join("\r\n")}\r\n${hasUpgrade ? UPGRADE : ""}\r\n${content}`;
}
