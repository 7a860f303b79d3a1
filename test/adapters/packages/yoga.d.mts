export declare function yogaOf(run: (of: string) => string): (request: Request) => Promise<Response>;
