export { createCache } from "./create-cache.ts";
export type { Cache, CacheStats } from "./create-cache.ts";
export { memoryStore } from "./stores/memory.ts";
export type { MemoryStoreOptions } from "./stores/memory.ts";
export { rfc9111 } from "./core/policy/rfc9111.ts";
export { CacheError } from "./core/contract/errors.ts";
export type { ErrorCode } from "./core/contract/errors.ts";
export type { CacheOptions, CacheStatusOptions, StoreTimeouts } from "./core/policy/cache-options.ts";
export type { ExplainRequest } from "./core/explain/described-request.ts";
export type {
  ExplainedEntry,
  ExplainedFreshness,
  ExplainedKey,
  ExplainedOutcome,
  ExplainedReason,
  Explanation,
} from "./core/explain/explanation.ts";
export type { JsonSchemaSource, RouteOptions } from "./core/policy/route-options.ts";
export type { ParametersOf } from "./core/invalidation/path-pattern.ts";
export type {
  Invalidated,
  OfNamespace,
  OfRoute,
  OfUrl,
  Softly,
  Tagged,
  Which,
} from "./core/invalidation/which.ts";
export type { Invalidates } from "./core/invalidation/writes.ts";
export type { InNamespace, ManualOptions, ManualResponse } from "./core/storing/manual-entry.ts";
export type { StoreState } from "./core/lookup/store-state.ts";
export type { Clock } from "./core/contract/platform.ts";
export type {
  OnError,
  Outcome,
  Refusal,
  CallbackFailure,
  InvalidationFailure,
  RefreshFailure,
  Remark,
  Report,
  Reporter,
  StoreFailure,
  StoreSwitch,
} from "./core/contract/outcomes.ts";
export { headOf } from "./core/contract/store.ts";
export type {
  ChooseVariant,
  Entry,
  EntryHead,
  Leases,
  Look,
  Mark,
  Marks,
  MaybePromise,
  Read,
  Store,
  StoreStats,
} from "./core/contract/store.ts";
export type { ResponseHead, StatusHeader, StoredResponse } from "./core/contract/request-and-policy.ts";
export type { Fields, FieldValue } from "./http/fields.ts";
