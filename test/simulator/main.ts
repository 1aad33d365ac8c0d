/** `make simulator`: the simulated account by itself, until it is interrupted. */

import { startSimulator } from "./simulator.ts";

const simulator = await startSimulator();
for (const [name, value] of Object.entries(simulator.env)) process.stdout.write(`export ${name}=${value}\n`);

const stop = () => {
  simulator.stop().then(() => process.exit(0));
};
process.once("SIGINT", stop);
process.once("SIGTERM", stop);
process.once("SIGHUP", stop);
