export { createCache } from "./create-cache.ts";
export type { Cache, CacheStats } from "./create-cache.ts";
export { memoryStore } from "./stores/memory.ts";
export type { MemoryStoreOptions } from "./stores/memory.ts";
export { rfc9111 } from "./core/rfc9111.ts";
export { CacheError } from "./core/errors.ts";
export type { ErrorCode } from "./core/errors.ts";
export type { CacheOptions, CacheStatusOptions } from "./core/cache-options.ts";
export type { ExplainRequest } from "./core/asked.ts";
export type {
  ExplainedEntry,
  ExplainedFreshness,
  ExplainedKey,
  ExplainedOutcome,
  ExplainedReason,
  Explanation,
} from "./core/explain.ts";
export type { JsonSchemaSource, RouteOptions } from "./core/options.ts";
export type { Tagged } from "./core/tagging.ts";
export type { InNamespace, ManualOptions, ManualResponse } from "./core/manual.ts";
export type { Clock } from "./core/clock.ts";
export type {
  OnError,
  Outcome,
  Refusal,
  CallbackFailure,
  RefreshFailure,
  Report,
  Reporter,
  StoreFailure,
} from "./core/events.ts";
export type { ChooseVariant, Entry, MaybePromise, Store, StoreStats } from "./core/store.ts";
export type { ResponseHead, StatusHeader, StoredResponse } from "./core/types.ts";
export type { Fields, FieldValue } from "./http/fields.ts";
