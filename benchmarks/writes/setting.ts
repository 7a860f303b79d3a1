/** What one server of the program does. */
export interface Setting {
  readonly framework: "fastify" | "express";
  /** Whether the writes are declared (`invalidates`) or invalidate by hand, in a hook after the response. */
  readonly way: "declared" | "hook";
  /** Whether the write's response is sent whole or in two parts. */
  readonly response: "whole" | "streamed";
  readonly store: StoreKind;
}

/**
 * `slow`: each call of the store takes its time. `memory`: none does. `tiered`: reads come from memory, and an invalidation
 * has effect only when it has reached a shared store and come back.
 */
export type StoreKind = "slow" | "memory" | "tiered";

/** How long the store takes for a call, in ms. */
export const STORE_MS = 5;
