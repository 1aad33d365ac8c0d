/** `make demo`: the cockpit on a simulated account. With the word `account` this is that account's own process. */

import { fileURLToPath } from "node:url";

if (process.argv[2] === "account") {
  const { keepAccount } = await import("./demo/account.ts");
  await keepAccount();
} else {
  const { runDemo } = await import("./demo/launcher.ts");
  const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));
  process.exitCode = await runDemo(here(import.meta.url), here("cockpit.js"));
}
