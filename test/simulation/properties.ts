import { runIn } from "./history.ts";
import type { History, Run } from "./history.ts";
import { isDishonest } from "./model.ts";
import type { Model } from "./model.ts";
import { askedOf } from "./properties/asked.ts";
import { endsOf } from "./properties/ends.ts";
import { keptOf } from "./properties/kept.ts";
import { isPart, partsOf } from "./properties/parts.ts";
import { purgesOf } from "./properties/purges.ts";
import { runsOf } from "./properties/runs.ts";
import { storedOf } from "./properties/stored.ts";
import { toldOf } from "./properties/told.ts";

/** Something that must not have happened. */
export interface Violation {
  readonly property: string;
  readonly message: string;
}

/** What must hold of every history. */
export const PROPERTIES = {
  served: "nothing forbidden is served",
  whole: "nothing partial is served as whole, and nothing whole breaks off",
  ends: "every request ends, and nothing is left behind",
  runs: "one run at a time for a key, unless there is a reason",
  purged: "what was purged is not served any more",
  kept: "what is stored is served as long as it may be, and no refused write or soft invalidation removes it",
  stored: "what is stored is whole, may be shared, and was not purged",
  told: "what is explained is what then happens",
  throws: "the core throws nothing",
} as const;

/** Finds the first property that a history breaks. */
export function violationIn(
  model: Model,
  history: History,
  timersLeft = 0,
  atEnd?: string,
): Violation | undefined {
  for (const [name, messages] of findings(model, history, timersLeft, atEnd)) {
    for (const message of messages) return { property: PROPERTIES[name], message };
  }
  return undefined;
}

function* findings(
  model: Model,
  history: History,
  timersLeft: number,
  atEnd: string | undefined,
): Generator<[keyof typeof PROPERTIES, Iterable<string>]> {
  yield [
    "throws",
    history.errors.map(({ error }) => (error instanceof Error ? (error.stack ?? "") : String(error))),
  ];
  yield ["served", servedOf(model, history)];
  yield ["served", askedOf(model, history)];
  yield ["whole", wholeOf(model, history)];
  yield [
    "whole",
    partsOf(model, history, (content, head) => notFreshened(model, content, head) === undefined),
  ];
  yield ["purged", purgesOf(model, history)];
  yield ["stored", storedOf(model, history)];
  yield ["kept", keptOf(model, history)];
  yield ["runs", runsOf(model, history)];
  yield ["told", toldOf(model, history)];
  yield ["ends", endsOf(model, history, timersLeft, atEnd)];
}

/** Nothing forbidden: of the right key, variant and principal; storable; fresh, or stale within its rules. */
function* servedOf(model: Model, history: History): Generator<string> {
  for (const request of history.requests) {
    const { id, decided, headBy, run, status, condition } = request;
    if (decided === undefined || request.headed === undefined) continue;
    const by = model.run(headBy);
    if (by !== undefined && by !== run) {
      const why = model.forbids(request, by, decided);
      if (why !== undefined) yield `q${id} was served r${by.id}: ${why}`;
    }
    const { age } = request;
    const mostAge = (request.headed.at - (by === undefined ? 0 : model.bornAt(by, decided))) / 1000;
    if (age !== undefined && by !== undefined && (!/^\d+$/.test(age) || Number(age) > mostAge))
      yield `q${id} was told that r${by.id} is ${age} s old, and it is ${mostAge}`;
    const content = model.run(runIn(request.body));
    if (content !== undefined && content !== run && content !== by) {
      const why = by === undefined ? "its head is nobody's" : notFreshened(model, content, by);
      if (why !== undefined)
        yield `q${id} was served the content of r${content.id} under the head of r${headBy}: ${why}`;
    }
    if (by === undefined && status === 304) {
      const could = history.runs.some(
        (each) =>
          each === run ||
          (each.began.seq < decided.seq && model.forbids(request, each, decided) === undefined),
      );
      if (condition === undefined)
        yield `q${id} was told 304, and had not asked whether anything had changed`;
      else if (!could) yield `q${id} was told 304, and nothing could be served to it`;
    }
  }
}

/** Why a head must not stand before another run's content: only a 304 or an answer to HEAD may have freshened it. */
function notFreshened(model: Model, content: Run, head: Run): string | undefined {
  if (head.said?.status !== 304 && head.way !== "head") return "that is neither a 304 nor an answer to HEAD";
  if (head.said?.etag !== content.said?.etag) return "their tags differ";
  if (!model.isWhole(content)) return "that content was not whole";
  const refusal = model.refusal(content);
  return refusal === undefined ? undefined : `that content may not be shared: ${refusal}`;
}

/** Bytes: what ended cleanly is a whole run's, what broke off had a reason, and no byte is another's. */
function* wholeOf(model: Model, history: History): Generator<string> {
  for (const request of history.requests) {
    const { id, body, fate, run, method, status, decision } = request;
    if (isPart(request)) continue;
    if (request.headed === undefined || (body === "" && fate !== "clean")) continue;
    const content = model.run(runIn(body)) ?? model.run(request.headBy);
    const isOwn = content === run;
    if (content === undefined) {
      if (body !== "") yield `q${id} was sent what no run has said: ${JSON.stringify(body.slice(0, 40))}`;
      continue;
    }
    if (!content.body.startsWith(body)) yield `q${id} was sent other bytes than r${content.id} has said`;
    if (fate === "broken" && decision !== "serve" && model.isWhole(content))
      yield `q${id} broke off, and r${content.id} had ended cleanly`;
    if (fate !== "clean" || method === "HEAD" || status === 304) continue;
    if (body !== content.body)
      yield `q${id} ended cleanly with ${body.length} of ${content.body.length} bytes of r${content.id}`;
    if (content.ending !== "clean")
      yield `q${id} ended cleanly, and r${content.id} was ${content.ending ?? "not over"}`;
    if (!isOwn && isDishonest(content))
      yield `q${id} ended cleanly, and r${content.id} was not as long as it had said`;
  }
}
