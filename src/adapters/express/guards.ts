import type { NextFunction, Request, RequestHandler, Response } from "express";
import { CacheError } from "../../adapter.ts";

/** Checks the option `before`. Throws `ERR_CACHE_OPTION_INVALID` if it is not a list of middleware. */
export function guardsOf(before: unknown, route: string): readonly RequestHandler[] {
  if (before === undefined) return [];
  if (Array.isArray(before) && before.every((guard) => typeof guard === "function")) return [...before];
  throw new CacheError(
    "ERR_CACHE_OPTION_INVALID",
    `${route}: the option "before" is ${typeof before}; write a list of Express middleware, such as [requireKey]`,
  );
}

/**
 * Runs guards one after the other, each once the one before it has called `next()`.
 *
 * `done` is called with the error that a guard passes to `next`, throws or rejects with, or without one once all have
 * let the request pass. It is not called if a guard sends the response itself.
 */
export function passGuards(
  guards: readonly RequestHandler[],
  req: Request,
  res: Response,
  done: (error?: unknown) => void,
): void {
  const [guard, ...rest] = guards;
  if (guard === undefined) return done();
  const next: NextFunction = (error?: unknown) => (error ? done(error) : passGuards(rest, req, res, done));
  const fail = (error: unknown): void => done(error || new Error("a guard rejected its promise"));
  try {
    const passed: unknown = guard(req, res, next);
    // Promises of other libraries and realms count, too.
    if (typeof (passed as { readonly then?: unknown } | null | undefined)?.then === "function")
      Promise.resolve(passed).catch(fail);
  } catch (error) {
    fail(error);
  }
}
