export { guardCompression } from "../adapters/web/compression-guard.ts";
export { respond } from "../adapters/web/respond.ts";
export { ErrorPage } from "../adapters/web/response.ts";
export type { RefreshCall, Refill, WebCall, WebRoute } from "../adapters/web/route.ts";
export { respondToWrite } from "../adapters/web/writes.ts";
export type { WriteCall } from "../adapters/web/writes.ts";
