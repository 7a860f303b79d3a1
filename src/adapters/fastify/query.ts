import type { FastifyInstance, RouteOptions } from "fastify";
import { declaredQuery } from "../../adapter.ts";
import type { DeclaredQuery } from "../../adapter.ts";

/**
 * Reads the query parameters that a route declares, with their defaults, from `schema.querystring` or its alias
 * `schema.query`: JSON Schema (also by `$ref`, made by TypeBox, or built by `fluent-json-schema`) or a Standard Schema that offers its JSON Schema (zod 4.2 and up).
 *
 * Answers undefined where the route declares no closed list of parameters.
 */
export function declaredQueryOf(app: FastifyInstance, route: RouteOptions): DeclaredQuery | undefined {
  // Fastify refuses both at once, and takes one for the other once this has been read.
  const { querystring, query = querystring } = (route.schema ?? {}) as {
    readonly querystring?: unknown;
    readonly query?: unknown;
  };
  const schema = query;
  if (schema === undefined) return undefined;
  return declaredQuery(jsonSchemaOf(schema), (reference) => resolved(app, reference));
}

function jsonSchemaOf(schema: unknown): unknown {
  const standard = (
    schema as { "~standard"?: { jsonSchema?: { input(options: object): unknown } } } | null
  )?.["~standard"];
  return standard?.jsonSchema === undefined ? schema : standard.jsonSchema.input({ target: "draft-07" });
}

/** Finds `name#` or `name#/path/in/it` among the schemas that the application has added. */
function resolved(app: FastifyInstance, reference: string): unknown {
  const [id = "", pointer = ""] = reference.split("#", 2);
  let found = app.getSchema(id);
  for (const step of pointer.split("/").filter((name) => name !== "")) {
    found = (found as Readonly<Record<string, unknown>> | undefined)?.[step];
  }
  return found;
}
