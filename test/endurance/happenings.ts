/** What happens in the day of somebody who works with the cockpit: each begins and ends at the fleet screen, at rest. */

import type { MachineName } from "../../ops/fleet/machines.ts";
import { TAKES_ANSWERS } from "../harness/program.ts";
import type { Fault } from "../simulator/faults.ts";
import { recreatedAccount, STORY_IDS } from "../simulator/story.ts";
import type { Hand } from "./hand.ts";
import type { Endurance } from "./stage.ts";

export interface Today {
  readonly stage: Endurance;
  readonly hand: Hand;
  readonly pick: <T>(list: readonly T[]) => T;
  /** Lets so many simulated minutes pass in which nobody does anything. */
  readonly minutes: (count: number) => Promise<void>;
}

const OUTAGES: readonly Fault[] = [
  { kind: "throttle", operation: "ec2:*" },
  { kind: "throttle", operation: "*" },
  { kind: "server-error", operation: "*" },
  { kind: "server-error", status: 503, operation: "ec2:*" },
  { kind: "drop-before", operation: "*" },
  { kind: "drop-after", operation: "ec2:*" },
  { kind: "html", operation: "*" },
  { kind: "truncate", operation: "ec2:*" },
  { kind: "malformed", operation: "*" },
  { kind: "delay", ms: 300, operation: "*" },
];
const ATTEMPTS = 3;
const SIZES = [
  [80, 24],
  [200, 50],
  [20, 5],
  [120, 40],
] as const;

/** AWS does not answer, or not with sense, for a while. */
async function outage({ stage, hand, pick, minutes }: Today): Promise<void> {
  stage.simulator.faults.add(pick(OUTAGES));
  await minutes(2);
  await hand.press("r");
  await minutes(3);
  stage.simulator.faults.clear();
  await hand.wakeUp();
}

/** The session ends, here or for everybody. */
async function expiry({ stage: { simulator }, hand, pick }: Today): Promise<void> {
  const [end] = pick([[simulator.sso.revokeSessions], [simulator.sso.expireTokens]]);
  end?.();
  simulator.credentials.expireAll();
  await hand.press("r");
  await hand.until("a new look", (now) => now.signIn !== "checking");
  await hand.wakeUp();
}

/** AWS takes the machine with a shell open on it, and gives it back: the shell is taken up again. */
async function interruption({ stage, hand, pick, minutes }: Today): Promise<void> {
  const { simulator } = stage;
  await openShell(stage, hand, "fcvm-metal-arm");
  const { type } = simulator.account().instances[STORY_IDS.arm] ?? { type: "" };
  simulator.happen({ name: "lose-spot-capacity", type });
  simulator.happen({ name: pick(["notice-interruption", "stop-by-ec2"]), instanceId: STORY_IDS.arm });
  await hand.until("an interruption", (now) => now.machines["fcvm-metal-arm"] === "stopped");
  await hand.until("a lost session", (now) => now.sessions.some((session) => session.end !== undefined));
  await minutes(2);
  simulator.happen({ name: "regain-spot-capacity", type });
  await hand.until("its return", (now) => now.machines["fcvm-metal-arm"] === "running");
  await hand.until("the session's return", (now) => now.sessions.every((session) => session.end === undefined));
  await hand.closeSessions();
}

/** Two shells on a machine: looked at, left, their links cut, looked at again, ended. */
async function shells({ stage, hand, pick }: Today): Promise<void> {
  const machine = pick(["jumpbox", "fcvm-metal-arm"] as const);
  await openShell(stage, hand, machine);
  await hand.press("n");
  await atPrompt(hand, machine);
  stage.cockpit.write("seq 1 3000\r");
  await hand.see(/^3000$/m);
  await leave(hand);
  // In one piece with the other key Enter would be a pasted line; the arrow is a key of its own however it comes.
  await hand.press("tab", "right");
  await atPrompt(hand, machine);
  if (pick([true, false])) {
    await leave(hand);
    stage.hosts.faults(machine).cut();
    await hand.until("lost links", (now) => now.sessions.some(({ end, reconnecting }) => end || reconnecting));
    await hand.until("links again", (now) => now.sessions.length === 2 && now.sessions.every(({ end }) => !end));
  } else {
    stage.cockpit.write("exit\r");
    await hand.see(/\bq quit/);
  }
  await hand.closeSessions();
}

async function openShell({ cockpit }: Endurance, hand: Hand, machine: MachineName): Promise<void> {
  await hand.choose(machine);
  await hand.press("enter");
  await atPrompt(hand, machine);
  cockpit.write("ls\r");
  await leave(hand);
}

/** The fleet screen shows the ends of sessions as well, but not from the first column. */
async function atPrompt(hand: Hand, machine: MachineName): Promise<void> {
  await hand.until(`a prompt of ${machine}`, ({ sessions }) => sessions.some(({ attached }) => attached));
  await hand.see(new RegExp(`^ubuntu@${machine}:~\\$`, "m"));
}

async function leave(hand: Hand): Promise<void> {
  await hand.press("ctrl+]");
  await hand.see(/\bq quit/);
}

async function power({ hand }: Today): Promise<void> {
  await hand.choose("fcvm-metal-x86");
  await hand.carryOut("p", /^(Start|Stop) fcvm-metal-x86/);
}

/** AWS has taken the machine and Terraform made it anew: on a temporary disk, until the swap. */
async function swap({ stage, hand, pick }: Today): Promise<void> {
  const { simulator } = stage;
  simulator.update(() => recreatedAccount(simulator.clock.now()));
  await hand.press("r");
  await hand.see("TEMPORARY DISK");
  await hand.choose("fcvm-metal-arm");
  // A session that ends in the middle is renewed in the middle.
  if (pick([true, false, false])) simulator.credentials.expireAll();
  // Run again, it goes on from where things are.
  for (let attempt = 1; (await hand.carryOut("s", "Swap fcvm-metal-arm")) !== "done"; attempt += 1) {
    if (attempt === ATTEMPTS) throw new Error(`the swap never ended well:\n${stage.cockpit.text()}`);
    await hand.wakeUp();
  }
  await hand.wakeUp();
}

/** A plan that is looked at from all sides and then left. */
async function plan({ hand }: Today): Promise<void> {
  await hand.press("a");
  await hand.see("a apply");
  await hand.press("e", "tab", "tab", "down", "down", "ctrl+c");
  await hand.until("its end", ({ runs: [run] }) => run?.outcome !== undefined);
  await hand.home();
}

/** A build that is left running behind the fleet screen, looked at again, and ends. */
async function kernel({ hand }: Today): Promise<void> {
  await hand.choose("fcvm-metal-arm");
  await hand.press("k");
  const isBuild = ({ title }: { readonly title: string }) => /^Build a .*kernel/.test(title);
  await hand.until("a question", ({ runs: [run] }) => run !== undefined && isBuild(run) && run.asks !== undefined);
  await hand.see(/Build which kernel/);
  await hand.see(TAKES_ANSWERS);
  await hand.press("down", "enter");
  await hand.see("Esc back");
  await hand.home();
  await hand.press("v", "tab", "tab");
  await hand.until("its end", ({ runs }) => runs.find(isBuild)?.outcome !== undefined);
  await hand.home();
}

/** Every screen, in every size. */
async function lookAround({ stage: { cockpit }, hand, pick }: Today): Promise<void> {
  for (const key of ["?", "o", "h", "v"]) {
    await hand.press(key, "down");
    if (key === "h") await hand.press("enter");
    const [columns, rows] = pick(SIZES);
    cockpit.resize(columns, rows);
    await hand.press("down", "up");
    cockpit.resize(120, 40);
    await hand.home();
  }
  await hand.press("l");
  await hand.until("a login", ({ runs: [run] }) => run?.outcome !== undefined);
  await hand.home();
}

export const HAPPENINGS = { outage, expiry, interruption, shells, power, swap, plan, kernel, lookAround } as const;
