/** Starts a compiled example; see server.mjs. */
export declare function startServer(
  name: string,
  options?: {
    readonly port?: number;
    readonly env?: Readonly<Record<string, string>>;
    readonly timeoutMs?: number;
  },
): Promise<{ readonly address: string; readonly closed: Promise<unknown>; stop(): Promise<void> }>;

/** Asks for a URL, with no header of its own; see server.mjs. */
export declare function ask(
  url: string,
  headers?: Readonly<Record<string, string>>,
): Promise<{
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly size: number;
}>;
