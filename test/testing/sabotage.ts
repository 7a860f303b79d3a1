import type {
  Cache,
  Decision,
  Fill,
  HandlerHead,
  Invalidation,
  Making,
  OpenFill,
  Reply,
  RequestRecord,
  Sink,
} from "../../src/adapter.ts";
import type { RouteOptions } from "../../src/index.ts";
import { withAlteredEngine } from "../../src/testing/altered-engine.ts";
import type { AdapterHarness, ContractResponse, ContractRoute } from "../../src/testing/index.ts";
import { reference } from "./reference-adapter.ts";

/** The parts of a working adapter that a saboteur may put wrong. */
export interface Sabotage {
  readonly route?: (route: ContractRoute) => ContractRoute;
  readonly record?: <Native>(record: RequestRecord<Native>) => RequestRecord<Native>;
  readonly decision?: (decision: Decision) => Decision;
  readonly invalidates?: (invalidate: Invalidation<[]>) => Invalidation<[]>;
  readonly begin?: (begin: () => Decision | Promise<Decision>) => Decision | Promise<Decision>;
}

/** The reference adapter with something put wrong: what an author's slip would look like from outside. */
export function sabotaged(parts: Sabotage): AdapterHarness {
  const { route = (same) => same } = parts;
  return {
    name: "sabotaged",
    start: (cache, routes) => {
      const wronged = routes
        .map(route)
        .map((one) => (one.cache ? { ...one, cache: wrong(one.cache, parts) } : one));
      return reference.start(wrong(cache, parts), wronged);
    },
  };
}

function wrong(cache: Cache, parts: Sabotage): Cache {
  const { record = (same) => same, decision = (same) => same, begin = (run) => run() } = parts;
  return withAlteredEngine(cache, (engine) => ({
    invalidates: (tags, context) => {
      const invalidate = engine.invalidates(tags, context);
      return parts.invalidates === undefined ? invalidate : (parts.invalidates(invalidate as never) as never);
    },
    begin: (request, policy) => {
      const decided = begin(() => engine.begin(record(request), policy));
      return decided instanceof Promise ? decided.then(decision) : decision(decided);
    },
  }));
}

/** A fill whose open half is another. */
export function reopened(decision: Decision, alter: (open: OpenFill) => OpenFill): Decision {
  if (decision.kind !== "fill") return decision;
  return refilled(decision, { open: (head) => alter(decision.open(head)) });
}

/** A fill whose head misstates what its handler did to earlier fields. */
export function remaking(decision: Decision, making: Making): Decision {
  if (decision.kind !== "fill") return decision;
  return refilled(decision, {
    open: (head) => decision.open({ ...head, making: { ...head.making, ...making } }),
  });
}

/** A fill with some members replaced; the others stay bound to it. */
export function refilled(fill: Fill, parts: Partial<Fill>): Fill {
  return {
    kind: "fill",
    target: fill.target,
    received: fill.received,
    keepsParameter: fill.keepsParameter,
    hidden: fill.hidden,
    conditions: fill.conditions,
    refusal: (head) => fill.refusal(head),
    open: (head) => fill.open(head),
    leave: () => fill.leave(),
    isAnswer: (error, said) => fill.isAnswer(error, said),
    abandon: (reason, error) => fill.abandon(reason, error),
    passed: (reason) => fill.passed(reason),
    ...parts,
  };
}

/** An open fill with some members replaced. */
export function remade(open: OpenFill, parts: Partial<OpenFill>): OpenFill {
  return {
    storable: open.storable,
    complete: (body) => open.complete(body),
    stream: (stop) => open.stream(stop),
    refuse: (reason) => open.refuse(reason),
    defer: () => open.defer?.() ?? (() => []),
    abandon: (reason) => open.abandon(reason),
    ...parts,
  };
}

/** A sabotage of what the cache is told of each handler's response, also of those that are made in the background. */
export function misled(alter: (head: HandlerHead) => HandlerHead): Sabotage {
  const wronged = (fill: Fill): Fill => refilled(fill, { open: (head) => fill.open(alter(head)) });
  return {
    decision: (made) => (made.kind === "fill" ? wronged(made) : made),
    record: (record) => altered(record, { refresh: (fill) => record.refresh?.(wronged(fill)) }),
  };
}

type Sent = Pick<Reply, "fields" | "unlessSet">;

/** A decision whose fields are sent in another way. */
export function resent(decision: Decision, alter: (sent: Sent) => Sent): Decision {
  if (decision.kind === "serve")
    return { ...decision, reply: { ...decision.reply, ...alter(decision.reply) } };
  if (decision.kind !== "fill") return { ...decision, ...alter(decision) };
  return reopened(decision, (open) =>
    remade(open, {
      complete: (body) => {
        const reply = open.complete(body);
        return { ...reply, ...alter(reply) };
      },
      stream: (stop) => {
        const reply = open.stream(stop);
        return { ...reply, ...alter(reply) };
      },
    }),
  );
}

/** An open fill of a response that passes by the cache. */
export function passedBy({ status, fields }: HandlerHead): OpenFill {
  return {
    storable: false,
    complete: (body) => ({ status, fields, body: Buffer.from(body ?? "") }),
    stream: () => ({ status, fields, sink: undefined }),
    refuse: () => undefined,
    abandon: () => undefined,
  };
}

/** A record with some members replaced. */
export function altered<Native>(
  record: RequestRecord<Native>,
  parts: Partial<RequestRecord<Native>>,
): RequestRecord<Native> {
  return {
    method: record.method,
    origin: record.origin,
    target: record.target,
    native: record.native,
    header: (name) => record.header(name),
    content: () => record.content?.(),
    refresh: (fill) => record.refresh?.(fill),
    ...parts,
  };
}

/** An open fill that takes no stream in. */
export function unread(open: OpenFill): OpenFill {
  return remade(open, { stream: (stop) => ({ ...open.stream(stop), sink: undefined }) });
}

/** An open fill whose stream ends where it should break. */
export function unbroken(open: OpenFill): OpenFill {
  return remade(open, {
    stream: (stop) => {
      const { status, fields, sink, content } = open.stream(stop);
      if (sink === undefined) return { status, fields, sink };
      const mending: Sink = {
        write: (chunk) => sink.write(chunk),
        room: () => sink.room(),
        hold: (cut) => sink.hold(cut),
        end: () => sink.end(),
        leave: () => sink.leave(),
        abandon: () => sink.end(),
      };
      return { status, fields, sink: mending, content };
    },
  });
}

/** An open fill that is told in another way that the client of its stream has disconnected. */
export function left(open: OpenFill, onLeave: (sink: Sink) => void): OpenFill {
  return remade(open, {
    stream: (stop) => {
      const { status, fields, sink, content } = open.stream(stop);
      if (sink === undefined || content === undefined) return { status, fields, sink };
      const leave = (): Promise<IteratorResult<Uint8Array>> => {
        onLeave(sink);
        return Promise.resolve({ done: true, value: undefined });
      };
      return {
        status,
        fields,
        sink,
        content: { ...returning(content, leave), isCut: () => content.isCut() },
      };
    },
  });
}

/** A content that ends where it should break. */
export function mended(content: AsyncIterableIterator<Uint8Array>): AsyncIterableIterator<Uint8Array> {
  const next = (): Promise<IteratorResult<Uint8Array>> =>
    content.next().catch(() => ({ done: true, value: undefined }));
  return { ...returning(content, () => content.return?.() ?? next()), next };
}

function returning(
  content: AsyncIterableIterator<Uint8Array>,
  leave: () => Promise<IteratorResult<Uint8Array>>,
): AsyncIterableIterator<Uint8Array> {
  return {
    next: () => content.next(),
    return: leave,
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

/** A route whose stream is collected before a byte of it is sent. */
export function buffered(route: ContractRoute): ContractRoute {
  return { ...route, handler: async (request) => collected(await route.handler(request)) };
}

async function collected(answer: ContractResponse): Promise<ContractResponse> {
  const { body } = answer;
  if (typeof body !== "object" || !(Symbol.asyncIterator in body)) return answer;
  const parts: Uint8Array[] = [];
  for await (const part of body) parts.push(part);
  return { ...answer, body: Buffer.concat(parts) };
}

/** A route that runs its handler for one request after another. */
export function queued(route: ContractRoute): ContractRoute {
  let last: Promise<unknown> = Promise.resolve();
  return {
    ...route,
    handler: (request) => {
      const answer = last.then(() => route.handler(request));
      last = answer.catch(() => undefined);
      return answer;
    },
  };
}

/** A route without one of its parts. */
export function omit(route: ContractRoute, part: "options" | "guard"): ContractRoute {
  return Object.fromEntries(
    Object.entries(route).filter(([name]) => name !== part),
  ) as unknown as ContractRoute;
}

/** A route that is declared without one of its options. */
export function undeclared(option: keyof RouteOptions): (route: ContractRoute) => ContractRoute {
  return (route) => {
    if (route.options === undefined) return route;
    const { [option]: _, ...options } = route.options;
    return { ...route, options };
  };
}

/** A route whose handler's responses are altered before the adapter gets them. */
export function answering(
  alter: (answer: ContractResponse, route: ContractRoute) => ContractResponse,
): (route: ContractRoute) => ContractRoute {
  return (route) => ({ ...route, handler: async (request) => alter(await route.handler(request), route) });
}
