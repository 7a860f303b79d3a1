import assert from "node:assert/strict";
import type { RouteOptions } from "../../index.ts";
import type { ContractAnswer, ContractRequest } from "../adapter-harness.ts";
import type { Answer } from "./client.ts";
import { ownMember } from "./outcome.ts";
import { cached, text } from "./routes.ts";
import type { RouteParts, WatchedRoute } from "./routes.ts";
import type { Site, Stage } from "./stage.ts";

/** What a handler answers from its second run on. */
export type Next = (request: ContractRequest, run: number) => ContractAnswer | Promise<ContractAnswer>;

/** A site whose one response, `run 1`, was stored and has just gone stale. */
export interface StaleSite {
  readonly site: Site;
  readonly route: WatchedRoute;
  /** The answer that was stored. */
  readonly first: Answer;
}

/** Makes such a site; its response stays fresh for ten seconds. */
export async function stale(
  stage: Stage,
  next: Next,
  options: RouteOptions,
  {
    path = "/a",
    headers = {},
    parts = {},
  }: {
    readonly path?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly parts?: RouteParts;
  } = {},
): Promise<StaleSite> {
  const answering: Next = (request, run) => (run === 1 ? text("run 1") : next(request, run));
  const route = cached("/a", answering, { ttl: 10, ...options }, parts);
  const site = await stage.site([route]);
  const first = await site.get(path, headers);
  site.clock.advance(10);
  return { site, route, first };
}

/** Answers which run of the handler it is. */
export const counting: Next = (_, run) => text(`run ${run}`);

/** The answer is what is stored, older than it should be; `because` is what stands in the way of a newer one. */
export function assertStale(answer: Answer, content: string, because?: string): void {
  assert.deepEqual([answer.status, answer.text], [200, content], "what is stored is served stale");
  assert.equal(answer.header("x-cache"), "HIT");
  const { parameters } = ownMember(answer);
  if (because === undefined) assert.ok(parameters.has("hit"), "Cache-Status says hit");
  else
    assert.deepEqual([parameters.get("fwd"), parameters.get("detail")], ["stale", because], "Cache-Status");
}
