import { runIn } from "../history.ts";
import type { History } from "../history.ts";
import type { Model } from "../model.ts";

/** What the core gave to the store: whole, shareable, no longer-lived than its rules say, and not purged meanwhile. */
export function* storedOf(model: Model, history: History): Generator<string> {
  for (const {
    body,
    headBy,
    issued,
    staleAt,
    staleWhileRevalidateUntil,
    staleIfErrorUntil,
  } of history.writes) {
    const content = model.run(runIn(body));
    const head = model.run(headBy);
    if (content === undefined || head === undefined) {
      yield `something was stored that no run has said: ${JSON.stringify(body.slice(0, 40))}`;
      continue;
    }
    const name = `r${content.id}${head === content ? "" : ` under the head of r${head.id}`}`;
    if (body !== content.body || !model.isWhole(content)) yield `${name} was stored, and was not whole`;
    if (!model.keeps) yield `${name} was stored, and the route keeps nothing`;
    const refusal = model.refusal(content) ?? model.refusal(head);
    if (refusal !== undefined) yield `${name} was stored: ${refusal}`;
    const purge = model.purgeBetween(head, issued);
    if (purge !== undefined) yield `${name} was stored after the purge of ${JSON.stringify(purge.what)}`;
    if (staleAt > model.freshUntil(head)) yield `${name} was stored as fresh for too long`;
    if (staleWhileRevalidateUntil > Math.max(0, model.staleUntil(head)))
      yield `${name} was stored with a wrong window`;
    if (staleIfErrorUntil > Math.max(0, model.errorUntil(head)))
      yield `${name} was stored with a wrong window of errors`;
  }
}
