import type { RouteOptions } from "../../index.ts";
import type { ContractResponse, ContractRequest, ContractRoute } from "../adapter-harness.ts";
import type { Gate } from "./stage.ts";

/** A route that records the requests of its handler. */
export interface WatchedRoute extends ContractRoute {
  /** The requests that reached its handler, in order. */
  readonly seen: readonly ContractRequest[];
}

/** A handler's response, or a function that returns it. `run` counts its runs from 1. */
export type Answering =
  | ContractResponse
  | ((request: ContractRequest, run: number) => ContractResponse | Promise<ContractResponse>);

/** Optional members of a route. */
export type RouteParts = Partial<Omit<ContractRoute, "handler" | "path" | "options">>;

/** Returns a cached route. By default its response is the number of the run, fresh for a minute. */
export function cached(
  path: string,
  answering: Answering = (_, run) => text(`run ${run}`),
  options: RouteOptions = { ttl: 60 },
  parts: RouteParts = {},
): WatchedRoute {
  return { ...plain(path, answering, parts), options };
}

/** Returns a route without cache options. */
export function plain(path: string, answering: Answering, parts: RouteParts = {}): WatchedRoute {
  const seen: ContractRequest[] = [];
  const handler = (request: ContractRequest): ContractResponse | Promise<ContractResponse> => {
    seen.push(request);
    return typeof answering === "function" ? answering(request, seen.length) : answering;
  };
  return { method: "GET", path, ...parts, handler, seen };
}

/** Returns a response in plain text. */
export function text(body: string, headers: ContractResponse["headers"] = {}): ContractResponse {
  return { headers: { "content-type": "text/plain; charset=utf-8", ...headers }, body };
}

/** Returns a response that streams the parts of a generator. */
export function stream(
  parts: () => AsyncIterable<Uint8Array>,
  headers: ContractResponse["headers"] = {},
): ContractResponse {
  return { headers: { "content-type": "text/plain; charset=utf-8", ...headers }, body: parts() };
}

/** A stream of two parts. The second comes once the gate is opened. */
export function inTwoParts(gate: Gate, first: string, last: string): ContractResponse {
  return stream(async function* () {
    yield bytes(first);
    await gate.opened;
    yield bytes(last);
  });
}

/** The UTF-8 bytes of a text. */
export function bytes(body: string): Uint8Array {
  return new TextEncoder().encode(body);
}
