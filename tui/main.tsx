/** Starts the cockpit on this terminal. What is slow to load (AWS clients, ssh, the emulator) comes after the first frame. */

import { enableCompileCache } from "node:module";
import { render } from "ink";
import { createOps } from "../ops/compose.ts";
import { environmentFrom } from "../ops/environment.ts";
import { explain } from "../ops/aws/errors.ts";
import { App } from "./app.tsx";
import { takeLifecycle } from "./lifecycle.ts";

enableCompileCache();

const lifecycle = takeLifecycle(process, (error) => explain(error).sentence);
const ops = createOps(environmentFrom(process.env));
