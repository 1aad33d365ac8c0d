/** One session: an ssh process, the screen that it draws, and who is looking. */

import type { Environment } from "../environment.ts";
import { type Failure, FailureError, isTransient } from "../failure.ts";
import type { MachineName } from "../fleet/machines.ts";
import type { Attachable } from "./attach.ts";
import type { Channel } from "./channel.ts";
import { checkLocal, sshArguments, sshProgram } from "./command.ts";
import { type Connection, connect } from "./connection.ts";
import { diagnose, type RootFacts } from "./diagnose.ts";
import { createEmulator, type Emulator, type Size } from "./emulator.ts";
import { createLog } from "./log.ts";
import { noticeOf, titleOf } from "./temporary-disk.ts";
import type { SessionEnd } from "./types.ts";

export interface Session extends Attachable {
  readonly machine: MachineName;
  /** Where the newest ssh went, and the root that the machine ran on then. */
  readonly address: () => string;
  readonly root: () => RootFacts | undefined;
  readonly end: () => SessionEnd | undefined;
  /** Says how it ended better than ssh could: the machine is gone. Ends it where it has not ended. */
  readonly setEnd: (end: SessionEnd) => void;
  readonly title: () => string;
  readonly activity: () => boolean;
  readonly lastLines: () => readonly string[];
  /** Starts ssh, the first time or again after an end: with an empty screen, as its shell is a new one. */
  readonly start: (address: string) => void;
  /** Hangs up; resolves when the ssh process is gone. */
  readonly close: () => Promise<void>;
}

interface SessionEvents {
  /** Something that a summary shows has changed: at once for the end, in a while for output. */
  readonly onChange: (what: "output" | "end") => void;
}

/** How many lines of its screen a summary carries. */
const LAST_LINES = 8;

/** One life of a session, from one start to its end. */
interface Life {
  connection: Connection | undefined;
  emulator: Emulator | undefined;
  /** Keys that came before ssh was there. */
  readonly typedAhead: Buffer[];
  readonly holds: Set<"terminal" | "parser" | "attaching">;
  /** The end of the output, where ssh may have the last word. */
  lastChunks: readonly [Buffer, Buffer];
  closing: boolean;
  /** Aborted when nobody wants it any more. */
  readonly unwanted: AbortController;
  end: SessionEnd | undefined;
  readonly ready: PromiseWithResolvers<void>;
  readonly over: PromiseWithResolvers<void>;
}

export function createSession(
  environment: Environment,
  channel: Channel,
  machine: MachineName,
  initialSize: Size,
  events: SessionEvents,
): Session {
  let size = initialSize;
  let life = newLife();
  let address = "";
  let root: RootFacts | undefined;
  let activity = false;
  let sink: ((chunk: Buffer) => boolean) | undefined;
  let watcher: symbol | undefined;

  const hold = (now: Life, why: "terminal" | "parser" | "attaching", held: boolean) => {
    const before = now.holds.size > 0;
    if (held) now.holds.add(why);
    else now.holds.delete(why);
    if (now.holds.size > 0 !== before) now.connection?.hold(!before);
  };

  const finish = (now: Life, end: SessionEnd) => {
    if (now.end) return;
    now.end = end;
    now.ready.resolve();
    now.over.resolve();
    events.onChange("end");
  };

  const run = async (now: Life) => {
    const local = checkLocal(environment);
    if (local) return finish(now, { kind: "failed", sentence: local.sentence, action: local.action ?? "" });
    await channel.meet(machine, address, now.unwanted.signal);
    if (now.closing) return finish(now, { kind: "exited", code: 255 });
    const facts = channel.facts(machine, address);
    root = facts.root;
    const identity = channel.identity(facts);
    const log = createLog(environment);
    const emulator = await createEmulator(size, {
      onAnswer: (answer) => now.connection?.write(Buffer.from(answer)),
      onCrowded: (crowded) => hold(now, "parser", crowded),
      onCaughtUp: () => events.onChange("output"),
    });
    now.emulator = emulator;
    const notice = noticeOf(root);
    if (notice) emulator.push(Buffer.from(`${notice}\r\n`), sink !== undefined);
    if (now.closing) return finish(now, { kind: "exited", code: 255 });
    now.connection = await connect(
      sshProgram(environment),
      sshArguments(environment, { address, identity, use: "session", log: log.path }),
      environment.env,
      size,
      {
        onData: (chunk) => {
          if (now.closing) return;
          now.lastChunks = [now.lastChunks[1], chunk];
          if (sink && !sink(chunk)) hold(now, "terminal", true);
          emulator.push(chunk, sink !== undefined);
          if (!sink) {
            activity = true;
            events.onChange("output");
          }
        },
        onEnd: (code) => {
          const words = log.take() + lastWords(Buffer.concat(now.lastChunks));
          const failure = code === 255 ? diagnose(words, facts) : undefined;
          void emulator.settle().then(() => events.onChange("output"));
          finish(now, failure ? endOf(failure) : { kind: "exited", code });
        },
      },
    );
    now.connection.resize(size);
    if (now.holds.size > 0) now.connection.hold(true);
    for (const bytes of now.typedAhead.splice(0)) now.connection.write(bytes);
    if (now.closing) now.connection.close();
    now.ready.resolve();
  };

  const session: Session = {
    machine,
    address: () => address,
    root: () => root,
    end: () => life.end,
    setEnd: (end) => {
      if (life.end) {
        life.end = end;
        events.onChange("end");
      } else {
        finish(life, end);
        life.connection?.close();
      }
    },
    title: () => life.emulator?.title() || "shell",
    activity: () => activity,
    lastLines: () => life.emulator?.lastLines(LAST_LINES) ?? [],
    start: (to) => {
      life.emulator?.dispose();
      address = to;
      const now = newLife();
      life = now;
      run(now).catch((error: Error) => {
        if (now.closing) return finish(now, { kind: "exited", code: 255 });
        if (error instanceof FailureError) return finish(now, endOf(error.failure));
        finish(now, { kind: "failed", sentence: `ssh could not be started: ${error.message}.`, action: "Try again." });
      });
    },
    close: async () => {
      const now = life;
      now.closing = true;
      now.unwanted.abort();
      now.connection?.close();
      // A session whose machine is gone has its end before its process has.
      await now.over.promise;
      await now.connection?.gone;
      now.emulator?.dispose();
    },
    write: (bytes) => {
      if (life.connection) life.connection.write(bytes);
      else if (!life.end) life.typedAhead.push(bytes);
    },
    resize: (next) => {
      if (next.columns < 1 || next.rows < 1 || (next.columns === size.columns && next.rows === size.rows)) return;
      size = next;
      life.emulator?.resize(next);
      life.connection?.resize(next);
    },
    watch: (show) => {
      const token = Symbol("watcher");
      const now = life;
      watcher = token;
      hold(now, "attaching", true);
      void now.ready.promise.then(async () => {
        await now.emulator?.settle();
        if (watcher === token) {
          if (now.emulator && !show(Buffer.concat([now.emulator.replay(), titleOf(root, now.emulator.title())])))
            hold(now, "terminal", true);
          sink = show;
          activity = false;
          events.onChange("output");
        }
        hold(now, "attaching", false);
      });
    },
    drained: () => hold(life, "terminal", false),
    unwatch: () => {
      if (sink) life.emulator?.leave();
      watcher = undefined;
      sink = undefined;
      hold(life, "terminal", false);
    },
    get over() {
      return life.over.promise;
    },
  };
  return session;
}

function endOf(failure: Failure): SessionEnd {
  return isTransient(failure)
    ? { kind: "link-lost", sentence: failure.sentence }
    : { kind: "failed", sentence: failure.sentence, action: failure.action ?? "" };
}

function newLife(): Life {
  return {
    connection: undefined,
    emulator: undefined,
    typedAhead: [],
    holds: new Set(),
    lastChunks: [Buffer.alloc(0), Buffer.alloc(0)],
    closing: false,
    unwanted: new AbortController(),
    end: undefined,
    ready: Promise.withResolvers(),
    over: Promise.withResolvers(),
  };
}

/** What ssh writes to the terminal and not to its log: that the far side hung up (quit_message in its clientloop.c). */
function lastWords(output: Buffer): string {
  const end = output.subarray(-300).toString("latin1");
  return /Connection to \S+ closed by remote host\.\s*(?:Connection to \S+ closed\.\s*)?$/.exec(end)?.[0] ?? "";
}
