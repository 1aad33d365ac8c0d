/** A cockpit with nothing but sessions, to be run under a pty: Enter attaches, `c` starts a child that outlives it, `q` quits. */

import { spawn } from "node:child_process";
import { systemClock } from "../../../ops/clock.ts";
import { environmentFrom } from "../../../ops/environment.ts";
import type { FleetState } from "../../../ops/fleet/state.ts";
import { createChannel } from "../../../ops/ssh/channel.ts";
import { createHostKeys } from "../../../ops/ssh/host-keys.ts";
import { createSessions } from "../../../ops/ssh/sessions.ts";
import { cell } from "../../../ops/store.ts";
import { aFleet, live } from "../../harness/fleets.ts";

const MACHINE = "fcvm-metal-arm";
const environment = environmentFrom(process.env);
const state = cell<FleetState>(live(aFleet()));
const fleet = { ...state, start: async () => {}, stop: () => {}, refresh: async () => {} };
const channel = createChannel(environment, systemClock, fleet, createHostKeys(environment));
const sessions = createSessions(environment, systemClock, fleet, channel);
const id = sessions.open(MACHINE, process.argv[2] ?? "", "new");
const terminal = { input: process.stdin, output: process.stdout };

/** As Ink reads: text, by "readable". */
const nextKey = (screen: string) =>
  new Promise<string>((resolve) => {
    process.stdin.setEncoding("utf8");
    process.stdin.setRawMode(true);
    const onReadable = () => {
      const text: string | null = process.stdin.read();
      if (text === null) return;
      process.stdin.off("readable", onReadable);
      resolve(text);
    };
    process.stdin.on("readable", onReadable);
    process.stdout.write(screen);
  });

if (process.argv[3] === "at-once") {
  await sessions.attach(id, terminal);
} else {
  for (let how: string = "ready"; ; ) {
    const [session] = sessions.get();
    const screen = `cockpit: ${how} ${session?.end?.kind ?? "alive"}, title ${session?.title}`;
    const key = await nextKey(`\u001b[2J\u001b[H${screen}\r\n`);
    if (key === "q") break;
    if (key === "c") spawn("sleep", ["30"], { detached: true, stdio: "ignore" }).unref();
    if (key !== "\r") continue;
    process.stdin.setRawMode(false);
    how = await sessions.attach(id, terminal);
  }
}
await sessions.stop();
process.exit(0);
