import type { DeclaredQuery } from "./types.ts";

/** A JSON Schema, as far as it is read here. */
type JsonSchema = Readonly<Record<string, unknown>>;

const DEEPEST = 16;

/** Keywords that admit names which are not read here. */
const OPEN: readonly string[] = [
  "dependencies",
  "dependentSchemas",
  "else",
  "patternProperties",
  "then",
  "unevaluatedProperties",
];

/**
 * Reads the parameters that a JSON Schema of a query declares, with their defaults.
 *
 * Properties are collected through `$ref` (by `resolve`, and `#/definitions` or `#/$defs` of the schema itself),
 * `allOf`, `anyOf` and `oneOf`. Answers undefined where the schema admits names that it does not list
 * (`additionalProperties`, `patternProperties`), lists none, or cannot be read: then every parameter counts.
 */
export function declaredQuery(
  schema: unknown,
  resolve: (reference: string) => unknown = () => undefined,
): DeclaredQuery | undefined {
  const declared = new Map<string, readonly string[] | undefined>();
  const isClosed = collect(schema, schema, resolve, declared, DEEPEST);
  // `{}` and `{ type: "object" }` say nothing of names; `properties: {}` says that there are none.
  const isSaid = declared.size > 0 || (isSchema(schema) && schema["properties"] !== undefined);
  return isClosed && isSaid ? declared : undefined;
}

function collect(
  part: unknown,
  root: unknown,
  resolve: (reference: string) => unknown,
  declared: Map<string, readonly string[] | undefined>,
  depth: number,
): boolean {
  if (!isSchema(part) || depth === 0) return false;
  if (OPEN.some((keyword) => part[keyword] !== undefined)) return false;
  if ((part["additionalProperties"] ?? false) !== false) return false;
  const { $ref: reference, properties } = part;
  if (typeof reference === "string") {
    const local = reference.startsWith("#/");
    const target = local ? at(root, reference.slice(2).split("/")) : resolve(reference);
    if (!collect(target, local ? root : target, resolve, declared, depth - 1)) return false;
  }
  if (isSchema(properties)) {
    for (const [name, property] of Object.entries(properties)) {
      declared.set(name, defaultOf(property) ?? declared.get(name));
    }
  }
  return ["allOf", "anyOf", "oneOf"].every((keyword) => {
    const members = part[keyword];
    if (!Array.isArray(members)) return true;
    const found = keyword === "allOf" ? declared : new Map<string, readonly string[] | undefined>();
    if (!members.every((member) => collect(member, root, resolve, found, depth - 1))) return false;
    // Of alternatives only the names are sure: which of their defaults a validator fills in, if any, is not known.
    for (const name of found.keys()) declared.set(name, declared.get(name));
    return true;
  });
}

/** A default as the texts that a query would carry; undefined where there is none that a query could say. */
function defaultOf(property: unknown): readonly string[] | undefined {
  if (!isSchema(property) || property["default"] === undefined || property["default"] === null)
    return undefined;
  const values = [property["default"]].flat();
  return values.every((value) => ["string", "number", "boolean"].includes(typeof value))
    ? values.map(String)
    : undefined;
}

function at(root: unknown, path: readonly string[]): unknown {
  let found = root;
  for (const step of path) {
    found = isSchema(found) ? own(found, step.replaceAll("~1", "/").replaceAll("~0", "~")) : undefined;
  }
  return found;
}

function own(record: JsonSchema, name: string): unknown {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
