/**
 * The first contact with a machine: whose word its host key is taken on. Where the console shows the key, ssh is given
 * exactly that; where it does not, a while is waited for it, and then the key is accepted once and said to be unverified.
 * Either is kept only where a look at AWS after the connection still shows the boot that was meant: a machine that was
 * swapped or made anew meanwhile has shown the key of another root.
 */

import type { ConsoleOutput } from "../aws/console.ts";
import type { Clock } from "../clock.ts";
import { type Failure, FailureError } from "../failure.ts";
import type { MachineName } from "../fleet/machines.ts";
import type { Identity } from "./command.ts";
import { fingerprintOf, keysOnConsole, type PublicKey } from "./console-keys.ts";
import { diagnose, type LinkFacts, type RootFacts } from "./diagnose.ts";
import { type HostKeys, isSameBoot, type Trust } from "./host-keys.ts";

/** Asks for the console of an instance; rejects where it cannot be had. */
export type ConsoleSource = (instanceId: string, signal: AbortSignal | undefined) => Promise<ConsoleOutput>;

/** What AWS says of a machine's root now, by a look that begins after the call; rejects where that cannot be had. */
export type SecondLook = (machine: MachineName, signal: AbortSignal | undefined) => Promise<RootFacts | undefined>;

/** How ssh is to be called for one connection, and what follows from how it ended. */
interface Introduced {
  readonly identity: Identity;
  /** ssh got through: the key is the machine's. Throws a FailureError, and nothing is kept, where it is not known of which. */
  readonly succeeded: () => Promise<void>;
  /** What ssh's words mean, where they speak of the host key; undefined where they do not. */
  readonly failed: (words: string) => Failure | undefined;
  /** The connection is over, however it ended. */
  readonly over: () => Promise<void>;
}

type Introduce = (facts: LinkFacts, signal: AbortSignal | undefined) => Promise<Introduced>;

/** Once sshd is up, so long the console may take to show its key; AWS's copy lags. */
const CONSOLE_LAG_MS = 60_000;
/** A machine that has been up for so long prints nothing more. */
const BOOTED_MS = 20 * 60_000;
/** The console is not asked more often than this. */
const ASK_AGAIN_MS = 4000;

export function createIntroduction(
  clock: Clock,
  hostKeys: HostKeys,
  secondLook: SecondLook,
  source: ConsoleSource | undefined,
): Introduce {
  /** When sshd was first seen up with a key that nobody knows, by alias. */
  const upSince = new Map<string, number>();
  const asked = new Map<string, { readonly at: number; readonly answer: Promise<ConsoleOutput | undefined> }>();

  const ask = (instanceId: string, signal: AbortSignal | undefined): Promise<ConsoleOutput | undefined> => {
    const last = asked.get(instanceId);
    if (last && clock.monotonic() - last.at < ASK_AGAIN_MS) return last.answer;
    // What cannot be had is as good as a console that says nothing.
    const answer = source ? source(instanceId, signal).catch(() => undefined) : Promise.resolve(undefined);
    asked.set(instanceId, { at: clock.monotonic(), answer });
    return answer;
  };

  return async (facts, signal) => {
    const { alias, machine, root } = facts;
    const keep = async (keys: readonly PublicKey[], trust?: Trust) => {
      if (!isSameBoot(root, await secondLook(machine, signal))) throw new FailureError(becameAnother(machine));
      await hostKeys.keep(alias, keys);
      hostKeys.confirm(alias, machine, root, trust);
    };
    const by = (strict: Identity["strict"], file = hostKeys.file): Identity => ({ alias, file, strict });
    const nothing = async () => {};
    const plainly = { succeeded: nothing, failed: (words: string) => diagnose(words, facts), over: nothing };
    if (!root?.instanceId || !root.volumeId) {
      return { ...plainly, identity: by("accept-new") };
    }
    if (hostKeys.knows(alias)) {
      return { ...plainly, identity: by("yes") };
    }
    const output = await ask(root.instanceId, signal);
    signal?.throwIfAborted();
    // AWS says when the output was last updated: what is older than this start is of an earlier one, on any root.
    const ofThisStart =
      output?.at === undefined || Math.floor(output.at / 1000) >= Math.floor((root.launchedAt ?? 0) / 1000);
    const { keys, over } = keysOnConsole(output && ofThisStart ? output.text : "");
    if (keys.length > 0) {
      const proposal = await hostKeys.propose(alias, keys);
      return {
        identity: by("yes", proposal.file),
        succeeded: () => keep(keys, "console"),
        failed: (words) => mismatch(words, facts, keys) ?? diagnose(words, facts),
        over: proposal.withdraw,
      };
    }
    const waited = clock.monotonic() - (upSince.get(alias) ?? clock.monotonic());
    const mayCome = source !== undefined && !over && clock.now() - (root.launchedAt ?? 0) < BOOTED_MS;
    if (mayCome && waited < CONSOLE_LAG_MS) {
      return {
        ...plainly,
        identity: by("yes"),
        failed: (words) => {
          const failure = diagnose(words, facts);
          if (failure?.code !== "HOST_KEY_UNKNOWN") return failure;
          if (!upSince.has(alias)) upSince.set(alias, clock.monotonic());
          return awaited(machine, root.instanceId);
        },
      };
    }
    const proposal = await hostKeys.propose(alias, []);
    return {
      ...plainly,
      identity: by("accept-new", proposal.file),
      succeeded: () => keep(proposal.keys()),
      over: proposal.withdraw,
    };
  };
}

function becameAnother(machine: MachineName): Failure {
  return {
    kind: "offline",
    code: "BECAME_ANOTHER",
    sentence: `${machine} was started anew, or got another root, while it was being met; its host key was not kept.`,
    action: "It is met again by itself; if it goes on, look at who else works on it.",
  };
}

function awaited(machine: MachineName, instanceId: string | undefined): Failure {
  return {
    kind: "offline",
    code: "HOST_KEY_AWAITED",
    sentence: `${machine} answers with a host key that is not known yet; the console of ${instanceId} is to show it.`,
    action: "Wait: AWS shows a machine's console some time later.",
  };
}

/** The console shows other keys than ssh was shown: somebody stands between, or is the machine's own console's enemy. */
function mismatch(
  words: string,
  { machine, address, root }: LinkFacts,
  keys: readonly PublicKey[],
): Failure | undefined {
  if (!/REMOTE HOST IDENTIFICATION HAS CHANGED|Host key verification failed|No \S+ host key is known/.test(words)) {
    return undefined;
  }
  const shown = /\bSHA256:[A-Za-z0-9+/]{43}/.exec(words)?.[0];
  const type = /fingerprint for the (\S+) key/.exec(words)?.[1]?.toLowerCase();
  const same = keys.find((key) => type !== undefined && key.type.includes(type)) ?? keys[0];
  return {
    kind: "refused",
    code: "HOST_KEY_FORGED",
    sentence: `WARNING: ${machine} at ${address} shows ${shown ? `the host key ${shown}` : "another host key"}, but the console of ${root?.instanceId} shows ${same ? fingerprintOf(same) : "others"}; somebody may be listening in, so the connection was refused.`,
    action:
      "Look at the console in AWS yourself (the instance, Get system log); try again only if it shows the same key.",
  };
}

/** Whose word the key of a machine was taken on, in a sentence. */
export function sayTrust(trust: Trust, machine: MachineName): string {
  switch (trust) {
    case "console":
      return `The host key of ${machine} is verified: AWS's console shows the same.`;
    case "root":
      return `The host key of ${machine} is the one that its root volume had before.`;
    case "unverified":
      return `The host key of ${machine} could not be verified: AWS's console does not show it. It was accepted this once, and is expected from now on.`;
  }
}
