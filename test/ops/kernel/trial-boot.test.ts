import { cpSync, mkdirSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../../../ops/clock.ts";
import { type ComposedOps, createOps } from "../../../ops/compose.ts";
import { environmentFrom } from "../../../ops/environment.ts";
import { NEWEST_PLACE } from "../../../ops/kernel/bring-over.ts";
import { trialBoot } from "../../../ops/kernel/trial-boot.ts";
import { type TrialTools, trialTools } from "../../../ops/kernel/trial-boot-tools.ts";
import { addressOf, worldOf } from "../../../ops/machine/world.ts";
import type { Outcome, Question } from "../../../ops/operation/types.ts";
import { PATIENCE_MS } from "../../harness/grid.ts";
import { whatLacks } from "../../kernel/builder.ts";
import { ROOT } from "../../kernel/publish.ts";
import { type Stage, setStage } from "../../simulator/demo/stage.ts";
import { STORY_IDS } from "../../simulator/story.ts";

const ARM = "fcvm-metal-arm";
const STOCK = "6.8.0-1021-aws";
const TRIAL = "6.18.3-nested-dsb";
const PLACE = NEWEST_PLACE.replace('"$HOME"/', "");
const lacking = whatLacks();
/** Fast, but not so fast that a busy computer's second is a machine's minute; a silence that nothing ends passes faster. */
const SPEED = 20;
const HURRY = 400;

let directory = "";
let stage: Stage;
let ops: ComposedOps;
let address = "";

interface Ran {
  readonly outcome: Outcome;
  readonly questions: readonly Question[];
  readonly log: readonly string[];
  readonly steps: readonly string[];
}

/** The tools with a clock that runs fast, and where nothing but silence is expected very fast. */
function hurried(tools: TrialTools, silences: boolean): TrialTools {
  let speed = SPEED;
  let since = Date.now();
  let base = since;
  const now = () => base + (Date.now() - since) * speed;
  const run = (next: number) => {
    base = now();
    since = Date.now();
    speed = next;
  };
  return {
    ...tools,
    clock: { now, monotonic: now, sleep: (ms, signal) => systemClock.sleep(ms / speed, signal) },
    commandsOn: (where, signal) => async (command, input) => {
      try {
        return await tools.commandsOn(where, signal)(command, input);
      } catch (error) {
        if (silences) run(HURRY);
        throw error;
      }
    },
    rebootInstance: async (instanceId) => {
      await tools.rebootInstance(instanceId);
      silences = false;
      run(SPEED);
    },
  };
}

/** Runs it as the cockpit would; `change` wraps the tools, `answer` is what the person says. */
async function run(
  options: {
    readonly change?: (tools: TrialTools, kill: () => void) => TrialTools;
    readonly answer?: (question: Question) => string | undefined;
    readonly silences?: boolean;
  } = {},
): Promise<Ran> {
  const questions: Question[] = [];
  const given = hurried(trialTools(ARM, ops), options.silences ?? false);
  let kill = () => {};
  const tools = options.change?.(given, () => kill()) ?? given;
  const running = ops.operations.start({
    name: "kernel",
    title: "Try it",
    machine: ARM,
    run: (context) => trialBoot(ARM, tools, context),
  });
  kill = () => running.cancel();
  running.subscribe(() => {
    const { question } = running.get();
    if (!question || questions.includes(question.question)) return;
    questions.push(question.question);
    running.answer(question.id, options.answer ? options.answer(question.question) : "yes");
  });
  const outcome = await running.finished;
  const { log, steps } = running.get();
  return {
    outcome,
    questions,
    log: log.map((line) => line.text),
    steps: steps.map((step) => `${step.id.replace("trial-", "")} ${step.state}`),
  };
}

/** Followed to its end: a build on a busy computer takes longer than a command may that is only asked. */
const ssh = async (command: string) => {
  const output: Uint8Array[] = [];
  const signal = AbortSignal.timeout(PATIENCE_MS);
  await ops.access.channel.stream(ARM, address, command, { signal, onData: (bytes) => output.push(bytes) });
  return Buffer.concat(output).toString().trim();
};
const grub = () => ssh("cat $SNOWGLOBE_ROOT/boot/grub/grubenv");
const sentence = ({ outcome }: Ran) => ("failure" in outcome ? outcome.failure.sentence : outcome.sentence);
/** Installs what was built before, anew, on a machine that runs the distribution's kernel. */
const arm = async () => {
  stage.hosts.trialFault(ARM, undefined);
  await ssh(
    `grub-editenv $SNOWGLOBE_ROOT/boot/grub/grubenv set 'saved_entry=gnulinux-advanced-1234-UUID>gnulinux-${STOCK}-advanced-1234-UUID'`,
  );
  if ((await ssh("uname -r")) !== STOCK) await stage.hosts.powerCycle(ARM);
  await ops.access.channel.waitForSsh(ARM, address, AbortSignal.timeout(PATIENCE_MS));
  expect(await ssh(`BUILD_DIR=~/built-host ~/${PLACE}/install-host.sh 2>&1 | tail -n 1`)).toMatch(
    /^==> note The next boot|the next boot is its trial\.$/,
  );
};

describe.skipIf(lacking)(`a trial boot over SSH${lacking ? ` (skipped: no ${lacking})` : ""}`, () => {
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "trial-boot-"));
    stage = await setStage(directory, { latencyScale: 0.02 });
    ops = createOps(environmentFrom({ ...stage.env, PATH: process.env.PATH }));
    // Whoever is asked to approve, approves.
    ops.operations.subscribe(() => {
      for (const one of ops.operations.get()) {
        if (one.get().name === "login")
          one.subscribe(() => one.get().deviceCode && stage.simulator.sso.decide("approved"));
      }
    });
    const world = worldOf(await ops.access.gate(() => ops.access.look()), ARM);
    address = addressOf(world) ?? "";
    const volume = stage.hosts.volumePath(world.roots[0]?.id ?? "");
    await ops.access.channel.waitForSsh(ARM, address, AbortSignal.timeout(PATIENCE_MS));
    const place = join(volume, "home/ubuntu", PLACE);
    mkdirSync(place, { recursive: true });
    cpSync(join(ROOT, "kernel"), place, { recursive: true });
    expect(await ssh(`BUILD_DIR=~/built-host ~/${PLACE}/build.sh 2>&1 | tail -n 1`)).toBe("==> phase done");
  });
  afterAll(async () => {
    await ops?.stop();
    await stage?.stop();
    await rm(directory, { recursive: true, force: true, maxRetries: 5 });
  });
  afterEach(() => stage.simulator.faults.clear());

  it("a good one becomes the default, though the session ends in the middle; run again, there is nothing to do", async () => {
    await arm();
    const logins = () => ops.operations.get().filter((one) => one.get().name === "login").length;
    const before = logins();
    // However soon it is back: it counts as silent until AWS was asked, too.
    let looks = 0;
    let told = false;
    const ran = await run({
      answer: (question) => {
        // The keys and what renews them: whoever asks AWS next, a person has to sign in.
        if (question.title.startsWith("Reboot")) {
          stage.simulator.sso.revokeSessions();
          stage.simulator.credentials.expireAll();
        }
        return "yes";
      },
      change: (tools) => ({
        ...tools,
        look: (signal) => {
          looks += 1;
          return tools.look(signal);
        },
        commandsOn: (where, signal) => async (command, input) => {
          if (told && looks < 2) throw new Error("silent");
          told ||= command.includes(" reboot ");
          return tools.commandsOn(where, signal)(command, input);
        },
      }),
    });
    expect(ran.outcome).toEqual({
      status: "done",
      sentence: `${TRIAL} runs on ${ARM} and is its default from now on.`,
    });
    expect(logins()).toBe(before + 1);
    expect(ran.questions).toHaveLength(1);
    expect(ran.questions[0]).toMatchObject({
      kind: "confirm",
      title: `Reboot ${ARM} into ${TRIAL}, for one trial?`,
      lines: [
        `${ARM} (${STORY_IDS.arm}) reboots now; it runs ${STOCK}.`,
        expect.stringMatching(/logged in/i),
        `Where ${TRIAL} comes up well, it becomes the default; else the boot after it is ${STOCK} again.`,
      ],
    });
    expect(ran.steps).toEqual(["look done", "reboot done", "wait done", "health done", "promote done"]);
    expect(await ssh("uname -r")).toBe(TRIAL);
    expect(await grub()).toContain(`saved_entry=gnulinux-advanced-1234-UUID>gnulinux-${TRIAL}-`);
    expect((await run()).outcome).toEqual({
      status: "nothing-to-do",
      sentence: `${ARM} runs this kernel already: ${TRIAL} is its default, and no trial is needed.`,
    });
  });

  it("whoever says no keeps the machine as it is, with the trial armed", async () => {
    await arm();
    const ran = await run({ answer: () => undefined });
    expect(ran.outcome).toMatchObject({
      status: "cancelled",
      sentence: `${ARM} was not rebooted. ${TRIAL} is installed: its next boot, whenever that is, is ${TRIAL}, once; the one after it is ${STOCK} again.`,
      next: expect.stringContaining("make kernel-host-arm"),
    });
    expect(await grub()).toContain(`next_entry=gnulinux-advanced-1234-UUID>gnulinux-${TRIAL}-`);
  });

  it("one that panics: the old kernel is back, and the panic is named", async () => {
    await arm();
    stage.hosts.trialFault(ARM, "panic");
    const ran = await run();
    expect(sentence(ran)).toBe(
      `${TRIAL} did not come up on ${ARM}: Kernel panic - not syncing: Oops - BUG: Fatal exception. ${STOCK} runs again, and stays the default.`,
    );
    expect(ran.log).toContain("kernel BUG at arch/arm64/kvm/nested.c:754!");
    expect(ran.log.length).toBeLessThan(25);
    expect(await ssh("uname -r")).toBe(STOCK);
    // Still so when it is asked again.
    expect(sentence(await run())).toContain("Kernel panic - not syncing");
  });

  it("one that hangs: EC2's reboot is offered after ten minutes, and brings the old kernel back", async () => {
    await arm();
    stage.hosts.trialFault(ARM, "hang");
    const declined = await run({
      silences: true,
      answer: (question) => (question.title.startsWith("Have EC2") ? undefined : "yes"),
    });
    expect(declined.questions.map(({ title }) => title)).toEqual([
      `Reboot ${ARM} into ${TRIAL}, for one trial?`,
      `Have EC2 reboot ${ARM}?`,
    ]);
    expect(declined.questions[1]?.lines[1]).toMatch(/^Its console: it shows no panic; its last line is "kvm \[1\]/);
    expect(declined.outcome).toMatchObject({ status: "failed", failure: { code: "TRIAL_NO_ANSWER" } });
    expect(sentence(declined)).toContain(
      `${TRIAL} gets one boot and was not made the default: the boot after it is ${STOCK} again.`,
    );
    // Another run, which knows nothing of the first, waits as long, offers it again, and sees what came of it.
    stage.simulator.faults.add({ kind: "server-error", operation: "RebootInstances", count: 1 });
    const ran = await run({ silences: true });
    expect(ran.questions.map(({ title }) => title)).toEqual([`Have EC2 reboot ${ARM}?`]);
    expect(sentence(ran)).toBe(
      `${TRIAL} did not come up on ${ARM}: it shows no panic; its last line is "kvm [1]: nv: 1 MMU notifier registered". ${STOCK} runs again, and stays the default.`,
    );
    expect(stage.simulator.calls.filter(({ operation }) => operation === "RebootInstances")).toHaveLength(2);
  });

  it("killed between the reboot and the promotion, the next run promotes without a question", async () => {
    await arm();
    const killed = await run({
      change: (tools, kill) => ({
        ...tools,
        commandsOn: (where, signal) => async (command, input) => {
          if (command.includes("promote")) kill();
          return tools.commandsOn(where, signal)(command, input);
        },
      }),
    });
    expect(killed.outcome).toMatchObject({
      status: "cancelled",
      sentence: `Cancelled. ${TRIAL} runs, for this boot only: the next one is ${STOCK} again.`,
    });
    const ran = await run();
    expect(ran.questions).toEqual([]);
    expect(ran.outcome).toMatchObject({ status: "done" });
  });

  it("a link that dies at the reboot and at the promotion changes nothing", async () => {
    await arm();
    const ran = await run({
      change: (tools) => ({
        ...tools,
        commandsOn: (where, signal) => async (command, input) => {
          const answer = await tools.commandsOn(where, signal)(command, input);
          if (command.includes("promote")) throw new Error("lost");
          return answer;
        },
      }),
    });
    expect(ran.outcome).toMatchObject({ status: "done" });
  });

  it("one without /dev/kvm is not made the default; a reboot back is offered, and waited for", async () => {
    await arm();
    stage.hosts.trialFault(ARM, "no-kvm");
    const declined = await run({ answer: (question) => (question.title.includes(" back ") ? undefined : "yes") });
    expect(declined.questions[1]).toMatchObject({
      title: `Reboot ${ARM} back onto ${STOCK}?`,
      lines: [
        `${TRIAL} runs on ${ARM} (${STORY_IDS.arm}), but /dev/kvm is missing.`,
        expect.stringMatching(/logged in/i),
        `Left as it is, ${TRIAL} runs until the next reboot, and is not made the default.`,
      ],
    });
    expect(sentence(declined)).toBe(
      `${TRIAL} runs on ${ARM}, but /dev/kvm is missing. It was not made the default and was left as it is: the next boot is ${STOCK} again.`,
    );
    expect(await ssh("uname -r")).toBe(TRIAL);
    // Another run finds it so, offers it again, and sees what runs then.
    const ran = await run();
    expect(ran.questions.map(({ title }) => title)).toEqual([`Reboot ${ARM} back onto ${STOCK}?`]);
    expect(sentence(ran)).toBe(
      `${TRIAL} came up on ${ARM}, but /dev/kvm is missing. It was rebooted: ${STOCK} runs again, and stays the default.`,
    );
    expect(await ssh("uname -r")).toBe(STOCK);
  });

  it("a machine that is stopped in the middle ends it, and what boots next is said", async () => {
    await arm();
    stage.hosts.trialFault(ARM, "hang");
    const ran = await run({
      change: (tools) => ({
        ...tools,
        commandsOn: (where, signal) => async (command, input) => {
          try {
            return await tools.commandsOn(where, signal)(command, input);
          } finally {
            // The link may end with the machine, before the answer is there.
            if (command.includes("reboot"))
              stage.simulator.apply({ name: "StopInstances", instanceIds: [STORY_IDS.arm] });
          }
        },
      }),
    });
    expect(sentence(ran)).toBe(
      `${ARM} was stopped in the middle of the trial of ${TRIAL}. ${TRIAL} gets one boot and was not made the default: the boot after it is ${STOCK} again.`,
    );
  });
});
