/** The person at the cockpit: keys, and waiting until what was asked for has come about. */

import { setTimeout as delay } from "node:timers/promises";
import { MACHINE_NAMES, type MachineName } from "../../ops/fleet/machines.ts";
import type { Standing } from "./reading.ts";
import type { Endurance } from "./stage.ts";

export interface Hand {
  readonly press: (...keys: string[]) => Promise<void>;
  /** Waits for the screen; a minute at most. */
  readonly see: (test: string | RegExp) => Promise<void>;
  readonly until: (what: string, test: (now: Standing) => boolean) => Promise<Standing>;
  /** Chooses a machine on the fleet screen. */
  readonly choose: (machine: MachineName) => Promise<void>;
  /** Presses `key`, says yes to what the run that it starts asks, and waits for its end; gives how it ended. */
  readonly carryOut: (key: string, title: string | RegExp) => Promise<string>;
  /** Closes whatever lies over the fleet screen. */
  readonly home: () => Promise<void>;
  /** Signs in where nobody is, and waits until the account is seen as it is. */
  readonly wakeUp: () => Promise<void>;
  readonly closeSessions: () => Promise<void>;
}

const PATIENCE_MS = 60_000;
/** How often in a row the fleet screen is seen, ten milliseconds apart, before it is believed: keys are drawn a little later. */
const STEADY = 10;

export function handOn({ cockpit, standing }: Endurance): Hand {
  // Between two keys the cockpit has had a turn: what it reads in one piece is a paste to it.
  const press: Hand["press"] = async (...keys) => {
    for (const key of keys) {
      await cockpit.press(key);
      await standing();
    }
  };
  const see: Hand["see"] = (test) => cockpit.waitFor(test, PATIENCE_MS);

  const until: Hand["until"] = async (what, test) => {
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      const now = await standing();
      if (test(now)) return now;
      if (performance.now() > deadline) {
        throw new Error(`${what}: it never came about; ${JSON.stringify(now, null, 1)}\n${cockpit.text()}`);
      }
      await delay(15);
    }
  };

  const atHome = () => /\bq quit/.test(cockpit.screen().at(-1) ?? "");
  const home: Hand["home"] = async () => {
    const deadline = performance.now() + PATIENCE_MS;
    for (let steady = 0; steady < STEADY; steady += 1) {
      if (performance.now() > deadline) throw new Error(`no way back to the fleet screen:\n${cockpit.text()}`);
      if (!atHome()) {
        steady = -1;
        await press("escape");
        for (let waited = 0; waited < 500 && !atHome(); waited += 10) await delay(10);
      }
      await delay(10);
    }
  };

  const carryOut: Hand["carryOut"] = async (key, title) => {
    const before = new Set((await standing()).runs.map((run) => run.id));
    const isOurs = (run: Standing["runs"][number]) => !before.has(run.id) && run.title.search(title) >= 0;
    await press(key);
    const { runs } = await until(`the run of ${key}`, (now) => now.runs.some(isOurs));
    const id = runs.find(isOurs)?.id;
    const ours = (now: Standing) => now.runs.find((run) => run.id === id);
    const asked = await until(`an answer of ${title}`, (now) => Boolean(ours(now)?.asks ?? ours(now)?.outcome));
    if (!ours(asked)?.outcome) {
      // The button that does nothing is marked first.
      await see(/\[ (Cancel|Leave it|Keep it) \]/);
      await press("right", "enter");
    }
    const ended = await until(`the end of ${title}`, (now) => ours(now)?.outcome !== undefined);
    await see("Esc back");
    await home();
    return ours(ended)?.outcome ?? "";
  };

  return {
    press,
    see,
    until,
    home,
    carryOut,
    choose: async (machine) => {
      await press("up", "up", ...MACHINE_NAMES.slice(0, MACHINE_NAMES.indexOf(machine)).map(() => "down"));
      await see(new RegExp(`▌ \\S ${machine} `));
    },
    wakeUp: async () => {
      const deadline = performance.now() + PATIENCE_MS;
      for (;;) {
        const { signIn, source, failure, runs } = await standing();
        if (signIn === "signed-in" && source === "live" && !failure) return;
        if (performance.now() > deadline) throw new Error(`the cockpit did not wake up:\n${cockpit.text()}`);
        await home();
        if (signIn === "signed-out") {
          await press("l");
          await until("a sign-in", ({ runs: [run] }) => run?.id !== runs[0]?.id && run?.outcome !== undefined);
        } else {
          await press("r");
          await delay(50);
        }
      }
    },
    closeSessions: async () => {
      const deadline = performance.now() + PATIENCE_MS;
      for (;;) {
        const [session] = (await standing()).sessions;
        if (!session) return;
        if (performance.now() > deadline) throw new Error(`sessions that do not end:\n${cockpit.text()}`);
        await home();
        await press("up", "up", ...MACHINE_NAMES.slice(0, MACHINE_NAMES.indexOf(session.machine)).map(() => "down"));
        await carryOut("x", "End the session");
      }
    },
  };
}
