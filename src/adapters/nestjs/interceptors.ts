import { Inject, Injectable } from "@nestjs/common";
import type { CallHandler, ExecutionContext, NestInterceptor } from "@nestjs/common";
import { Observable } from "rxjs";
import type { Subscriber } from "rxjs";
import { isUnsafe } from "../../adapter.ts";
import type { Outcome, Run } from "../node/outcome.ts";
import { WriteWatch } from "../node/write-watch.ts";
import { keepArguments, lookUpAtMethod } from "./arguments.ts";
import { beginCourse, courseOf, serve } from "./course.ts";
import type { Course } from "./course.ts";
import type { CachedMethod } from "./method.ts";
import { rawResponseOf } from "./platform.ts";
import type { CachedRoutes } from "./routes.ts";

/** The token of the routes. Registered, so that all copies of the package share it. */
export const ROUTES: unique symbol = Symbol.for("caching-route.nestjs.routes.1") as never;

/** Looks a request up once all guards have let it pass. On a hit, neither pipes nor the handler run. */
export class CacheRouteInterceptor implements NestInterceptor {
  readonly #routes: CachedRoutes;

  constructor(routes: CachedRoutes) {
    this.#routes = routes;
  }

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const method = context.getType() === "http" ? this.#routes.cached(context) : undefined;
    const response = context.getArgByIndex<object>(1);
    // The decorator may stand on the class and on the method.
    if (method === undefined || courseOf(response) !== undefined) return next.handle();
    const course = beginCourse(response);
    if (method.isByArguments) return this.#lookUpByArguments(context, method, course, next);
    return new Observable((subscriber) => {
      let handled: Observable<unknown> | undefined;
      let isDecided = false;
      this.#routes.lookUp(context, method, {
        proceed(run) {
          isDecided = true;
          course.run = run;
          handled ??= next.handle();
          if (subscriber.closed) run?.fail(TORN_DOWN, true);
          else if (run === undefined) subscriber.add(handled.subscribe(subscriber));
          else watchRun(handled, subscriber, run, course);
        },
        answer(send, drop) {
          isDecided = true;
          if (subscriber.closed) return drop();
          answerWith(course, method, { send, drop });
          subscriber.next(undefined);
          subscriber.complete();
        },
        fail(error) {
          isDecided = true;
          // What is thrown when the response is read comes too late for interceptors.
          if (subscriber.closed) failLate(context, error);
          else subscriber.error(error);
        },
      });
      // Nest binds it to the asynchronous context in which it is asked for. A hit from memory does without.
      if (!isDecided) handled = next.handle();
    });
  }

  /** Looks the request up in front of the method, inside of all interceptors and pipes. */
  #lookUpByArguments(
    context: ExecutionContext,
    method: CachedMethod,
    course: Course,
    next: CallHandler,
  ): Observable<unknown> {
    const lookUpAt = (args: readonly unknown[], run: () => unknown): Promise<unknown> => {
      keepArguments(context, args);
      return new Promise((resolve, reject) => {
        let isDecided = false;
        this.#routes.lookUp(context, method, {
          proceed(started) {
            isDecided = true;
            course.run = started;
            resolve(new Promise((ended) => ended(run())));
          },
          answer(send, drop) {
            answerWith(course, method, { send, drop });
            resolve(undefined);
          },
          fail(error) {
            // What is thrown when the response is read comes too late for the method.
            if (isDecided) failLate(context, error);
            else reject(error as Error);
          },
        } satisfies Outcome);
      });
    };
    const handled = lookUpAtMethod(lookUpAt, () => next.handle());
    return new Observable((subscriber) => {
      const told: Run = { fail: (error, isForeign) => course.run?.fail(error, isForeign) };
      watchRun(handled, subscriber, told, course);
    });
  }
}

Injectable()(CacheRouteInterceptor);
Inject(ROUTES)(CacheRouteInterceptor, undefined, 0);

const TORN_DOWN = new Error("something around the handler has ended its run");

/** Runs what is inside of ours, and tells the run how that ends. */
function watchRun(
  handled: Observable<unknown>,
  subscriber: Subscriber<unknown>,
  run: Run,
  course: Course,
): void {
  let hasEnded = false;
  subscriber.add(() => {
    if (!hasEnded) run.fail(TORN_DOWN, true);
  });
  subscriber.add(
    handled.subscribe({
      next(value) {
        hasEnded = true;
        subscriber.next(value);
      },
      error(error: unknown) {
        hasEnded = true;
        course.thrown = { error };
        run.fail(error);
        subscriber.error(error);
      },
      complete() {
        hasEnded = true;
        subscriber.complete();
      },
    }),
  );
}

function answerWith(course: Course, method: CachedMethod, hit: NonNullable<Course["hit"]>): void {
  course.hit = hit;
  // Where a handler sends the response itself, Nest sends nothing after the interceptors.
  if (method.sendsItself) serve(course);
}

/** Hands an error to the framework, as a handler does by `next(error)`. */
function failLate(context: ExecutionContext, error: unknown): void {
  const next = context.getArgByIndex<((error: unknown) => void) | undefined>(2);
  next?.(error);
}

/** Watches a write once all guards have let it pass. */
export class InvalidatesInterceptor implements NestInterceptor {
  readonly #routes: CachedRoutes;

  constructor(routes: CachedRoutes) {
    this.#routes = routes;
  }

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const invalidate = context.getType() === "http" ? this.#routes.writing(context) : undefined;
    const handled = next.handle();
    if (invalidate === undefined) return handled;
    const response = rawResponseOf(context);
    if (!isUnsafe(response.req.method ?? "GET")) return handled;
    return new Observable((subscriber) => {
      const watch = new WriteWatch(response, (end) => invalidate(end, context));
      return handled.subscribe({
        next: (value) => subscriber.next(value),
        error(error: unknown) {
          watch.fail(error);
          subscriber.error(error);
        },
        complete() {
          watch.settle();
          subscriber.complete();
        },
      });
    });
  }
}

Injectable()(InvalidatesInterceptor);
Inject(ROUTES)(InvalidatesInterceptor, undefined, 0);
