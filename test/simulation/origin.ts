import type { Fields } from "../../src/adapter.ts";
import type { Request, Run, Said } from "./history.ts";
import type { Random } from "./random.ts";
import { contentRange, partOf, placeIn } from "./ranges.ts";
import type { Range } from "./ranges.ts";
import type { Weather, World } from "./world.ts";

/** What a handler is going to do, from its first moment on. */
export interface Performance {
  /** After how many ms it has decided its head; undefined: never. */
  readonly headMs: number | undefined;
  readonly isThrowing: boolean;
  readonly said: Said;
  readonly fields: Fields;
  readonly body: string;
  /** The parts of the content, where it is streamed. */
  readonly parts: readonly string[] | undefined;
  /** The number of the part in whose place it breaks off, or falls silent for ever. */
  readonly breaksAt: number | undefined;
  readonly stallsAt: number | undefined;
  readonly partMs: number;
  /** How long a content that is not streamed comes after its head. */
  readonly wholeMs: number;
}

const CALM = { throwing: 0, erring: 0, breaking: 0, stalling: 0, lying: 0 };

/** The application behind the cache: its answers change over time, and name whom and what they are for. */
export class Origin {
  readonly #world: World;
  readonly #random: Random;
  readonly #versions = new Map<string, number>();
  #weather: Weather;

  constructor(world: World, random: Random) {
    this.#world = world;
    this.#random = random;
    this.#weather = world.weather;
  }

  /** From now on nothing goes wrong. */
  calm(): void {
    this.#weather = { ...this.#weather, ...CALM };
  }

  /** What is under a key changes. */
  change(key: string): void {
    this.#versions.set(key, this.version(key) + 1);
  }

  version(key: string): number {
    return this.#versions.get(key) ?? 0;
  }

  /** The tag of what is, or was, under a key. */
  etag({ key, variant, principal }: Pick<Run, "key" | "variant" | "principal">, version: number): string {
    return `"${key}.${variant}.${principal}.v${version}"`;
  }

  /** What handlers tag with that which is, or was, under a key. */
  tag(key: string, version: number): string {
    return `${key}.v${version}`;
  }

  /** What may be invalidated to outdate what is stored under a key: tags of its route, and of handlers, now and before. */
  tagsOf(key: string): readonly string[] {
    const { route, tagging } = this.#world;
    const version = this.version(key);
    return [
      ...(route.tags === undefined ? [] : ["all", key]),
      ...(tagging === "not" ? [] : [this.tag(key, version), this.tag(key, Math.max(0, version - 1))]),
    ];
  }

  /** Begins a run. */
  perform(run: Run, method: Request["method"]): Performance {
    const random = this.#random;
    const weather = this.#weather;
    const isSlow = random.chance(weather.slow);
    const headMs = random.chance(weather.stalling)
      ? undefined
      : random.between(0, isSlow ? random.pick([3000, 40_000]) : random.pick([0, 5, 100, 400]));
    const whole = this.#content(run);
    const told = this.#say(run, whole.length);
    const range = rangeIn(run, told, whole);
    const content = range === undefined ? whole : partOf(range, { body: whole });
    const said = range === undefined ? told : asPart(told, content.length - whole.length);
    const isBodiless = method === "HEAD" || said.status === 304;
    const body = isBodiless ? "" : content;
    const parts = !isBodiless && random.chance(weather.streaming) ? this.#cut(body) : undefined;
    const midway = parts === undefined ? undefined : random.between(0, parts.length);
    return {
      headMs,
      isThrowing: random.chance(weather.throwing),
      said,
      fields: [
        ...fieldsOf(said, run, this.#world),
        ...(range === undefined ? [] : [["content-range", contentRange(range, { body: whole })] as const]),
      ],
      body,
      parts,
      breaksAt: random.chance(weather.breaking) ? (midway ?? 0) : undefined,
      stallsAt: parts !== undefined && random.chance(weather.stalling) ? midway : undefined,
      partMs: random.pick([0, 3, 40, isSlow ? 5000 : 200]),
      wholeMs: random.pick([0, 0, 10]),
    };
  }

  #content({ id, key, variant, principal }: Run): string {
    const name = `r${id} ${key} ${variant} ${principal} v${this.version(key)} `;
    return name + "abcdefgh".repeat(this.#random.pick([1, 1, 4, 10, 40]));
  }

  #say(run: Run, length: number): Said {
    const random = this.#random;
    const { hasEtags } = this.#world;
    const weather = this.#weather;
    const status = random.chance(weather.erring)
      ? random.pick([500, 503])
      : random.chance(weather.missing)
        ? 404
        : 200;
    const refuses = (part: number): boolean => random.chance(weather.refusing * part);
    const etag = hasEtags && status === 200 ? this.etag(run, this.version(run.key)) : undefined;
    const isSame = etag !== undefined && run.condition === etag;
    const isTagged = this.#world.tagging !== "not";
    // Who only says that nothing has changed may not come to the place where it tags its response.
    const mayLeaveTag = etag !== undefined && (isSame || run.way === "head");
    const seconds = random.chance(0.5);
    return {
      status: isSame ? 304 : status,
      noStore: refuses(0.5),
      isPrivate: refuses(0.4),
      noCache: refuses(0.4),
      hasCookie: refuses(0.4),
      mustRevalidate: random.chance(0.15),
      maxAge: seconds ? random.pick([0, 1, 2, 5]) : undefined,
      staleWhileRevalidate: random.chance(0.25) ? random.pick([1, 5]) : undefined,
      staleIfError: random.chance(0.25) ? random.pick([1, 5]) : undefined,
      etag,
      tag: isTagged ? this.tag(run.key, this.version(run.key)) : undefined,
      isTagNamed: isTagged && !(mayLeaveTag && random.chance(0.5)),
      length:
        isSame || !random.chance(0.4)
          ? undefined
          : length + (random.chance(weather.lying) ? random.pick([-3, 4]) : 0),
    };
  }

  /** Cuts a content into parts; the first may be a letter, the last as well. */
  #cut(body: string): readonly string[] {
    const random = this.#random;
    const parts: string[] = [];
    const most = random.pick([1, 3, 6]);
    let at = 0;
    while (parts.length < most - 1 && at < body.length - 1) {
      const next = random.between(at + 1, body.length - 1);
      parts.push(body.slice(at, next));
      at = next;
    }
    return [...parts, body.slice(at)];
  }
}

/** The range that a run has seen and obeys: there is something at it, of the version that its client holds. */
function rangeIn({ range, ifRange }: Run, said: Said, whole: string): Range | undefined {
  if (range === undefined || said.status !== 200 || placeIn(range, whole.length) === undefined)
    return undefined;
  return ifRange === undefined || ifRange === said.etag ? range : undefined;
}

function asPart(said: Said, shorter: number): Said {
  return { ...said, status: 206, length: said.length === undefined ? undefined : said.length + shorter };
}

function fieldsOf(said: Said, run: Run, { varies, tagging }: World): Fields {
  const isTagField = tagging === "by field" && said.isTagNamed && said.tag !== undefined;
  const control = [
    // What freshens a stored response says the whole of its `Cache-Control` (RFC 9110 §15.4.5).
    said.status === 304 || run.way === "head" ? "public" : undefined,
    said.noStore ? "no-store" : undefined,
    said.isPrivate ? "private" : undefined,
    said.noCache ? "no-cache" : undefined,
    said.mustRevalidate ? "must-revalidate" : undefined,
    said.maxAge === undefined ? undefined : `max-age=${said.maxAge}`,
    said.staleWhileRevalidate === undefined
      ? undefined
      : `stale-while-revalidate=${said.staleWhileRevalidate}`,
    said.staleIfError === undefined ? undefined : `stale-if-error=${said.staleIfError}`,
  ].filter((word) => word !== undefined);
  return [
    ["x-run", String(run.id)],
    ...(control.length === 0 ? [] : [["cache-control", control.join(", ")] as const]),
    ...(said.etag === undefined ? [] : [["etag", said.etag] as const]),
    ...(said.length === undefined ? [] : [["content-length", String(said.length)] as const]),
    ...(isTagField ? [["cache-tag", `${said.tag}, other`] as const] : []),
    ...(said.hasCookie ? [["set-cookie", "id=1"] as const] : []),
    ...(varies === "learned" ? [["vary", "x-lang"] as const] : []),
  ];
}
