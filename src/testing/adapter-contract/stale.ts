import assert from "node:assert/strict";
import type { RouteOptions } from "../../index.ts";
import type { ContractResponse, ContractRequest } from "../adapter-harness.ts";
import type { Answer } from "./client.ts";
import { ownMember } from "./outcome.ts";
import { cached, text } from "./routes.ts";
import type { RouteParts, WatchedRoute } from "./routes.ts";
import type { Site, Stage } from "./stage.ts";

/** The handler from its second run on. */
export type Next = (request: ContractRequest, run: number) => ContractResponse | Promise<ContractResponse>;

/** A site whose one response, `run 1`, has just become stale. */
export interface StaleSite {
  readonly site: Site;
  readonly route: WatchedRoute;
  /** The response of the miss. */
  readonly first: Answer;
}

/** Returns such a site. Its responses are fresh for ten seconds. */
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

/** A handler whose response is the number of its run. */
export const counting: Next = (_, run) => text(`run ${run}`);

/** Asserts that a response is stale. `because` is why there is no newer one. */
export function assertStale(answer: Answer, content: string, because?: string): void {
  assert.deepEqual([answer.status, answer.text], [200, content], "the stale response is served");
  assert.equal(answer.header("x-cache"), "HIT");
  const { parameters } = ownMember(answer);
  if (because === undefined) assert.ok(parameters.has("hit"), "Cache-Status has hit");
  else
    assert.deepEqual([parameters.get("fwd"), parameters.get("detail")], ["stale", because], "Cache-Status");
}
