import type { DeclaredQuery } from "../contract/request-and-policy.ts";

type JsonSchema = Readonly<Record<string, unknown>>;

const DEEPEST = 16;

/** Keywords that may admit parameters that are not collected here: of JSON Schema, then of Ajv's plugins. */
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

/** The parameters collected so far. */
interface Collected {
  readonly declared: Map<string, readonly string[] | undefined>;
  /** Names in `required`. */
  readonly required: Set<string>;
}

/**
 * Returns the parameters that a JSON Schema of a query declares, each with its default's values or undefined.
 *
 * Collects `properties` and `required` through `$ref`, `allOf`, `anyOf` and `oneOf`. References that begin with `#/` are
 * looked up in the schema itself; `resolve` returns the schemas of the others. A schema builder is read by its `valueOf`.
 *
 * Returns undefined, so that every parameter counts, if the schema lists no names, cannot be read, or has a keyword that
 * may admit other names (`additionalProperties`, `patternProperties`, `not`, `propertyNames`, `if`).
 *
 * @example
 * declaredQuery({ properties: { page: { type: "integer", default: 1 }, sort: { type: "string" } } });
 * // Map { "page" => ["1"], "sort" => undefined }
 */
export function declaredQuery(
  schema: unknown,
  resolve: (reference: string) => unknown = () => undefined,
): DeclaredQuery | undefined {
  const declared = new Map<string, readonly string[] | undefined>();
  const required = new Set<string>();
  const root = built(schema);
  const isClosed = collect(root, root, resolve, { declared, required }, DEEPEST);
  // `{}` and `{ type: "object" }` do not list names. `properties: {}` lists none.
  const isListed = declared.size > 0 || (isSchema(root) && root["properties"] !== undefined);
  if (!isClosed || !isListed) return undefined;
  for (const name of required) declared.set(name, declared.get(name));
  return declared;
}

function collect(
  given: unknown,
  root: unknown,
  resolve: (reference: string) => unknown,
  { declared, required }: Collected,
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
    // Which alternative's defaults a validator fills in, if any, is not known.
    for (const name of found.keys()) declared.set(name, declared.get(name));
    return true;
  });
}

/** Returns the schema of a builder such as `fluent-json-schema`. The `valueOf` of any other object is the object. */
function built(schema: unknown): unknown {
  return typeof schema === "object" && schema !== null ? schema.valueOf() : schema;
}

/** Returns a default as query values, or undefined if there is none that a query can have. */
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
