import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";

/** A serializer of a reply or of an application. */
export type Serializer = (payload: unknown, status?: number) => string;

/** Returns the serializer that the handler or a hook has set on a reply. */
export function serializerOf(reply: FastifyReply): Serializer | undefined {
  return (internalOf(reply, "fastify.reply.serializer") ?? undefined) as Serializer | undefined;
}

/** Whether the application has set a serializer for all replies of a route. */
export function hasDefaultSerializer({ request }: FastifyReply): boolean {
  return (internalOf(contextOf(request), "fastify.replySerializerDefault") ?? undefined) !== undefined;
}

/** Returns how many `onSend` hooks a route has in all, or `Infinity` if Fastify does not show them. */
export function sendHooksOf(request: FastifyRequest): number {
  const { onSend } = contextOf(request) as { onSend?: readonly unknown[] | null };
  return onSend?.length ?? (onSend === null ? 0 : Infinity);
}

/** Returns the class of an application's replies. */
export function replyClassOf(app: FastifyInstance): { readonly prototype: FastifyReply } | undefined {
  return internalOf(app, "fastify.Reply") as { readonly prototype: FastifyReply } | undefined;
}

/** Whether Fastify handles the next payload as an error, whatever it is. */
export function isFailing(reply: FastifyReply): boolean {
  return internalOf(reply, "fastify.reply.isError") === true;
}

/** Returns the names of the trailers that hooks have set on a reply. */
export function trailersOf(reply: FastifyReply): readonly string[] {
  return Object.keys(internalOf(reply, "fastify.reply.trailers") ?? {});
}

/** Returns the fields that are set on a reply. They are not to be changed: usually this is no copy. */
export function headersOf(reply: FastifyReply): Readonly<Record<string, unknown>> {
  const own = internalOf(reply, "fastify.reply.headers") as Readonly<Record<string, unknown>> | undefined;
  return own !== undefined && reply.raw.getHeaderNames().length === 0 ? own : reply.getHeaders();
}

/** A way to choose between routes of one URL. */
export interface ConstraintStrategy {
  readonly name: string;
  deriveConstraint(request: object, context: unknown, done: () => void): unknown;
}

/** Returns the constraint strategies that an application was created with. */
export function constraintStrategiesOf(app: FastifyInstance): readonly ConstraintStrategy[] {
  const options = (inherited(app, "fastify.options") ?? {}) as Strategic & {
    readonly routerOptions?: Strategic;
  };
  return Object.values(options.routerOptions?.constraints ?? options.constraints ?? {});
}

interface Strategic {
  readonly constraints?: Readonly<Record<string, ConstraintStrategy>>;
}

/** Returns such a property of an application, or of the outer application that it inherits from. */
function inherited(holder: object, name: string): unknown {
  const found = internalOf(holder, name);
  const outer: unknown = Object.getPrototypeOf(holder);
  return found === undefined && typeof outer === "object" && outer !== null ? inherited(outer, name) : found;
}

function contextOf(request: FastifyRequest): object {
  return internalOf(request, "fastify.context") ?? {};
}

/** Returns a property that Fastify keeps under a private symbol. */
function internalOf(holder: object, name: string): unknown {
  const symbol = symbolOf(holder, name);
  return symbol === undefined ? undefined : Reflect.get(holder, symbol);
}

/** The symbol found last for each name: usually there is one copy of Fastify, and a search takes a microsecond. */
const LAST_SYMBOLS: Map<string, symbol> = new Map();

function symbolOf(holder: object, name: string): symbol | undefined {
  const last = LAST_SYMBOLS.get(name);
  if (last !== undefined && Object.hasOwn(holder, last)) return last;
  const found = Object.getOwnPropertySymbols(holder).find(({ description }) => description === name);
  if (found !== undefined) LAST_SYMBOLS.set(name, found);
  return found;
}
