/** This folder: shells and commands on the machines, and the screens that they draw. Not here: what runs there, or AWS. */
/** All sessions of this process: kept while nobody looks, told apart in how they end, brought back when a link returns. */

import type { Clock } from "../clock.ts";
import type { Environment } from "../environment.ts";
import { FailureError, isTransient } from "../failure.ts";
import { goneSentence } from "../fleet/derive/stopped-by.ts";
import type { MachineName } from "../fleet/machines.ts";
import type { Machine } from "../fleet/model.ts";
import type { FleetState } from "../fleet/state.ts";
import type { FleetCore } from "../ops.ts";
import { cell, when } from "../store.ts";
import { attachTerminal } from "./attach.ts";
import type { Channel } from "./channel.ts";
import { endScript } from "./holder.ts";
import { rootFacts } from "./host-keys.ts";
import { bootOf } from "./probe.ts";
import { type Choice, createSession, type Session } from "./session.ts";
import type { SessionSummary, Sessions } from "./types.ts";

/** Milliseconds. A kept shell's link is heard every five seconds: so much silence is shown, and so much tried to be mended. */
const SILENCE = { shownAfter: 12_000, mendedAfter: 20_000, every: 2000 };

/** How often output may change the summaries. */
const PUBLISH_MS = 250;

interface Entry {
  readonly id: string;
  readonly session: Session;
  readonly startedAt: number;
  attached: boolean;
  /** The wait for a lost machine; aborted when it is no longer wanted. */
  comeback: AbortController | undefined;
  /** Since when its link has been silent, and the try to get another one. */
  silentSince: number | undefined;
  relinking: AbortController | undefined;
}

/** `fleet` tells whether a machine still runs when its link dies, and when it is back; `patience` how long silence is borne. */
export function createSessions(
  environment: Environment,
  clock: Clock,
  fleet: FleetCore,
  channel: Channel,
  patience: typeof SILENCE = SILENCE,
): Sessions {
  const state = cell<readonly SessionSummary[]>([]);
  const entries = new Map<string, Entry>();
  /** Shells that have ended, which an older look at their machine may still show. */
  const gone = new Set<string>();
  let opened = 0;
  let timer: NodeJS.Timeout | undefined;
  let unsubscribe: (() => void) | undefined;
  let listening: NodeJS.Timeout | undefined;

  const publish = () => {
    clearTimeout(timer);
    timer = undefined;
    const before = state.get();
    const now = [...entries.values()].map((entry) => summaryOf(entry, before));
    if (now.length !== before.length || now.some((summary, index) => summary !== before[index])) state.set(now);
  };
  const publishSoon = () => {
    if (timer) return;
    timer = setTimeout(publish, PUBLISH_MS);
    timer.unref();
  };

  const entryOf = (id: string): Entry => {
    const entry = entries.get(id);
    if (entry) return entry;
    throw new FailureError({ kind: "conflict", sentence: "That session is closed.", action: "Open another one." });
  };

  const onEnd = (entry: Entry) => {
    const shell = entry.session.kept();
    if (shell && entry.session.end()?.kind === "exited") gone.add(shell);
    publish();
    if (entry.session.end()?.kind !== "link-lost") return;
    comeBack(entry);
    judge(entry);
    // What was last seen of the machine is older than the end of its link.
    fleet.refresh().catch(() => {});
  };

  /** Ends what runs on a machine that is gone, and explains a lost link by it. */
  const judge = (entry: Entry) => {
    const now = fleet.get();
    const machine = now.source === "live" ? now.fleet?.machines[entry.session.machine] : undefined;
    const sentence = machine && (goneSentence(machine) ?? elsewhereSentence(entry.session, now, machine));
    const end = entry.session.end();
    if (!sentence || (end && end.kind !== "link-lost" && end.kind !== "machine-gone")) return;
    if (end?.kind === "machine-gone" && end.sentence === sentence) return;
    // While it shuts down, its shell may still have something to say; ssh notices the end by itself.
    if (!end && /^(stopping|shutting-down)$/.test(machine.instance?.state ?? "")) return;
    entry.session.setEnd({ kind: "machine-gone", sentence });
    comeBack(entry);
  };

  /** Waits until the machine is back on the same root volume and SSH answers, then starts a new shell in this session. */
  const comeBack = (entry: Entry) => {
    if (entry.comeback) return;
    const { session } = entry;
    const controller = new AbortController();
    entry.comeback = controller;
    const { signal } = controller;
    const isBack = (now: FleetState) => bootOf(now, session.machine) !== undefined && isOnItsRoot(session, now);
    const wait = async () => {
      while (!signal.aborted) {
        const boot = bootOf(await when(fleet, isBack, signal), session.machine);
        if (!boot) continue;
        try {
          await channel.waitForSsh(session.machine, boot.address, signal);
          // It may have been recreated meanwhile: what answers now is another disk.
          if (isBack(fleet.get())) return boot.address;
        } catch (error) {
          if (!(error instanceof FailureError && isTransient(error.failure))) throw error;
        }
      }
      throw signal.reason;
    };
    wait().then(
      (address) => {
        if (!signal.aborted) restart(entry, address);
      },
      // Given up, or nothing that waiting mends: the offer to reconnect stays.
      () => {
        if (entry.comeback === controller) entry.comeback = undefined;
      },
    );
  };

  const restart = (entry: Entry, address: string) => {
    entry.comeback?.abort();
    entry.comeback = undefined;
    entry.session.start(address);
    publish();
  };

  /** Ends the shell on its machine, where it may live there: no boot outlives another. */
  const endShell = async ({ machine, kept, end }: Session) => {
    const shell = kept();
    const boot = bootOf(fleet.get(), machine);
    if (!shell || !boot || end()?.kind === "exited") return;
    gone.add(shell);
    try {
      await channel.run(machine, boot.address, endScript(shell));
    } catch (error) {
      gone.delete(shell);
      throw error;
    }
  };

  /** Silence is shown, and ends nothing: only once the machine answers elsewhere is its link taken for dead. */
  const listen = () => {
    for (const entry of entries.values()) {
      const silence = entry.session.silence() ?? 0;
      if (silence < patience.shownAfter) {
        entry.silentSince = undefined;
        entry.relinking?.abort();
        continue;
      }
      entry.silentSince ??= clock.now() - silence;
      entry.session.tellSilence(silence);
      if (silence > patience.mendedAfter && !entry.relinking) void relink(entry);
    }
    publish();
  };

  const relink = async (entry: Entry) => {
    const controller = new AbortController();
    entry.relinking = controller;
    const { session } = entry;
    try {
      await channel.waitForSsh(session.machine, session.address(), controller.signal);
      if (!controller.signal.aborted && entries.get(entry.id) === entry) session.relink();
    } catch {
      // It answers nobody, or its link was heard again: what the machine has to say is said by its link's end.
    } finally {
      entry.relinking = undefined;
    }
  };

  const forget = (entry: Entry) => {
    entry.comeback?.abort();
    entry.relinking?.abort();
    entries.delete(entry.id);
    if (entries.size === 0) {
      unsubscribe?.();
      unsubscribe = undefined;
      clearInterval(listening);
      listening = undefined;
    }
  };

  const shellsOf = (machine: MachineName) =>
    [...entries.values()].filter(({ session }) => session.machine === machine && session.kept() !== undefined);

  /** A shell that somebody else began is a session here, until one of ours turns out to have it. */
  const forgetDouble = (entry: Entry) => {
    for (const other of shellsOf(entry.session.machine)) {
      if (other !== entry && other.session.kept() === entry.session.kept() && other.session.end()) forget(other);
    }
  };

  const add = (machine: MachineName, startedAt: number, choice: Omit<Choice, "known">): Entry => {
    opened += 1;
    const id = `${machine}-${opened}`;
    const others = () => shellsOf(machine).filter((one) => one !== entry && one.session.end()?.kind !== "kept");
    const known = () => others().flatMap(({ session }) => session.kept() ?? []);
    const session = createSession(
      environment,
      channel,
      machine,
      windowSize(),
      { ...choice, known },
      {
        onChange: (what) => {
          if (!entries.has(id)) return;
          if (what === "end") return onEnd(entry);
          if (what === "kept") forgetDouble(entry);
          publishSoon();
        },
      },
    );
    const entry: Entry = {
      id,
      session,
      startedAt,
      attached: false,
      comeback: undefined,
      silentSince: undefined,
      relinking: undefined,
    };
    entries.set(id, entry);
    unsubscribe ??= fleet.subscribe(() => {
      for (const each of entries.values()) judge(each);
    });
    // What has arrived is read first: on a busy machine a timer is not late alone.
    listening ??= setInterval(() => setImmediate(listen), patience.every).unref();
    return entry;
  };

  return {
    get: state.get,
    subscribe: state.subscribe,
    open: (machine, address, wanted) => {
      const { id, session } = add(machine, clock.now(), { wanted });
      session.start(address);
      publish();
      return id;
    },
    found: (machine, kept) => {
      for (const entry of shellsOf(machine)) {
        const { session } = entry;
        const seen = kept.find(({ id }) => id === session.kept());
        const end = session.end();
        if (end?.kind !== "kept") continue;
        if (!seen) forget(entry);
        else if (seen.attached !== end.attached) session.setEnd({ kind: "kept", attached: seen.attached });
      }
      const ours = new Set(shellsOf(machine).map(({ session }) => session.kept()));
      for (const { id, startedAt, title, attached } of kept) {
        if (ours.has(id) || gone.has(id)) continue;
        add(machine, startedAt, { wanted: { id }, found: { id, title, attached } });
      }
      publish();
    },
    attach: async (id, terminal) => {
      const entry = entryOf(id);
      if (entry.attached) {
        throw new FailureError({ kind: "conflict", sentence: "That session is already on a screen." });
      }
      if (entry.session.end()) return "ended";
      entry.attached = true;
      publish();
      try {
        return await attachTerminal(entry.session, terminal);
      } finally {
        entry.attached = false;
        publish();
      }
    },
    reopen: (id) => {
      const entry = entryOf(id);
      if (!entry.session.end() || !isOnItsRoot(entry.session, fleet.get())) return;
      restart(entry, bootOf(fleet.get(), entry.session.machine)?.address ?? entry.session.address());
    },
    close: async (id) => {
      const entry = entries.get(id);
      if (!entry) return;
      const { session } = entry;
      await endShell(session);
      forget(entry);
      publish();
      await session.close();
    },
    stop: async () => {
      const all = [...entries.values()];
      for (const entry of all) forget(entry);
      await Promise.all(all.map((entry) => entry.session.close()));
      publish();
    },
  };
}

/** The window that a session will most likely be looked at in. */
function windowSize(): { columns: number; rows: number } {
  return { columns: process.stdout.columns || 80, rows: process.stdout.rows || 24 };
}

/** The summary, the same object as before where nothing in it changed. */
function summaryOf(entry: Entry, before: readonly SessionSummary[]): SessionSummary {
  const { session } = entry;
  const lines = session.lastLines();
  const known = before.find((summary) => summary.id === entry.id);
  const lastLines = known && sameLines(known.lastLines, lines) ? known.lastLines : lines;
  const summary: SessionSummary = {
    id: entry.id,
    machine: session.machine,
    startedAt: entry.startedAt,
    attached: entry.attached,
    title: session.title(),
    activity: session.activity(),
    lastLines,
    end: session.end(),
    stays: session.kept() !== undefined,
    silentSince: entry.silentSince,
    reconnecting: entry.comeback !== undefined,
    rootVolumeId: session.root()?.volumeId,
  };
  const keys = Object.keys(summary) as (keyof SessionSummary)[];
  return known && keys.every((key) => known[key] === summary[key]) ? known : summary;
}

function sameLines(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((line, index) => line === other[index]);
}

/** Whether the machine runs on the root volume that the session was on; of one that is not known nothing is said. */
function isOnItsRoot(session: Session, { fleet }: FleetState): boolean {
  const was = session.root()?.volumeId;
  return was === undefined || rootFacts(fleet, session.machine)?.volumeId === was;
}

/** Where the machine is back, and on another disk than the session was on. */
function elsewhereSentence(session: Session, now: FleetState, { spec, instance, root }: Machine): string | undefined {
  if (!session.end() || instance?.state !== "running" || !root || isOnItsRoot(session, now)) return undefined;
  return `${spec.name} runs on another disk now, ${root.id}: this shell was on ${session.root()?.volumeId}, and comes back with it.`;
}
