import type { NextFunction, Request, RequestHandler, Response } from "express";
import { CacheError } from "../../adapter.ts";

/** Checks what a route gives as `before`. Throws `ERR_CACHE_OPTION_INVALID` where it is no list of middleware. */
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
 * `done` is given what a guard gives `next`, throws or rejects with, and nothing where all let the request pass. It is
 * not called where a guard answers itself.
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
    // A promise of another library, or of another realm, is a promise too.
    if (typeof (passed as { readonly then?: unknown } | null | undefined)?.then === "function")
      Promise.resolve(passed).catch(fail);
  } catch (error) {
    fail(error);
  }
}
