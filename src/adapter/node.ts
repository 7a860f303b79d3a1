export type { Outcome, Run } from "../adapters/node/outcome.ts";
export { respond } from "../adapters/node/respond.ts";
export type { NodeCall, NodeRoute } from "../adapters/node/route.ts";
export { respondToWrite } from "../adapters/node/write-watch.ts";
export type { NodeWriteCall } from "../adapters/node/write-watch.ts";
