export { contentDigest, engineOf } from "./create-cache.ts";
export type { Cache, Engine } from "./create-cache.ts";
export { declaredQuery } from "./core/declared-query.ts";
export { CacheError, checkedOptions } from "./core/errors.ts";
export type { RouteContext } from "./core/policy.ts";
export type { Refusal } from "./core/events.ts";
export type { JsonSchemaSource, RouteOptions } from "./core/options.ts";
export type { Making, MaybePromise } from "./core/store.ts";
export type {
  Abandoned,
  Bypass,
  Decision,
  DeclaredQuery,
  Fill,
  Follow,
  HandlerHead,
  OpenFill,
  Policy,
  Reply,
  RequestRecord,
  Serve,
  Sink,
  StreamedReply,
} from "./core/types.ts";
export { changesOf, subtractFields, toFields } from "./http/fields.ts";
export type { Changes, Fields, FieldValue } from "./http/fields.ts";
export { mergeVary } from "./http/vary.ts";
