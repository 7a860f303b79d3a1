import { isWelcome, staleTurnedDown, turnedDown } from "./directives.ts";
import type { Directives } from "./directives.ts";
import type { History, Moment, Purge, Request, Run, Whose } from "./history.ts";
import type { World } from "./world.ts";

/** What a cache does where a route says nothing. */
const DEFAULTS = { ttl: 60, maxWait: 10, maxWaiters: 10_000, uncacheableTtl: 120, refreshHard: 30 };

/** The longest time that a read of the store takes. */
const STORE_DEADLINE_MS = 250;

/** So many soft invalidations of one tag are remembered. */
const MOST_MARKS = 8;

const ERRORS = [500, 502, 503, 504];

/**
 * The reference: what may be served at which instant to whom, said once more and in the simplest way.
 *
 * It knows the route's options and the history of events, and nothing of how the core works: no flights, no entries, no
 * fence. Instants are of virtual time; `seq` says what came before what at one instant.
 */
export class Model {
  readonly #world: World;
  readonly #history: History;

  constructor(world: World, history: History) {
    this.#world = world;
    this.#history = history;
  }

  get world(): World {
    return this.#world;
  }

  get maxWaitMs(): number {
    return (this.#world.route.maxWait ?? DEFAULTS.maxWait) * 1000;
  }

  /** Whether responses are stored. Otherwise they are only shared with those who ask while their handler runs. */
  get keeps(): boolean {
    return this.#world.route.store ?? true;
  }

  /** Whether requests are looked up. Otherwise each runs its handler, as without a cache. */
  get isEnabled(): boolean {
    return this.#world.route.enabled ?? true;
  }

  /** What a client may demand, where the route lets it demand anything. */
  directivesOf(request: Request | undefined): Directives {
    return (
      (this.#world.route.requestDirectives === true && this.isEnabled ? request?.directives : undefined) ?? {}
    );
  }

  /** Why what a run says is for nobody but its own client; undefined: it may be shared. */
  refusal(run: Run): string | undefined {
    const { said, head } = run;
    const { route } = this.#world;
    if (run.way === "bypass") return "its request was not looked up";
    if (!this.isEnabled) return "its route is not enabled";
    if (this.directivesOf(this.#history.requests[run.by]).noStore) return "its client said no-store";
    if (said === undefined || head === undefined) return "it has not said anything";
    if (head.at > run.began.at + this.hardMs(run)) return "it took too long";
    if (said.noStore) return "no-store";
    if (said.isPrivate) return "private";
    if (said.hasCookie) return "Set-Cookie";
    if (said.noCache && (route.revalidate !== true || !this.keeps)) return "no-cache";
    // What a 304, or an answer to HEAD, says is said of what is stored.
    if (said.status === 304 || run.way === "head") return undefined;
    const statuses = (route.statuses ?? [200]) as readonly number[];
    if (!statuses.includes(said.status)) return `status ${said.status}`;
    if (run.isBackground && ERRORS.includes(said.status)) return `status ${said.status}`;
    const isKept = route.revalidate === true && said.etag !== undefined;
    const isOfUse = Math.max(this.freshUntil(run), this.staleUntil(run), this.errorUntil(run)) > head.at;
    return isKept || isOfUse ? undefined : "it is stale at once";
  }

  /** Whether a run has said everything that it had promised, and no more than may be kept. */
  isWhole(run: Run): boolean {
    return run.ending === "clean" && !isDishonest(run) && run.outgrew === undefined;
  }

  /**
   * Until when a response is fresh, epoch ms; `jitter` may make it less. With a moment, so does what was invalidated softly
   * before that.
   */
  freshUntil(run: Run, at?: Moment): number {
    const { head, said } = run;
    if (head === undefined || said === undefined) return -Infinity;
    const soft = at === undefined ? Infinity : this.softenedAt(run, at);
    if (!this.keeps) return soft;
    if (said.noCache) return Math.min(head.at, soft);
    const seconds = (this.#world.route.ttl as number | undefined) ?? said.maxAge ?? DEFAULTS.ttl;
    return Math.min(head.at + seconds * 1000, soft);
  }

  /** Until when it is fresh for sure, whatever `jitter` takes. */
  freshUntilAtLeast(run: Run, at?: Moment): number {
    const { head } = run;
    const { jitter = 0 } = this.#world.route;
    const most = this.freshUntil(run, at);
    if (head === undefined || jitter === 0) return most;
    return Math.min(head.at + (this.freshUntil(run) - head.at) * (1 - jitter), most);
  }

  /** Until when it may be served while it is refreshed. */
  staleUntil(run: Run, at?: Moment): number {
    return this.#window(run, at, this.#world.route.staleWhileRevalidate, run.said?.staleWhileRevalidate);
  }

  /** Until when it may be served in place of an error. */
  errorUntil(run: Run, at?: Moment): number {
    return this.#window(run, at, this.#world.route.staleIfError, run.said?.staleIfError);
  }

  /** When a response was made, at the earliest. One that is stale by a soft invalidation is at least as old as that. */
  bornAt(run: Run, before: Moment): number {
    const mark = this.#history.purges.find(
      (purge) =>
        purge.isSoft &&
        this.covers(purge, run) &&
        purge.began.seq > run.began.seq &&
        purge.began.seq < before.seq,
    );
    return Math.min(run.head?.at ?? 0, (mark?.began.at ?? Infinity) - 1);
  }

  /**
   * Since when a response is stale by the first soft invalidation that came after its run had begun and before a moment,
   * counted as its own instants are: by a clock that is not set back after its head. Infinity: by none.
   */
  softenedAt(run: Run, at: Moment): number {
    const marks = this.#history.purges.filter(
      (purge) => purge.isSoft && purge.began.seq < at.seq && this.covers(purge, run),
    );
    const later = marks.filter(({ began }) => began.seq > run.began.seq);
    // Of so many, not all are remembered.
    const mark = marks.length > MOST_MARKS ? later.at(-1) : later[0];
    if (mark === undefined) return Infinity;
    const from = run.head ?? run.began;
    const behindMs = this.#history.setBackBetween(from, mark.began);
    const aheadMs = this.#history.setBackBetween(mark.began, from);
    const now = at.at - this.#history.setBackBetween(from, at);
    // Set back before that, a clock does not make it fresh again.
    return Math.min(mark.began.at - behindMs + aheadMs, now);
  }

  /** After how many ms what a run says is not used for anyone else. */
  hardMs({ isBackground, way }: Run): number {
    if (way !== "fill") return Infinity;
    const { handlerTimeout } = this.#world.route;
    const hard = typeof handlerTimeout === "object" ? handlerTimeout.hard : undefined;
    return (hard ?? (isBackground ? DEFAULTS.refreshHard : Infinity)) * 1000;
  }

  /** Whether a run went on without its client for so long that nobody waits for it any more. */
  isForsaken({ by, isBackground }: Run, { at }: Moment): boolean {
    const client = this.#history.requests[by];
    if (isBackground || client?.over === undefined || client.fate === "clean") return false;
    return at >= client.over.at + this.maxWaitMs;
  }

  /** Whether somebody waited for a run in vain, which had no deadline of its own: then nobody else begins to wait. */
  isOverdue(run: Run, at: Moment): boolean {
    if (run.isBackground) return false;
    return this.#history.requests.some(
      (request) =>
        isOfOne(request, run) &&
        at.at - request.began.at >= this.maxWaitMs &&
        (request.decided === undefined ||
          (request.decided.seq > run.began.seq && request.decided.at - request.began.at >= this.maxWaitMs)),
    );
  }

  /** The longest time in ms that a request waits before something stale is served to it instead. */
  get softMs(): number {
    const { handlerTimeout } = this.#world.route;
    const soft = typeof handlerTimeout === "object" ? handlerTimeout.soft : handlerTimeout;
    return Math.min(this.maxWaitMs, (soft ?? Infinity) * 1000);
  }

  /** Why a request must not be served what another one's run says, at the moment of its decision. */
  forbids(request: Request, by: Run, decided: Moment): string | undefined {
    if (request.method === "POST") return "the request is unsafe";
    if (request.hasCredentials && this.#world.route.scope === undefined)
      return "the request carries credentials";
    const whose = strangers(request, by);
    if (whose !== undefined) return whose;
    const refusal = this.refusal(by);
    if (refusal !== undefined) return `it may not be shared: ${refusal}`;
    // What was run for it is its own answer, as it would be without a cache.
    const isOwn = by.by === request.id;
    if (!this.keeps && !isOwn && by.over !== undefined && by.over.seq < request.began.seq)
      return "nothing is kept, and its handler had ended before";
    const demands = this.directivesOf(request);
    // A clock that was set back makes what is stored younger by as much, and by no more.
    const behindMs = this.#history.setBackBetween(by.head ?? by.began, decided);
    const now = decided.at - behindMs;
    const freshUntil = this.freshUntil(by, decided);
    const freshMs = freshUntil - now;
    const condition = { ageMs: now - (by.head?.at ?? 0), freshMs };
    const down = isOwn ? undefined : turnedDown(demands, condition);
    if (down !== undefined) return down;
    if (freshMs > 0) {
      const isCalledStale = request.outcome === "stale" && decided.at < freshUntil;
      return isCalledStale && this.#world.route.jitter === undefined
        ? "it is fresh, and was called stale"
        : undefined;
    }
    if (request.outcome !== "stale")
      return isOwn || isWelcome(demands, by.said, condition) ? undefined : `it went stale ${-freshMs} ms ago`;
    const notStale = staleTurnedDown(demands, condition);
    if (notStale !== undefined) return notStale;
    if (!request.isRefreshable) return "it is stale, and the adapter cannot refresh it";
    if (now < this.staleUntil(by, decided)) return undefined;
    if (now >= this.errorUntil(by, decided)) return "it is stale, and its windows are over";
    return this.hasTrouble(request, decided)
      ? undefined
      : "it is stale in place of an error, and there was none";
  }

  /** Whether a request had a reason to be served something in place of an error. */
  hasTrouble(request: Request, at: Moment): boolean {
    return (
      this.isImpatient(request, at, this.softMs) || this.isCrowded(request, at) || this.hasFailed(request, at)
    );
  }

  /** Whether a request has waited for so long. */
  isImpatient(request: Request, { at }: Moment, ms: number): boolean {
    return at - request.began.at >= ms;
  }

  /** Whether so many wait that no more may. */
  isCrowded(request: Request, at: Moment): boolean {
    const waiting = this.#history.requests.filter(
      (other) =>
        isOfOne(other, request) &&
        other !== request &&
        other.began.seq < at.seq &&
        (other.decided === undefined || other.decided.seq > request.began.seq),
    );
    return waiting.length >= (this.#world.route.maxWaiters ?? DEFAULTS.maxWaiters);
  }

  /** Whether a run failed while a request waited, or a refresh so shortly before that it is not tried again. */
  hasFailed(request: Request, at: Moment): boolean {
    let inARow = 0;
    for (const run of this.#history.runs) {
      if (!isOfOne(run, request) || run.began.seq > at.seq || !this.#hasFailedBy(run, at)) continue;
      const failedAt = this.#failedAt(run);
      if (failedAt >= request.began.at) return true;
      if (!run.isBackground) continue;
      inARow++;
      const now = at.at - this.#history.setBackBetween(run.began, at);
      if (now < failedAt + Math.min(1000 * 2 ** (inARow - 1), 60_000)) return true;
    }
    return false;
  }

  /** Whether a purge covers what a run says. */
  covers({ what }: Purge, run: Run): boolean {
    if (what === "all") return true;
    const tags = this.#tagsOf(run);
    if (what === "tagged") return tags.length > 0;
    return "key" in what ? what.key === run.key : what.tags.some((tag) => tags.includes(tag));
  }

  /** The tags of what a run says. What it says of a stored response has the tags of that, named again or not. */
  #tagsOf({ key, said }: Run): readonly string[] {
    const ofRoute = this.#world.route.tags === undefined ? [] : ["all", key];
    return said?.tag === undefined ? ofRoute : [...ofRoute, said.tag];
  }

  /** The purge that came after a run began and before a moment, if there is one, and removes what the run says. */
  purgeBetween(run: Run, before: Moment): Purge | undefined {
    return this.#history.purges.find(
      (purge) =>
        !purge.isSoft &&
        this.covers(purge, run) &&
        purge.began.seq > run.began.seq &&
        purge.began.seq < before.seq,
    );
  }

  /** The runs of a body's and of a head's number. */
  run(id: number | undefined): Run | undefined {
    return id === undefined ? undefined : this.#history.runs[id];
  }

  /** Whether a route remembers, or did when a request looked, that what is asked for could not be shared. */
  isHitForMiss(request: Request, at: Moment): boolean {
    const ms = (this.#world.route.uncacheableTtl ?? DEFAULTS.uncacheableTtl) * 1000;
    // It may have been remembered when the request began to read the store for the last time.
    const since = this.#world.store.isSync ? at.at : Math.max(request.began.at, at.at - STORE_DEADLINE_MS);
    return this.#history.runs.some(
      (run) =>
        isOfOne(run, request) &&
        run.way === "fill" &&
        run.head !== undefined &&
        run.head.seq < at.seq &&
        (this.refusal(run) !== undefined || run.outgrew !== undefined) &&
        (run.outgrew ?? run.head).at + ms > since - this.#history.setBackBetween(run.head, at),
    );
  }

  #window(run: Run, at: Moment | undefined, written: number | undefined, own: number | undefined): number {
    const { said, head } = run;
    if (head === undefined || said === undefined || said.mustRevalidate || said.noCache) return -Infinity;
    if (!this.keeps) return -Infinity;
    const seconds = written ?? own ?? 0;
    return seconds === 0 ? -Infinity : this.freshUntil(run, at) + seconds * 1000;
  }

  #hasFailedBy(run: Run, at: Moment): boolean {
    if (run.way !== "fill") return false;
    if (
      at.at >= run.began.at + this.hardMs(run) &&
      (run.head?.at ?? Infinity) >= run.began.at + this.hardMs(run)
    )
      return true;
    if (
      run.isBackground &&
      run.head !== undefined &&
      run.head.seq < at.seq &&
      this.refusal(run) !== undefined
    )
      return true;
    if (run.over === undefined || run.over.seq > at.seq) return false;
    return !this.isWhole(run) || (run.isBackground && this.purgeBetween(run, run.over) !== undefined);
  }

  #failedAt(run: Run): number {
    const expiredAt = run.began.at + this.hardMs(run);
    if ((run.head?.at ?? run.over?.at ?? Infinity) >= expiredAt) return expiredAt;
    if (run.isBackground && run.head !== undefined && this.refusal(run) !== undefined) return run.head.at;
    return run.over?.at ?? Infinity;
  }
}

/** Whether two are of one variant of one key for one principal. */
export function isOfOne(one: Whose, other: Whose): boolean {
  return one.key === other.key && one.variant === other.variant && one.principal === other.principal;
}

/** Whether a run's content is not as long as it said. */
export function isDishonest({ said, body }: Run): boolean {
  return said?.length !== undefined && said.status !== 304 && body !== "" && said.length !== body.length;
}

function strangers(request: Whose, run: Whose): string | undefined {
  if (request.key !== run.key) return "it is of another key";
  if (request.variant !== run.variant) return "it is another variant";
  return request.principal === run.principal ? undefined : "it is another principal's";
}
