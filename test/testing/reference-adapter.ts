import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { engineOf, mergeVary, toFields } from "../../src/adapter.ts";
import type {
  Decision,
  Fill,
  Fields,
  OpenFill,
  Policy,
  Reply,
  RequestRecord,
  RouteOptions,
} from "../../src/adapter.ts";
import type { Cache } from "../../src/index.ts";
import type {
  AdapterHarness,
  ContractAnswer,
  ContractRequest,
  ContractRoute,
} from "../../src/testing/adapter-harness.ts";

/** The smallest adapter: bare `node:http`, whose handlers return what they answer, so that it only has to wrap them. */
export const reference: AdapterHarness = {
  name: "node:http",
  async start(cache, routes) {
    const bound = routes.map((route) => bind(route, route.cache ?? cache));
    const server = createServer((request, response) => {
      serve(bound, request, response).catch(() => {
        if (response.headersSent) response.destroy();
        else response.writeHead(500).end();
      });
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return {
      origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      async close() {
        server.close();
        server.closeAllConnections();
        await once(server, "close");
      },
    };
  },
};

type Native = IncomingMessage;

interface Bound {
  readonly route: ContractRoute;
  begin(record: RequestRecord<Native>): Decision | Promise<Decision> | undefined;
}

function bind(route: ContractRoute, cache: Cache): Bound {
  if (route.options === undefined) return { route, begin: () => undefined };
  const engine = engineOf(cache);
  const policy: Policy<Native> = engine.policy(route.options as RouteOptions<Native>, {
    route: `${route.method} ${route.path}`,
  });
  return { route, begin: (record) => engine.begin(record, policy) };
}

async function serve(
  bound: readonly Bound[],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const target = request.url ?? "/";
  const method = request.method === "HEAD" ? "GET" : request.method;
  const found = bound.find(({ route }) => route.method === method && route.path === target.split("?")[0]);
  if (found === undefined) return void response.writeHead(404).end();
  const { route } = found;
  say(response, toFields(route.earlier?.() ?? {}));
  const content = await parsed(request);
  if (route.guard !== undefined) {
    route.guard.onRun?.();
    if (request.headers["x-key"] === undefined) return void response.writeHead(401).end("no key");
  }
  const earlier = toFields(response.getHeaders());
  const header = (name: string): string | undefined =>
    [request.headers[name] ?? []].flat().join(", ") || presence(request, name);
  const decision = await found.begin({
    method: request.method ?? "GET",
    origin: `http://${request.headers.host}`,
    target,
    native: request,
    header,
    content: () => content,
  });
  if (decision?.kind === "serve") return send(response, decision.reply);
  if (decision === undefined || decision.kind === "bypass") {
    const answer = await route.handler(seen(request, target, header));
    const fields = [...headOf(answer), ...(decision?.fields ?? [])];
    return passOn(response, answer, { status: answer.status ?? 200, fields }, undefined);
  }
  await fill(
    decision,
    earlier,
    route,
    seen(request, decision.target ?? target, shown(header, decision)),
    response,
  );
}

async function fill(
  run: Fill,
  earlier: Fields,
  route: ContractRoute,
  request: ContractRequest,
  response: ServerResponse,
): Promise<void> {
  let open: OpenFill | undefined;
  response.once("close", () => {
    if (!response.writableFinished) (open ?? run).abandon("aborted");
  });
  try {
    const answer = await route.handler(request);
    open = run.open({ status: answer.status ?? 200, fields: headOf(answer), earlier });
    const { body } = answer;
    // A 304 has no content, whatever its handler gave it.
    if (isStream(body) && answer.status !== 304) return await passOn(response, answer, open.stream(), open);
    if (response.destroyed) return open.abandon("aborted");
    const isWhole = !isStream(body) && !isBytes(body) && body !== undefined;
    send(response, open.complete(isWhole ? JSON.stringify(body) : isBytes(body) ? body : undefined));
  } catch (error) {
    (open ?? run).abandon("failed");
    throw error;
  }
}

/** Sends an answer with the head that was decided for it, and copies of its stream into the sink. */
async function passOn(
  response: ServerResponse,
  answer: ContractAnswer,
  head: { readonly status: number; readonly fields: Fields; readonly sink?: Sink },
  open: OpenFill | undefined,
): Promise<void> {
  response.statusCode = head.status;
  say(response, head.fields);
  const { body } = answer;
  if (!isStream(body)) return void response.end(isBytes(body) ? body : body && JSON.stringify(body));
  response.flushHeaders();
  for await (const part of body) {
    if (response.destroyed) return open?.abandon("aborted");
    head.sink?.write(part);
    if (!response.write(part)) await Promise.race([once(response, "drain"), once(response, "close")]);
  }
  if (response.destroyed) return open?.abandon("aborted");
  head.sink?.end();
  response.end();
}

type Sink = ReturnType<OpenFill["stream"]>["sink"];

function send(response: ServerResponse, reply: Reply): void {
  response.statusCode = reply.status;
  say(response, reply.fields);
  response.end(reply.body);
}

function say(response: ServerResponse, fields: Fields): void {
  for (const [name, value] of fields) {
    const present = response.getHeader(name) as string | string[] | undefined;
    if (name === "vary") response.setHeader(name, mergeVary(present, [value].flat()));
    else if (name === "set-cookie") response.setHeader(name, [present ?? [], value].flat());
    else response.setHeader(name, value);
  }
}

function headOf({ headers = {}, body }: ContractAnswer): Fields {
  const isObject = typeof body === "object" && !isBytes(body) && !isStream(body);
  return toFields(isObject ? { "content-type": "application/json", ...headers } : headers);
}

function seen(
  request: IncomingMessage,
  url: string,
  header: (name: string) => string | undefined,
): ContractRequest {
  const parameters = new URL(url, "http://a").searchParams;
  return { method: request.method ?? "GET", url, query: (name) => parameters.getAll(name), header };
}

/** A request's fields as the handler of a fill sees them. */
function shown(
  header: (name: string) => string | undefined,
  { hidden, conditions }: Pick<Fill, "hidden" | "conditions">,
): typeof header {
  const put = new Map(conditions.map(([name, value]) => [name, [value].flat().join(", ")]));
  return (name) => put.get(name) ?? (hidden.includes(name) ? undefined : header(name));
}

function presence(request: IncomingMessage, name: string): string | undefined {
  return request.headers[name] === undefined ? undefined : "";
}

async function parsed(request: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  const body = Buffer.concat(parts).toString();
  return body === "" ? undefined : (JSON.parse(body) as unknown);
}

function isBytes(body: ContractAnswer["body"]): body is string | Uint8Array {
  return typeof body === "string" || body instanceof Uint8Array;
}

function isStream(body: ContractAnswer["body"]): body is AsyncIterable<Uint8Array> {
  return typeof body === "object" && Symbol.asyncIterator in body;
}
