/** Starts a compiled example; see server.mjs. */
export declare function startServer(
  name: string,
  options?: { readonly port?: number; readonly timeoutMs?: number },
): Promise<{ readonly address: string; readonly closed: Promise<unknown>; stop(): Promise<void> }>;
