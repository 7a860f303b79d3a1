export { adapterContract } from "./adapter-contract.ts";
export type { AdapterContractOptions } from "./adapter-contract.ts";
export type {
  AdapterHarness,
  ContractResponse,
  ContractRequest,
  ContractRoute,
  ContractServer,
  Notice,
} from "./adapter-harness.ts";
export { bytesServer, bytesStore } from "./bytes-store.ts";
export type { BytesServer, BytesStoreOptions, StoredResource } from "./bytes-store.ts";
export { chaosStore } from "./chaos-store.ts";
export type { ChaosMode, ChaosPlan, ChaosStore, StoreCall, StoreOperation } from "./chaos-store.ts";
export { testClock } from "./clock.ts";
export type { TestClock } from "./clock.ts";
export { corruptions } from "./corruptions.ts";
export type { Corruption } from "./corruptions.ts";
export { decodeHead, encodeHead } from "./entry-codec.ts";
export type { Lease } from "./shared-server.ts";
export { storeContract } from "./store-contract.ts";
export type { ContractCheck, StoreCapability, StoreContractOptions } from "./store-contract.ts";
