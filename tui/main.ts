/** Starts the cockpit. Whatever is loaded from here on comes out of the compile cache, if it is there. */

import { keepCompiled } from "./compile-cache.ts";

keepCompiled(process.env);
const { start } = await import("./start.ts");
await start();
