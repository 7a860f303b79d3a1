import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { engineOf, mergeVary, toFields } from "../../src/adapter.ts";
import type {
  Decision,
  Invalidation,
  Making,
  Fill,
  Fields,
  Follow,
  OpenFill,
  Policy,
  Reply,
  RequestRecord,
  RouteOptions,
  StreamedReply,
} from "../../src/adapter.ts";
import type { Cache } from "../../src/index.ts";
import type {
  AdapterHarness,
  ContractResponse,
  ContractRequest,
  ContractRoute,
} from "../../src/testing/adapter-harness.ts";

/** The smallest adapter: bare `node:http`. Its handlers return their response, so it only has to wrap them. */
export const reference: AdapterHarness = {
  name: "node:http",
  declined: {
    "a strong ETag is not sent with content that middleware encodes": "nothing in front of it codes",
    "a strong ETag is not sent with a stream that middleware encodes": "nothing in front of it codes",
  },
  async start(cache, routes) {
    const bound = routes.map((route) => bind(route, route.cache ?? cache));
    const server = createServer((request, response) => {
      serve(bound, request, response).catch((error: { readonly status?: number }) => {
        // A client of HTTP/1.0 takes the end of a connection for the end of the content, and a reset for none.
        if (response.headersSent) response.req.socket.resetAndDestroy();
        else response.writeHead(error.status ?? 500).end();
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

/** What middleware in front still writes as the head is sent. */
const lates = new WeakMap<ServerResponse, NonNullable<ContractRoute["lateCookies"]>>();

interface Bound {
  readonly route: ContractRoute;
  readonly invalidate: Invalidation<[]> | undefined;
  arrival(): number;
  begin(record: RequestRecord<Native>): Decision | Promise<Decision> | undefined;
}

function bind(route: ContractRoute, cache: Cache): Bound {
  const engine = engineOf(cache);
  const label = `${route.method} ${route.path}`;
  const invalidate =
    route.invalidates && engine.invalidates(route.invalidates, { route: label, option: "invalidates" });
  if (route.options === undefined)
    return { route, invalidate, arrival: engine.arrival, begin: () => undefined };
  const policy: Policy<Native> = engine.policy(route.options as RouteOptions<Native>, {
    route: label,
    name: `${route.method} ${route.path} ${route.only ?? ""}`,
  });
  return { route, invalidate, arrival: engine.arrival, begin: (record) => engine.begin(record, policy) };
}

async function serve(
  bound: readonly Bound[],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const target = request.url ?? "/";
  const method = request.method === "HEAD" ? "GET" : request.method;
  const found = bound.find(
    ({ route: { method: own, path, only } }) =>
      own === method &&
      path === target.split("?")[0] &&
      (only === undefined || only === request.headers["x-only"]),
  );
  if (found === undefined) return void response.writeHead(404).end();
  const { route } = found;
  const arrivedAt = found.arrival();
  response.once("finish", () => route.log?.(target));
  say(response, toFields(route.earlier?.() ?? {}));
  if (route.lateCookies !== undefined) lates.set(response, route.lateCookies);
  const content = await parsed(request);
  if (route.guard !== undefined) {
    route.guard.onRun?.();
    if (request.headers["x-key"] === undefined) return void response.writeHead(401).end("no key");
  }
  const earlier = toFields(response.getHeaders());
  const header = (name: string): string | undefined =>
    [request.headers[name] ?? []].flat().join(", ") || presence(request, name);
  const shownTo = ({ target: own = target, ...run }: Fill, name: string): ContractRequest =>
    seen(name, own, shown(header, run));
  const record: RequestRecord<IncomingMessage> = {
    method: request.method ?? "GET",
    origin: `http://${request.headers.host}`,
    target,
    native: request,
    arrivedAt,
    isHeld: () => response.socket === null,
    header,
    content: () => content,
    refresh: (run) =>
      void setImmediate(() =>
        refresh(run, route, request, shownTo(run, method ?? "GET")).catch(() => undefined),
      ),
  };
  let decision = await found.begin(record);
  // A response behind another one on its connection is sent nothing, and its client is not a slow reader.
  if (decision?.kind === "follow") await turnOf(response);
  if (decision?.kind === "follow" && decision.isCut()) decision = await found.begin(record);
  if (decision?.kind === "serve") return send(response, decision.reply);
  if (decision?.kind === "follow") return follow(response, decision, decision.content);
  if (decision === undefined || decision.kind === "bypass") {
    const answer = await written(found.invalidate, response, () =>
      route.handler(seen(request.method ?? "GET", target, header)),
    );
    const fields = [...headOf(answer), ...(decision?.fields ?? [])];
    for (const [name, value] of decision?.unlessSet ?? [])
      if (!fields.some(([known]) => known === name)) fields.push([name, value]);
    await passOn(response, answer, { status: answer.status ?? 200, fields, making: makingOf(answer) });
    // A stream may have written until its end.
    if (isStream(answer.body)) await found.invalidate?.({ status: answer.status ?? 200 });
    return;
  }
  await fill(decision, earlier, route, shownTo(decision, request.method ?? "GET"), response);
}

/** Runs the handler of a write, and invalidates before its response is sent. */
async function written(
  invalidate: Invalidation<[]> | undefined,
  response: ServerResponse,
  run: () => ContractResponse | Promise<ContractResponse>,
): Promise<ContractResponse> {
  if (invalidate === undefined) return run();
  const leave = (): void => void invalidate({ status: undefined });
  response.once("close", leave);
  try {
    const answer = await run();
    await invalidate({ status: answer.status ?? 200 });
    return answer;
  } catch (error) {
    await invalidate({ status: (error as { status?: number }).status ?? 500, hasThrown: true });
    throw error;
  } finally {
    response.removeListener("close", leave);
  }
}

async function fill(
  run: Fill,
  earlier: Fields,
  route: ContractRoute,
  request: ContractRequest,
  response: ServerResponse,
): Promise<void> {
  let open: OpenFill | undefined;
  const onClose = (): void => {
    if (open === undefined && !response.writableFinished) run.leave();
  };
  response.once("close", onClose);
  if (response.destroyed) onClose();
  try {
    const answer = await route.handler(request);
    open = run.open({
      status: answer.status ?? 200,
      fields: headOf(answer),
      earlier,
      making: makingOf(answer),
      tags: answer.tags,
    });
    const go = lates.has(response) ? open.defer?.() : undefined;
    const { body } = answer;
    // A 304 has no content, whatever its handler gave it.
    if (!isStream(body) || answer.status === 304) return send(response, open.complete(wholeOf(body)), go);
    // Node writes a head that goes out before its content in UTF-8, and not the head of a hit.
    if (/[^\0-\x7F]/.test(JSON.stringify([headOf(answer), response.getHeaders()]))) open.refuse("malformed");
    const parts = body[Symbol.asyncIterator]();
    const streamed = open.stream(() => void parts.return?.());
    if (streamed.sink === undefined) return await passOn(response, { ...answer, body }, streamed, go);
    // Read before anything is written, so that nothing of it is missed; never where there is no client to read it.
    const content = response.destroyed ? undefined : streamed.content;
    void pump(parts, streamed.sink);
    if (content !== undefined) return await follow(response, streamed, content, go);
    go?.();
    streamed.sink.leave();
  } catch (error) {
    if (open === undefined) run.isAnswer(error);
    (open ?? run).abandon("failed");
    if (open === undefined) say(response, run.passed("failed"));
    throw error;
  }
}

/** Runs a route's guard and handler for a refresh, without a client. */
async function refresh(
  run: Fill,
  route: ContractRoute,
  native: IncomingMessage,
  request: ContractRequest,
): Promise<void> {
  try {
    const earlier = toFields(route.earlier?.() ?? {});
    route.guard?.onRun?.();
    if (route.guard !== undefined && native.headers["x-key"] === undefined) return run.abandon("failed");
    const answer = await answerOf(run, route, request);
    const open = run.open({
      status: answer.status ?? 200,
      fields: headOf(answer),
      earlier,
      making: makingOf(answer),
      tags: answer.tags,
    });
    const { body } = answer;
    if (!isStream(body) || answer.status === 304) return void open.complete(wholeOf(body));
    const parts = body[Symbol.asyncIterator]();
    const { sink } = open.stream(() => void parts.return?.());
    if (sink === undefined) await parts.return?.();
    else await pump(parts, sink);
  } catch (error) {
    run.abandon("failed", error);
  }
}

/** Waits until no other response is being sent on its connection, or the client has disconnected. */
async function turnOf(response: ServerResponse): Promise<void> {
  const { socket } = response.req;
  if (response.socket === null && !socket.destroyed)
    await Promise.race([once(response, "socket"), once(socket, "close")]);
}

async function answerOf(
  run: Fill,
  { handler }: ContractRoute,
  request: ContractRequest,
): Promise<ContractResponse> {
  try {
    return await handler(request);
  } catch (error) {
    run.isAnswer(error);
    throw error;
  }
}

/** Puts a source into a sink, as fast as somebody wants it. */
async function pump(parts: AsyncIterator<Uint8Array>, sink: Sink): Promise<void> {
  try {
    for (;;) {
      await sink.room();
      const { done, value } = await parts.next();
      if (done === true) return sink.end();
      sink.write(value);
    }
  } catch (error) {
    sink.abandon("failed", error);
  }
}

/** Sends a content at its client's own pace; where it breaks off, so does the connection. */
async function follow(
  response: ServerResponse,
  head: Pick<Follow | StreamedReply, "status" | "fields" | "unlessSet" | "making">,
  content: AsyncIterableIterator<Uint8Array>,
  go?: Go,
): Promise<void> {
  response.once("close", () => void content.return?.());
  if (response.destroyed) {
    go?.();
    return void content.return?.();
  }
  await passOn(response, { body: content }, head, go);
}

/** Sends a response with the head that was decided for it. */
async function passOn(
  response: ServerResponse,
  { body }: ContractResponse,
  head: Pick<StreamedReply, "status" | "fields" | "unlessSet" | "making">,
  go?: Go,
): Promise<void> {
  response.statusCode = head.status;
  say(response, head.fields, head.making, head.unlessSet);
  sayLate(response, go);
  // Bytes, as a hit is: with text, Node writes the head in UTF-8.
  if (!isStream(body)) return void response.end(Buffer.from(wholeOf(body) ?? ""));
  response.flushHeaders();
  const closed = new Promise((resolve) => response.once("close", resolve));
  for await (const part of body) {
    if (response.destroyed) return;
    if (!response.write(part)) await Promise.race([once(response, "drain"), closed]);
  }
  response.end();
}

type Sink = NonNullable<StreamedReply["sink"]>;

function wholeOf(body: ContractResponse["body"]): string | Uint8Array | undefined {
  return isBytes(body) ? body : body === undefined || isStream(body) ? undefined : JSON.stringify(body);
}

function send(response: ServerResponse, reply: Reply, go?: Go): void {
  response.statusCode = reply.status;
  say(response, reply.fields, reply.making, reply.unlessSet);
  sayLate(response, go);
  response.end(reply.body);
}

type Go = ReturnType<NonNullable<OpenFill["defer"]>>;

/** Lets middleware in front change the head last, and tells the cache what has changed. */
function sayLate(response: ServerResponse, go?: Go): void {
  const lines = lates.get(response)?.() ?? [];
  if (lines.length > 0) say(response, [["set-cookie", lines]]);
  if (go !== undefined) say(response, go(lines.length > 0 ? "late-cookie" : undefined));
}

function say(response: ServerResponse, fields: Fields, making?: Making, unlessSet: Fields = []): void {
  for (const name of making?.removed ?? []) response.removeHeader(name);
  for (const [name, value] of fields) {
    const present = response.getHeader(name) as string | string[] | undefined;
    if (name === "vary") response.setHeader(name, mergeVary(present, [value].flat()));
    else if (name === "set-cookie" || making?.added?.includes(name))
      response.setHeader(name, [present ?? [], value].flat());
    else response.setHeader(name, value);
  }
  for (const [name, value] of unlessSet) if (!response.hasHeader(name)) response.setHeader(name, value);
}

function headOf({ headers = {}, adds = {}, body }: ContractResponse): Fields {
  const isObject = typeof body === "object" && !isBytes(body) && !isStream(body);
  return toFields({ ...(isObject && { "content-type": "application/json" }), ...headers, ...adds });
}

function makingOf({ removes = [], adds = {} }: ContractResponse): Making {
  return { removed: removes, added: Object.keys(adds) };
}

function seen(method: string, url: string, header: (name: string) => string | undefined): ContractRequest {
  const parameters = new URL(url, "http://a").searchParams;
  return { method, url, query: (name) => parameters.getAll(name), header };
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

function isBytes(body: ContractResponse["body"]): body is string | Uint8Array {
  return typeof body === "string" || body instanceof Uint8Array;
}

function isStream(body: ContractResponse["body"]): body is AsyncIterable<Uint8Array> {
  return typeof body === "object" && Symbol.asyncIterator in body;
}
