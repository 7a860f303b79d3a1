import type { RouteOptions } from "../../index.ts";
import type { ContractAnswer, ContractRequest, ContractRoute } from "../adapter-harness.ts";

/** A route that remembers the requests that reached its handler. */
export interface WatchedRoute extends ContractRoute {
  /** The requests that its handler saw, in order. */
  readonly seen: readonly ContractRequest[];
}

/** What a handler answers, or how it finds that; `run` counts its runs from 1. */
export type Answering =
  | ContractAnswer
  | ((request: ContractRequest, run: number) => ContractAnswer | Promise<ContractAnswer>);

/** What else a route may have. */
export type RouteParts = Partial<Omit<ContractRoute, "handler" | "path" | "options">>;

/** A cached route. Default: it stays fresh for a minute, and answers which run of its handler this was. */
export function cached(
  path: string,
  answering: Answering = (_, run) => text(`run ${run}`),
  options: RouteOptions = { ttl: 60 },
  parts: RouteParts = {},
): WatchedRoute {
  return { ...plain(path, answering, parts), options };
}

/** A route that the adapter has nothing to do with. */
export function plain(path: string, answering: Answering, parts: RouteParts = {}): WatchedRoute {
  const seen: ContractRequest[] = [];
  const handler = (request: ContractRequest): ContractAnswer | Promise<ContractAnswer> => {
    seen.push(request);
    return typeof answering === "function" ? answering(request, seen.length) : answering;
  };
  return { method: "GET", path, ...parts, handler, seen };
}

/** An answer in plain text, with more headers if need be. */
export function text(body: string, headers: ContractAnswer["headers"] = {}): ContractAnswer {
  return { headers: { "content-type": "text/plain; charset=utf-8", ...headers }, body };
}

/** An answer that flows in parts, as its generator makes them. */
export function stream(
  parts: () => AsyncIterable<Uint8Array>,
  headers: ContractAnswer["headers"] = {},
): ContractAnswer {
  return { headers: { "content-type": "text/plain; charset=utf-8", ...headers }, body: parts() };
}

/** The UTF-8 bytes of a text. */
export function bytes(body: string): Uint8Array {
  return new TextEncoder().encode(body);
}
