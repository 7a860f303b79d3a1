import { ExceptionsHandler } from "@nestjs/core/exceptions/exceptions-handler.js";
import type { HttpServer, StreamableFile } from "@nestjs/common";
import type { Run } from "../node/outcome.ts";
import { courseOf, failCourse, serve } from "./course.ts";

/** Marks what is watched already, perhaps by another copy of this package. */
const WATCHED: unique symbol = Symbol.for("caching-route.nestjs.watched.1") as never;

/** What Nest sends a response with, once the handler and all interceptors have ended. */
const SENDING = ["reply", "redirect", "render", "end"] as const;

type Send = (response: unknown, ...rest: unknown[]) => unknown;

/**
 * Makes an HTTP adapter send what the cache has in place of what Nest would send, and nothing after that.
 *
 * An interceptor has no other way to do so: if it completes without a value, Nest throws an `EmptyError`; if it never
 * completes, an outer `timeout()` fails.
 */
export function watchSending(adapter: HttpServer): void {
  if (Object.hasOwn(adapter, WATCHED)) return;
  Object.defineProperty(adapter, WATCHED, { value: true });
  const methods = adapter as unknown as Record<(typeof SENDING)[number], Send>;
  for (const name of SENDING) {
    const send = methods[name];
    methods[name] = function sendUnlessServed(this: unknown, response, ...rest) {
      const course = courseOf(response);
      if (course !== undefined && (course.isServed || serve(course))) return undefined;
      if (course?.run !== undefined) watchFile(course.run, rest[0]);
      return Reflect.apply(send, this, [response, ...rest]);
    };
  }
}

/** Tells the run when the stream of a file fails: Nest may send an error page in its place, or end what was begun. */
function watchFile(run: Run, body: unknown): void {
  if (typeof (body as Partial<StreamableFile> | null | undefined)?.getStream !== "function") return;
  const stream = (body as StreamableFile).getStream();
  if (stream.errored !== null) run.fail(stream.errored, true);
  else stream.once("error", (error) => run.fail(error, true));
}

/**
 * Tells the course of a response of each error that Nest hands to its exception filters: of the handler, of interceptors
 * around ours, and of sending. The page of a filter is sent on the same response, with any status (hazard 15).
 */
export function watchExceptions(): void {
  const { prototype } = ExceptionsHandler;
  if (Object.hasOwn(prototype, WATCHED)) return;
  Object.defineProperty(prototype, WATCHED, { value: true });
  const { next } = prototype;
  prototype.next = function tellAndHandle(exception, host) {
    const course = courseOf(host.getArgByIndex(1));
    if (course !== undefined) failCourse(course, exception);
    Reflect.apply(next, this, [exception, host]);
  };
}
