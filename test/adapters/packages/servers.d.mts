type Handler = (request: Request) => Response | Promise<Response>;
type Start = (fetch: Handler) => Promise<{ readonly origin: string; readonly close: () => unknown }>;

export const srvx: Start;
export const whatwgNode: Start;
