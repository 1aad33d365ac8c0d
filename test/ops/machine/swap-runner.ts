/** A process of its own that swaps fcvm-metal-arm on the simulator of its environment: to be killed at any moment. */

import { swapMachine } from "../../../ops/machine/operations.ts";
import { runOperation } from "./run-operation.ts";
import { simTools, startFrom } from "./sim-tools.ts";

const tools = simTools(startFrom(process.env, Number(process.env.SIM_SPEED)));
const { outcome } = await runOperation(swapMachine("fcvm-metal-arm", tools), tools);
tools.close();
process.stdout.write(`${JSON.stringify(outcome)}\n`);
