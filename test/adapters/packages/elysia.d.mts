interface ElysiaContext {
  readonly request: Request;
  readonly params: { readonly id: string };
  readonly query: Readonly<Record<string, string>>;
}

export declare function elysia(
  path: string,
  handler: (context: ElysiaContext) => unknown,
): { handle(request: Request): Promise<Response> };
