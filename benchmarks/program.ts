import { killAll } from "./child.ts";

/** How a benchmark reads its command line: undefined where help is asked for, a throw where it is wrong. */
interface Command<Options> {
  readonly help: string;
  parse(args: readonly string[]): Options | undefined;
}

/** Runs a benchmark by its command line. What goes wrong is told in one line; no process is left behind. */
export async function runProgram<Options>(
  { help, parse }: Command<Options>,
  run: (options: Options) => Promise<void>,
): Promise<void> {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      killAll();
      process.exit(130);
    });
  }
  try {
    const options = parse(process.argv.slice(2));
    if (options === undefined) console.log(help);
    else await run(options);
  } catch (error) {
    console.error(`error: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}
