import { DefaultValuePipe } from "@nestjs/common";
import type { Type } from "@nestjs/common";
import { declaredQuery } from "../../adapter.ts";
import type { DeclaredQuery } from "../../adapter.ts";
import { NEST } from "./metadata.ts";

/** What Nest keeps of one parameter of a handler. */
interface Parameter {
  readonly index: number;
  readonly data?: unknown;
  readonly pipes?: readonly unknown[];
  /** A Standard Schema (Nest 12). */
  readonly schema?: unknown;
}

type Names = Map<string, readonly string[] | undefined>;

/** The kinds of parameters, as Nest numbers them: `@Req()` and `@Next()` may lead to the whole query. */
const KINDS = { request: "0", next: "2", query: "4" } as const;

/** How Nest marks a parameter of `createParamDecorator`. */
const CUSTOM = "__customRouteArgs__";

/**
 * Returns the query parameters that a method declares: those of `@Query("name")`, with the default of a `DefaultValuePipe`,
 * and the properties of a class in `@Query() query: ListQuery`.
 *
 * Undefined, so that every parameter counts, if it declares none, or may read others: by `@Req()`, `@Next()`, a parameter
 * decorator of the application, or a type whose properties are unknown.
 */
export function declaredQueryOf(controller: Type, name: string): DeclaredQuery | undefined {
  const declared: Names = new Map();
  const parameters = Object.entries(
    (Reflect.getMetadata(NEST.arguments, controller, name) ?? {}) as Readonly<Record<string, Parameter>>,
  );
  for (const [key, parameter] of parameters) {
    const kind = key.split(":", 1)[0];
    if (kind === KINDS.request || kind === KINDS.next || key.includes(CUSTOM)) return undefined;
    if (kind !== KINDS.query) continue;
    if (typeof parameter.data === "string") declared.set(parameter.data, defaultOf(parameter));
    else if (!collect(parameter, typeOf(controller, name, parameter), declared)) return undefined;
  }
  return declared.size === 0 ? undefined : declared;
}

/** Returns the value that a `DefaultValuePipe` gives where the parameter is absent. */
function defaultOf({ pipes: [first] = [] }: Parameter): readonly string[] | undefined {
  const value =
    first instanceof DefaultValuePipe ? (Reflect.get(first, "defaultValue") as unknown) : undefined;
  return ["string", "number", "boolean"].includes(typeof value) ? [String(value)] : undefined;
}

/** Returns the class of a parameter, as the compiler has recorded it. */
function typeOf(controller: Type, name: string, { index }: Parameter): object | undefined {
  const types = Reflect.getMetadata(NEST.types, controller.prototype as object, name) as
    | unknown[]
    | undefined;
  const type = types?.[index];
  return typeof type === "function" ? type : undefined;
}

/** Adds the properties of a whole query. Returns whether they are known. */
function collect({ schema }: Parameter, type: object | undefined, declared: Names): boolean {
  const described = schema ?? (type && Reflect.get(type, "schema"));
  const ofSchema = described === undefined ? undefined : declaredQuery(jsonSchemaOf(described));
  const names = ofSchema ?? (schema === undefined && type !== undefined ? propertiesOf(type) : undefined);
  for (const [name, values] of names ?? []) declared.set(name, values);
  return names !== undefined;
}

/** Returns the JSON Schema of a Standard Schema that has one, such as one of zod 4.2 or later. */
function jsonSchemaOf(schema: unknown): unknown {
  const { "~standard": standard } = Object(schema) as {
    readonly "~standard"?: { readonly jsonSchema?: { input(options: object): unknown } };
  };
  return standard?.jsonSchema?.input({ target: "draft-07" });
}

/** Where class-validator keeps the metadata of all its decorators: on the global object, for all its copies. */
interface ValidatorStorage {
  getTargetValidationMetadatas(
    target: object,
    schema: string,
    always: boolean,
    isStrict: boolean,
  ): readonly { readonly propertyName: string }[];
}

/** Returns the properties that a class declares to class-validator or to `@nestjs/swagger`. Undefined: none. */
function propertiesOf(type: object): Names | undefined {
  const { classValidatorMetadataStorage: storage } = globalThis as {
    readonly classValidatorMetadataStorage?: ValidatorStorage;
  };
  const validated = storage?.getTargetValidationMetadatas(type, "", false, false) ?? [];
  const prototype = Reflect.get(type, "prototype") as object;
  const described = (Reflect.getMetadata("swagger/apiModelPropertiesArray", prototype) ?? []) as string[];
  // What the plugin of @nestjs/swagger adds while it compiles.
  const plugged: unknown = Reflect.get(type, "_OPENAPI_METADATA_FACTORY");
  const names = [
    ...validated.map(({ propertyName }) => propertyName),
    ...described.map((name) => name.replace(/^:/, "")),
    ...(typeof plugged === "function" ? Object.keys(Object(Reflect.apply(plugged, type, []))) : []),
  ];
  return names.length === 0 ? undefined : new Map(names.map((name) => [name, undefined]));
}
