import { CacheError } from "../../adapter.ts";
import type { MaybePromise } from "../../adapter.ts";
import { chain } from "./chain.ts";

/** Refuses a request by answering it, or lets it pass by answering nothing. */
export type Guard<Arguments extends readonly unknown[]> = (
  ...args: Arguments
) => Response | undefined | void | Promise<Response | undefined | void>;

/** Checks a route's guards. Throws `ERR_CACHE_OPTION_INVALID` where they are not a list of functions. */
export function checkGuards(guards: unknown, route: string): void {
  if (Array.isArray(guards) && guards.every((guard) => typeof guard === "function")) return;
  throw new CacheError(
    "ERR_CACHE_OPTION_INVALID",
    `${route}: the option "before" is ${typeof guards === "object" ? "not made of functions" : `a ${typeof guards}`}; ` +
      "write a list of functions, such as [requireKey]",
  );
}

/** Asks guards one after the other; answers the first refusal, at once where none of them waits. */
export function firstRefusal<Arguments extends readonly unknown[]>(
  guards: readonly Guard<Arguments>[],
  args: Arguments,
  from = 0,
): MaybePromise<Response | undefined> {
  const guard = guards[from];
  if (guard === undefined) return undefined;
  return chain(guard(...args), (refusal) => refusal ?? firstRefusal(guards, args, from + 1));
}
