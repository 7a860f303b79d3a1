import { srvx } from "../packages/servers.mjs";
import { harnessOf } from "./fetch.ts";

/** Fetch handlers under srvx, which has a class of its own for requests. */
export const srvxHarness = harnessOf("fetch on srvx", {
  declined: {
    "a stream that breaks midway resets the connection of an HTTP/1.0 client":
      "srvx ends the connection, and that is the end of content in HTTP/1.0",
  },
  async listen(handler) {
    const { origin, close } = await srvx(handler);
    return { origin: origin.replace(/\/$/, ""), close: async () => void (await close()) };
  },
});
