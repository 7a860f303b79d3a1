import type { Violation } from "../properties.ts";
import type { Chronicle, Failover, Invalidation, MarkRecord, Request, Run, Span } from "./chronicle.ts";
import type { Network } from "./link.ts";
import { Marked, READ_MS, WRITE_MS } from "./marked.ts";
import type { ClusterNode } from "./node.ts";

/** What holds of several nodes on one store. */
export const PROPERTIES = {
  throws: "the core throws nothing",
  older: "what was invalidated is served by no node that may know of it",
  stored: "what began before an invalidation is not stored by a node that knows of it, nor after its removal",
  everywhere: "what is said to be invalidated everywhere is in the log, and what can be is",
  again: "what could not be marked is marked once the store can be reached",
  noticed: "a log that was lost or rolled back is noticed",
  alarms: "a log that is whole is not taken for lost",
  waits: "no request waits for the store longer than its deadline and one poll",
  kept: "what is stored is served",
  ends: "every request ends, and nothing is left behind",
} as const;

/** For how many ms a poll is trusted. */
const TRUSTED_MS = 50;

/** For how long runs may be shared that began before the store was away, and how soon it is seen to be back. */
const SHARED_MS = 5000;
const PROBE_MS = 600;

const TEN_MINUTES = 600_000;

/** Until what is pending is in the log, once the store can be reached: calls that hang are given up, then there is a trial, and a probe. */
const AGAIN_MS = WRITE_MS + 1000;

/** Finds the first property that what happened breaks. */
export function violationIn(
  network: Network,
  nodes: readonly ClusterNode[],
  atEnd: string | undefined,
): Violation | undefined {
  const { world, chronicle } = network;
  const all = new Cluster(network, nodes, new Marked(world, chronicle));
  for (const [name, messages] of all.findings(atEnd))
    for (const message of messages) return { property: PROPERTIES[name], message };
  return undefined;
}

class Cluster {
  readonly #network: Network;
  readonly #nodes: readonly ClusterNode[];
  readonly #marked: Marked;
  readonly #chronicle: Chronicle;

  constructor(network: Network, nodes: readonly ClusterNode[], marked: Marked) {
    this.#network = network;
    this.#nodes = nodes;
    this.#marked = marked;
    this.#chronicle = network.chronicle;
  }

  *findings(atEnd: string | undefined): Generator<[keyof typeof PROPERTIES, Iterable<string>]> {
    yield ["throws", this.#chronicle.errors.map(({ error }) => textOf(error))];
    yield ["older", this.#older()];
    yield ["stored", this.#stored()];
    yield ["everywhere", this.#everywhere()];
    yield ["again", this.#again()];
    yield ["noticed", this.#noticed()];
    yield ["alarms", this.#alarms()];
    yield ["waits", this.#waits()];
    yield ["kept", this.#kept()];
    yield ["ends", this.#ends(atEnd)];
  }

  /**
   * A node that has invalidated, or has heard of it, serves nothing older from then on. Neither does any other, for a request
   * that came when the mark had been in the log for as long as a poll is trusted.
   */
  *#older(): Generator<string> {
    for (const request of this.#chronicle.requests) {
      const { id, by, run, decided } = request;
      if (by === undefined || by === run || decided === undefined) continue;
      for (const invalidation of this.#chronicle.invalidations) {
        const { began, node, what, isSoft } = invalidation;
        if (isSoft && request.outcome === "stale") continue;
        if (began.seq > request.began.seq || !this.#marked.isOlder(by, invalidation)) continue;
        if (this.#isBeforeLoss(request, by, invalidation)) continue;
        const why =
          node === request.node ? "it was invalidated there" : this.#whyKnown(invalidation, request, by);
        if (why !== undefined)
          yield `q${id} was served r${by.id}, which had begun before the invalidation of ${show(what)} by n${node}, and ${why}`;
      }
    }
  }

  /**
   * Whether a response was made before a failover to a server whose clock is behind, and the invalidation came after it: then
   * the positions that the response began with may be higher, until a process that knew them has polled and marked everything.
   */
  #isBeforeLoss(request: Request, by: Run, { began }: Invalidation): boolean {
    const { failovers, marks } = this.#chronicle;
    return failovers.some(
      ({ when, isSetBack }) =>
        isSetBack &&
        by.read.seq < when.seq &&
        when.seq < began.seq &&
        !marks.some(
          ({ name, added }) =>
            name === "*" && added.seq > when.seq && added.at < request.began.at - this.#trustedMs(request),
        ),
    );
  }

  #whyKnown(invalidation: Invalidation, request: Request, by: Run): string | undefined {
    const marks = this.#marked.marksOf(invalidation, by.key);
    if (this.#marked.hasHeard(request.node, marks, request.began)) return `n${request.node} had heard of it`;
    const trustedMs = this.#trustedMs(request);
    const mark = marks.find(
      ({ since, lost }) =>
        since.at < request.began.at - trustedMs && (lost?.seq ?? Infinity) > (request.decided?.seq ?? 0),
    );
    return mark && `the log had ${mark.name}@${mark.position} for long enough`;
  }

  /**
   * For how long a node may not know of a mark. One that cannot poll may serve what is stored for `blind` seconds. Runs are shared
   * for longer: else all requests would come to the handlers while the store is away.
   */
  #trustedMs({ node, outcome, began, decided }: Request): number {
    const { clock, life } = this.#node(node);
    const isBetween = ({ from, to }: Span): boolean =>
      from.seq < (decided?.seq ?? 0) && (to?.at ?? Infinity) > began.at - PROBE_MS;
    // After so long a stall, a poll has missed its deadline.
    const isLong = ({ from, to }: Span): boolean =>
      (to?.at ?? Infinity) - from.at + 2 * this.#network.world.delayMs >= READ_MS;
    // Nor does a clock that is set back while the loop is stalled tell how old a poll is, until its timer has fired.
    const stalls = clock.isSetBack ? life.stalls : life.stalls.filter(isLong);
    const isCut = life.cuts.some(isBetween) || stalls.some(isBetween);
    if (!isCut) return clock.really(TRUSTED_MS);
    const { blind } = this.#network.world;
    return clock.really(Math.max(TRUSTED_MS, outcome === "collapsed" ? SHARED_MS : blind * 1000));
  }

  *#stored(): Generator<string> {
    for (const { node, run, issued, applied } of this.#chronicle.writes) {
      if (run === undefined) {
        yield `n${node} stored what no run has said`;
        continue;
      }
      for (const invalidation of this.#chronicle.invalidations) {
        const { began, what, isSoft } = invalidation;
        if (isSoft || !this.#marked.isOlder(run, invalidation)) continue;
        const marks = this.#marked.marksOf(invalidation, run.key);
        const isOwn = invalidation.node === node && began.seq < issued.seq;
        if (isOwn || this.#marked.hasHeard(node, marks, issued))
          yield `n${node} stored r${run.id} after the invalidation of ${show(what)} by n${invalidation.node}`;
        if (applied === undefined || typeof what === "string" || !("key" in what)) continue;
        // What is removed at its mark's position is refused from then on.
        const removal = this.#chronicle.removals.find(
          ({ node: by, asked, done }) =>
            by === invalidation.node &&
            done.seq < applied.seq &&
            applied.at - done.at < TEN_MINUTES &&
            this.#marked.hasHeard(by, marks, asked) &&
            !this.#chronicle.failovers.some(({ when }) => when.seq > began.seq),
        );
        if (removal !== undefined && removal.key.includes(run.key))
          yield `r${run.id} was taken into the store after the removal of ${run.key} by n${invalidation.node}`;
      }
    }
  }

  *#everywhere(): Generator<string> {
    for (const invalidation of this.#chronicle.invalidations) {
      const { node, what, began, returned, isEverywhere } = invalidation;
      if (returned === undefined || isEverywhere === undefined) continue;
      const isIn = this.#isAdded(invalidation, returned.at, returned.seq);
      if (isEverywhere && !isIn)
        yield `n${node} said that ${show(what)} was invalidated everywhere, and it was not`;
      const since = { seq: began.seq, at: began.at - 2000 };
      const { life } = this.#node(node);
      const ms = returned.at - since.at;
      const isReachable = this.#marked.reachableFor(life, since, ms) === returned.at;
      if (
        !isEverywhere &&
        isReachable &&
        life.closing === undefined &&
        !this.#isRestored(since.at, returned.at)
      )
        yield `n${node} could reach the store, and said that ${show(what)} was not invalidated everywhere`;
    }
  }

  *#again(): Generator<string> {
    const { delayMs } = this.#network.world;
    for (const invalidation of this.#chronicle.invalidations) {
      const { node, what, began } = invalidation;
      const until = this.#marked.reachableFor(this.#node(node).life, began, AGAIN_MS + 4 * delayMs);
      if (until !== undefined && !this.#isAdded(invalidation, until, Infinity))
        yield `n${node} could reach the store until ${until}, and had not marked ${show(what)}`;
    }
  }

  /** Whether all names of an invalidation have been added to the log by then. */
  #isAdded(invalidation: Invalidation, at: number, seq: number): boolean {
    return this.#network.world.keys
      .filter((key) => this.#marked.covers(invalidation, key))
      .every((key) =>
        this.#marked
          .addedFor(invalidation, key)
          .some(({ added, by }) => by === invalidation.node && added.at <= at && added.seq < seq),
      );
  }

  /** Nobody takes for lost what is there: that would make everything outdated, everywhere. */
  *#alarms(): Generator<string> {
    const { marks, failovers, invalidations } = this.#chronicle;
    if (failovers.length > 0 || invalidations.some(({ what }) => what === "all")) return;
    const alarm = marks.find(({ name, isFloor }, at) => name === "*" && at > 0 && !isFloor);
    if (alarm !== undefined)
      yield `n${alarm.by} marked everything at ${alarm.added.at}, and nothing was lost`;
  }

  /** Whoever knew a mark that was lost finds that out by its next poll, and marks everything. */
  *#noticed(): Generator<string> {
    const { marks, hearings, lives, failovers } = this.#chronicle;
    for (const failover of failovers) {
      const lost = marks.filter((mark) => mark.lost === failover.when);
      for (const { id } of lost.length === 0 ? [] : lives) {
        const known = hearings.filter(
          (hearing) =>
            hearing.node === id &&
            this.#marked.isListenedTo(hearing) &&
            hearing.marks.some((mark) => lost.includes(mark)),
        );
        const first = known[0];
        const poll = hearings.find(
          (hearing) =>
            hearing.node === id &&
            hearing.isPoll &&
            this.#marked.isListenedTo(hearing) &&
            hearing.read.seq > failover.when.seq &&
            hearing.asked.seq > (first?.heard.seq ?? Infinity),
        );
        if (poll === undefined || first === undefined) continue;
        const { life } = this.#node(id);
        const until = this.#marked.reachableFor(life, poll.heard, AGAIN_MS + 4 * this.#network.world.delayMs);
        if (until === undefined) continue;
        const forgotten = known
          .filter(({ heard }) => heard.seq < poll.asked.seq)
          .flatMap((hearing) => hearing.marks)
          .find((mark) => lost.includes(mark) && !this.#isMadeUpFor(mark, failover, until));
        if (forgotten !== undefined)
          yield `n${id} had heard of ${forgotten.name}@${forgotten.position}, which was lost, polled at ${poll.asked.at}, and has not marked everything`;
      }
    }
  }

  /** Whether a mark that was lost has been marked again by then, or everything has. */
  #isMadeUpFor({ name, position }: MarkRecord, { when }: Failover, until: number): boolean {
    // A server whose clock is ahead by so much takes marks by key for old, and forgets them.
    if (name.startsWith("k|") && this.#network.world.serverOffMs > TEN_MINUTES) return true;
    const [soft, hard] = name.startsWith("~") ? ["~", name.slice(1)] : ["", name];
    const names = [hard, "*", ...(hard.startsWith("t|") ? ["t|"] : [])];
    const others = soft === "" ? names : [...names, ...names.map((each) => `~${each}`)];
    return this.#chronicle.marks.some(
      (mark) =>
        // Nobody can tell once so much was marked again that a floor stands for all that was known last.
        (mark.isFloor || others.includes(mark.name)) &&
        mark.position >= position &&
        mark.added.seq > when.seq &&
        mark.added.at <= until,
    );
  }

  *#waits(): Generator<string> {
    for (const request of this.#chronicle.requests) {
      const { id, begun: began, decided, node } = request;
      if (decided === undefined || began === undefined) continue;
      const { life, clock } = this.#node(node);
      const isStalled = life.stalls.some(
        ({ from, to }) => from.seq < decided.seq && (to?.seq ?? Infinity) > began.seq,
      );
      if (isStalled || this.#waitedForRun(request)) continue;
      // Each of the two deadlines may end a millisecond later: instants of a node's clock are rounded up.
      const most = clock.really(2 * READ_MS) + 2;
      if (decided.at - began.at > most)
        yield `q${id} waited for ${decided.at - began.at} ms for the store, and ${most} are the most`;
    }
  }

  #waitedForRun({ node, key, begun, decided, run }: Request): boolean {
    return this.#chronicle.runs.some(
      (other) =>
        other !== run &&
        other.node === node &&
        other.key === key &&
        other.began.seq < (decided?.seq ?? 0) &&
        ((other.over?.seq ?? Infinity) > (begun?.seq ?? 0) || this.#storesUntil(other) > (begun?.at ?? 0)),
    );
  }

  /** Until when requests wait for what a run stores. */
  #storesUntil(run: Run): number {
    const writes = this.#chronicle.writes.filter((write) => write.run === run);
    return Math.max(...writes.map(({ issued, applied }) => applied?.at ?? issued.at + WRITE_MS));
  }

  *#kept(): Generator<string> {
    const last = this.#chronicle.requests.filter(({ isLast }) => isLast);
    for (const [at, request] of last.entries()) {
      const before = last[at - 1];
      if (before === undefined || before.key !== request.key || request.outcome === "hit") continue;
      if (this.#hasMarkedMany(request.node) || this.#isLeftRemoved(request)) continue;
      // Where polls are slow, what was marked since the last one may have been marked while the guards ran.
      if (last[at - 2]?.key !== request.key) continue;
      const { ttl = 60 } = this.#network.world.route;
      const until = (before.by?.head?.at ?? 0) + Number(ttl) * 1000 - 200;
      if ((request.decided?.at ?? Infinity) >= until) continue;
      const clocks = [before.node, request.node, before.by?.node ?? 0].map((node) => this.#node(node).clock);
      const instants = clocks.map((clock) => clock.now());
      // Whose clock differs may not know how old something is.
      if (clocks.some((clock) => clock.isSetBack) || Math.max(...instants) - Math.min(...instants) > 100)
        continue;
      yield `q${request.id} was a ${request.outcome}, and q${before.id} was served r${before.by?.id} before`;
    }
  }

  /**
   * Whether a process has removed the key and has ended before its mark was in the log. The removal is above all that is in the
   * log then, and nobody stores the key until the next mark.
   */
  #isLeftRemoved({ key, begun }: Request): boolean {
    const { removals, marks } = this.#chronicle;
    const until = begun?.seq ?? Infinity;
    return removals.some(
      ({ node, key: resource, asked }) =>
        resource.includes(key) &&
        (this.#node(node).life.ended?.seq ?? Infinity) < until &&
        !marks.some(({ added }) => added.seq > asked.seq && added.seq < until),
    );
  }

  /** Of many names that a node has marked in one call, it takes the last position for that of all. */
  #hasMarkedMany(node: number): boolean {
    return this.#chronicle.invalidations.some(
      ({ node: by, what }) =>
        by === node && typeof what !== "string" && "tags" in what && what.tags.length > 100,
    );
  }

  *#ends(atEnd: string | undefined): Generator<string> {
    if (atEnd !== undefined) yield atEnd;
    const { requests, lives } = this.#chronicle;
    for (const { id, node, over, decided } of requests) {
      const { life } = this.#node(node);
      if (life.closing !== undefined && life.closing.seq < (decided?.seq ?? Infinity)) continue;
      if (over === undefined && life.ended === undefined) yield `q${id} has not ended`;
    }
    for (const { id, closing, ended } of lives)
      if (closing !== undefined && ended === undefined) yield `n${id} has not been closed`;
    for (const { life, clock } of this.#nodes)
      if (clock.timers > 0 && life.ended !== undefined)
        yield `${clock.timers} timers of n${life.id} were left when it was gone`;
  }

  #isRestored(from: number, to: number): boolean {
    return this.#chronicle.failovers.some(({ when }: Failover) => when.at >= from && when.at <= to);
  }

  #node(id: number): ClusterNode {
    return this.#nodes[id] as ClusterNode;
  }
}

function show(what: unknown): string {
  return JSON.stringify(what).slice(0, 60);
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
