/** `make simulator`: the simulated account by itself, until it is interrupted. What it prints points any AWS client at it. */

import { startSimulator } from "./simulator.ts";

const simulator = await startSimulator();

const stop = () => {
  simulator.stop().then(() => process.exit(0));
};
process.once("SIGINT", stop);
process.once("SIGTERM", stop);
process.once("SIGHUP", stop);

// The keys are good for a year, so that `aws` works at once; a client that signs in leaves them out.
for (const [name, value] of Object.entries(simulator.signedInEnv)) process.stdout.write(`export ${name}=${value}\n`);
