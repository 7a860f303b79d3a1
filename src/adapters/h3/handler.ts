import type { EventHandler, Middleware } from "h3";
import { declaredQuery } from "../../adapter.ts";
import type { DeclaredQuery, JsonSchemaSource, MaybePromise } from "../../adapter.ts";

/** What `defineHandler` and `defineValidatedHandler` leave on the handler that they return. */
interface Definition {
  readonly handler?: EventHandler;
  readonly middleware?: readonly Middleware[];
  readonly validate?: { readonly query?: unknown; readonly headers?: unknown };
}

/** The parts of a handler. */
export interface Parts extends Pick<Definition, "validate"> {
  /** The handler without its middleware. */
  readonly own: EventHandler;
  /** The middleware of its definition, which may be guards: it has to run on a hit, too. */
  readonly guards: readonly Middleware[];
}

/** Takes a handler apart. */
export function partsOf(whole: EventHandler): Parts {
  const { handler, middleware = [], validate } = whole as EventHandler & Definition;
  const isTaken = typeof handler === "function" && middleware.length > 0;
  return { own: isTaken ? handler : whole, guards: isTaken ? middleware : [], ...(validate && { validate }) };
}

/** Returns the parameters that the schema of a validator declares. Undefined: it does not tell, so all of them count. */
export function declaredIn(schema: unknown): DeclaredQuery | undefined {
  const { jsonSchema } = (schema as Partial<JsonSchemaSource> | undefined)?.["~standard"] ?? {};
  try {
    return declaredQuery(jsonSchema?.input({ target: "draft-07" }));
  } catch {
    // The library has no JSON Schema for it.
    return undefined;
  }
}

/** A schema (https://standardschema.dev), as far as it is asked whether it accepts a value. */
interface Validator {
  readonly "~standard"?: { validate(value: unknown): MaybePromise<{ readonly issues?: unknown }> };
}

/**
 * Whether the fields of a request pass the schema that `defineValidatedHandler` has for them. It may be a guard, so it has
 * to decide on a hit, too. No schema: they do.
 */
export function passesHeaders(schema: unknown, { headers }: Request): MaybePromise<boolean> {
  const standard = (schema as Validator | undefined)?.["~standard"];
  if (standard === undefined) return true;
  return passes(() => standard.validate(Object.fromEntries(headers.entries())));
}

async function passes(validate: () => MaybePromise<{ readonly issues?: unknown }>): Promise<boolean> {
  try {
    return !(await validate()).issues;
  } catch {
    // The handler fails with it, too.
    return false;
  }
}
