import { once } from "node:events";
import type { AddressInfo, Server } from "node:net";
import type { ContractServer } from "../../../src/testing/index.ts";

/** Listens on a free port of 127.0.0.1. `closeConnections` ends what is open when the server closes. */
export async function listening(
  server: Server & { closeAllConnections?(): void },
  closeConnections: () => void = () => server.closeAllConnections?.(),
): Promise<ContractServer> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.close();
      closeConnections();
      await once(server, "close");
    },
  };
}
