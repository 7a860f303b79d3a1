import { missingPackages } from "./redis-servers.ts";

/** Says at the end of a run why tests were skipped. */
export default function setup(): () => void {
  return () => {
    const missing = missingPackages().join(", ");
    if (missing === "") return;
    process.stderr.write(
      `Tests on real Redis servers were skipped: install the Debian packages ${missing}.\n`,
    );
  };
}
