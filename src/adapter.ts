export { contentDigest, engineOf } from "./create-cache.ts";
export type { Cache, Engine } from "./create-cache.ts";
export { addTags, takeTags } from "./core/invalidation/handler-tags.ts";
export { declaredQuery } from "./core/policy/declared-query.ts";
export { CacheError } from "./core/contract/errors.ts";
export { checkedOptions } from "./core/contract/options.ts";
export { isUnsafe } from "./core/invalidation/unsafe-methods.ts";
export { statusOfError } from "./core/invalidation/writes.ts";
export type { Invalidates, Invalidation, WriteContext, WriteEnd } from "./core/invalidation/writes.ts";
export type { RouteContext } from "./core/policy/policy.ts";
export type { Refusal } from "./core/contract/outcomes.ts";
export type { JsonSchemaSource, RouteOptions } from "./core/policy/route-options.ts";
export type { Making, MaybePromise } from "./core/contract/store.ts";
export type {
  Abandoned,
  Begin,
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
  ResponseHead,
  Serve,
  Sink,
  StreamedReply,
} from "./core/contract/request-and-policy.ts";
export { changesOf, subtractFields, toFields } from "./http/fields.ts";
export type { Changes, Fields, FieldValue } from "./http/fields.ts";
export { besideEarlier } from "./http/beside.ts";
export { mergeVary } from "./http/vary.ts";
