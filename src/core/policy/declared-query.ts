import type { DeclaredQuery } from "../contract/request-and-policy.ts";

/** A JSON Schema, as far as it is read here. */
type JsonSchema = Readonly<Record<string, unknown>>;

const DEEPEST = 16;

/** Keywords that admit or mention names which are not read here: those of JSON Schema, then those of Ajv's add-ons. */
const OPEN: readonly string[] = [
  "const",
  "dependencies",
  "dependentRequired",
  "dependentSchemas",
  "else",
  "enum",
  "if",
  "not",
  "patternProperties",
  "propertyNames",
  "then",
  "unevaluatedProperties",
  "$dynamicRef",
  "$recursiveRef",
  "$merge",
  "$patch",
  "anyRequired",
  "deepProperties",
  "deepRequired",
  "oneRequired",
  "patternRequired",
  "prohibited",
  "select",
];

/** What is found on the way through a schema. */
interface Found {
  readonly declared: Map<string, readonly string[] | undefined>;
  /** Names that it requires: they are declared if any are. */
  readonly required: Set<string>;
}

/**
 * Reads the parameters that a JSON Schema of a query declares, with their defaults.
 *
 * Properties and required names are collected through `$ref` (by `resolve`, and `#/definitions` or `#/$defs` of the
 * schema itself), `allOf`, `anyOf` and `oneOf`; a builder of schemas is asked for its `valueOf`. Answers undefined where
 * the schema admits or mentions names that it does not list (`additionalProperties`, `patternProperties`, `not`,
 * `propertyNames`, conditions), lists none, or cannot be read: then every parameter counts.
 */
export function declaredQuery(
  schema: unknown,
  resolve: (reference: string) => unknown = () => undefined,
): DeclaredQuery | undefined {
  const declared = new Map<string, readonly string[] | undefined>();
  const required = new Set<string>();
  const root = built(schema);
  const isClosed = collect(root, root, resolve, { declared, required }, DEEPEST);
  // `{}` and `{ type: "object" }` say nothing of names; `properties: {}` says that there are none.
  const isSaid = declared.size > 0 || (isSchema(root) && root["properties"] !== undefined);
  if (!isClosed || !isSaid) return undefined;
  for (const name of required) declared.set(name, declared.get(name));
  return declared;
}

function collect(
  given: unknown,
  root: unknown,
  resolve: (reference: string) => unknown,
  { declared, required }: Found,
  depth: number,
): boolean {
  const part = built(given);
  if (!isSchema(part) || depth === 0) return false;
  if (OPEN.some((keyword) => part[keyword] !== undefined)) return false;
  if ((part["additionalProperties"] ?? false) !== false) return false;
  const { $ref: reference, properties } = part;
  if (typeof reference === "string") {
    const local = reference.startsWith("#/");
    const target = local ? at(root, reference.slice(2).split("/")) : built(resolve(reference));
    if (!collect(target, local ? root : target, resolve, { declared, required }, depth - 1)) return false;
  }
  if (isSchema(properties)) {
    for (const [name, property] of Object.entries(properties)) {
      declared.set(name, defaultOf(built(property)) ?? declared.get(name));
    }
  }
  for (const name of [part["required"] ?? []].flat()) if (typeof name === "string") required.add(name);
  return ["allOf", "anyOf", "oneOf"].every((keyword) => {
    const members = part[keyword];
    if (!Array.isArray(members)) return true;
    const found = keyword === "allOf" ? declared : new Map<string, readonly string[] | undefined>();
    if (!members.every((member) => collect(member, root, resolve, { declared: found, required }, depth - 1)))
      return false;
    // Of alternatives only the names are sure: which of their defaults a validator fills in, if any, is not known.
    for (const name of found.keys()) declared.set(name, declared.get(name));
    return true;
  });
}

/** What a schema is built to, where it is a builder (`fluent-json-schema`); any other object answers itself. */
function built(schema: unknown): unknown {
  return typeof schema === "object" && schema !== null ? schema.valueOf() : schema;
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
