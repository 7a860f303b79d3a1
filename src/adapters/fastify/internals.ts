import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";

/** A serializer of a reply or of an application. */
export type Serializer = (payload: unknown, status?: number) => string;

/** The serializer that a reply was given, by its handler or by a hook. */
export function serializerOf(reply: FastifyReply): Serializer | undefined {
  return (kept(reply, "fastify.reply.serializer") ?? undefined) as Serializer | undefined;
}

/** Whether the application has set a serializer for all replies of a route. */
export function hasDefaultSerializer({ request }: FastifyReply): boolean {
  return (kept(contextOf(request), "fastify.replySerializerDefault") ?? undefined) !== undefined;
}

/** How many `onSend` hooks a route has in all; infinitely many where Fastify does not say. */
export function sendHooksOf(request: FastifyRequest): number {
  const { onSend } = contextOf(request) as { onSend?: readonly unknown[] | null };
  return onSend?.length ?? (onSend === null ? 0 : Infinity);
}

/** The class of an application's replies. */
export function replyClassOf(app: FastifyInstance): { readonly prototype: FastifyReply } | undefined {
  return kept(app, "fastify.Reply") as { readonly prototype: FastifyReply } | undefined;
}

/** Whether the next that is sent counts as an error, whatever it is. */
export function isFailing(reply: FastifyReply): boolean {
  return kept(reply, "fastify.reply.isError") === true;
}

/** Where the replies of an application keep their trailers; to be found once, because it takes a microsecond. */
export function trailersSymbol(reply: FastifyReply): symbol | undefined {
  return symbolOf(reply, "fastify.reply.trailers");
}

/** A way to choose between routes of one URL. */
export interface ConstraintStrategy {
  readonly name: string;
  deriveConstraint(request: object, context: unknown, done: () => void): unknown;
}

/** The strategies that an application was made with. */
export function constraintStrategiesOf(app: FastifyInstance): readonly ConstraintStrategy[] {
  const options = (inherited(app, "fastify.options") ?? {}) as Strategic & {
    readonly routerOptions?: Strategic;
  };
  return Object.values(options.routerOptions?.constraints ?? options.constraints ?? {});
}

interface Strategic {
  readonly constraints?: Readonly<Record<string, ConstraintStrategy>>;
}

/** Contexts are made one from the other. */
function inherited(holder: object, name: string): unknown {
  const found = kept(holder, name);
  const outer: unknown = Object.getPrototypeOf(holder);
  return found === undefined && typeof outer === "object" && outer !== null ? inherited(outer, name) : found;
}

function contextOf(request: FastifyRequest): object {
  return kept(request, "fastify.context") ?? {};
}

/** What Fastify keeps under a symbol: it tells this in no other way. */
function kept(holder: object, name: string): unknown {
  const symbol = symbolOf(holder, name);
  return symbol === undefined ? undefined : Reflect.get(holder, symbol);
}

/** The symbols that were found last: mostly there is one copy of Fastify, and looking for one takes a microsecond. */
const FOUND: Map<string, symbol> = new Map();

function symbolOf(holder: object, name: string): symbol | undefined {
  const last = FOUND.get(name);
  if (last !== undefined && Object.hasOwn(holder, last)) return last;
  const found = Object.getOwnPropertySymbols(holder).find(({ description }) => description === name);
  if (found !== undefined) FOUND.set(name, found);
  return found;
}
