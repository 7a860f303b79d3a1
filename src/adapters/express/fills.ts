import type { Request } from "express";

/** The caches that listen to what the handlers of a request answer. */
const FILLED: WeakMap<Request, Set<object>> = new WeakMap();

/** Notes that a cache is filled with what a request is answered. */
export function markFilled(req: Request, cache: object): void {
  const known = FILLED.get(req);
  if (known === undefined) FILLED.set(req, new Set([cache]));
  else known.add(cache);
}

/** Whether a cache is filled with what this request is answered: asked again, it would let the request wait for itself. */
export function isFilled(req: Request, cache: object): boolean {
  return FILLED.get(req)?.has(cache) === true;
}
