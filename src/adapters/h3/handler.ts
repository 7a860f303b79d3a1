import type { EventHandler, Middleware } from "h3";
import { declaredQuery } from "../../adapter.ts";
import type { DeclaredQuery, JsonSchemaSource } from "../../adapter.ts";

/** What `defineHandler` and `defineValidatedHandler` leave on the handler that they return. */
interface Definition {
  readonly handler?: EventHandler;
  readonly middleware?: readonly Middleware[];
  readonly validate?: { readonly query?: unknown };
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
