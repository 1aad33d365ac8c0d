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
import { attachScript, newNonce, type Wanted } from "./holder.ts";
import { createLog } from "./log.ts";
import { AGAIN } from "./replay.ts";
import { noticeOf, titleOf } from "./temporary-disk.ts";
import { terminfoToBring } from "./terminfo.ts";
import { createListener, type Told } from "./told.ts";
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
  /** The shell that its machine keeps; undefined until it is known, and where none is kept. */
  readonly kept: () => string | undefined;
  /** Milliseconds for which nothing was heard of the link; undefined while it is not up or not read, and where nothing beats. */
  readonly silence: () => number | undefined;
  /** Says on the screen that shows it, if one does, for how long its link has been silent. */
  readonly tellSilence: (ms: number) => void;
  /** Connects anew to the shell that its machine keeps, in the place of a link that is dead and has not ended. */
  readonly relink: () => void;
  /** Starts ssh, the first time or again after an end: to its own shell where it lives, else with a new one. */
  readonly start: (address: string) => void;
  /** Hangs up; resolves when the ssh process is gone. A shell that its machine keeps lives on. */
  readonly close: () => Promise<void>;
}

interface SessionEvents {
  /** Something that a summary shows has changed: at once for the end, in a while for output. */
  readonly onChange: (what: "output" | "end" | "kept") => void;
}

/** Which shell a session is to show, and which it is not to take. */
export interface Choice {
  readonly wanted: Wanted;
  /** Shells that other sessions have. */
  readonly known: () => readonly string[];
  /** What is known of a shell that nobody here has looked at. */
  readonly found?: { readonly id: string; readonly title: string; readonly attached: boolean };
}

/** How many lines of its screen a summary carries. */
const LAST_LINES = 8;

/** One life of a session, from one start to its end. */
interface Life {
  connection: Connection | undefined;
  emulator: Emulator | undefined;
  /** Keys that came before somebody was there to take them. */
  readonly typedAhead: Buffer[];
  /** What comes now: words before the shell's, what it wrote until now, or what it writes. */
  stage: "before" | "log" | "live";
  /** Somebody over there takes keys: the shell, or ssh itself that asks something. */
  listening: boolean;
  /** What its link is going to end by. */
  told: "taken" | "ended" | undefined;
  heardAt: number | undefined;
  /** Something of ours stands on the screen that shows it. */
  silenceTold: boolean;
  /** Which of its links counts: a dead one may still have something to say. */
  link: symbol | undefined;
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
  choice: Choice,
  events: SessionEvents,
): Session {
  let size = initialSize;
  let kept = choice.found?.id;
  let life = newLife(choice.found ? { kind: "kept", attached: choice.found.attached } : undefined);
  let address = "";
  let root: RootFacts | undefined;
  let activity = false;
  let sink: ((chunk: Buffer) => boolean) | undefined;
  let watcher: symbol | undefined;

  const hold = (now: Life, why: "terminal" | "parser" | "attaching", held: boolean) => {
    const before = now.holds.size > 0;
    if (held) now.holds.add(why);
    else now.holds.delete(why);
    if (now.holds.size > 0 === before) return;
    now.connection?.hold(!before);
    // What came meanwhile has not been read yet.
    if (now.heardAt !== undefined) now.heardAt = performance.now();
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
    root = channel.facts(machine, address).root;
    const emulator = await createEmulator(size, {
      onAnswer: (answer) => now.connection?.write(Buffer.from(answer)),
      onCrowded: (crowded) => hold(now, "parser", crowded),
      onCaughtUp: () => events.onChange("output"),
    });
    now.emulator = emulator;
    emulator.push(opening(root), true);
    await link(now, emulator);
  };

  const link = async (now: Life, emulator: Emulator) => {
    const mine = Symbol("link");
    now.link = mine;
    now.stage = "before";
    now.listening = false;
    now.heardAt = undefined;
    now.told = undefined;
    const facts = channel.facts(machine, address);
    const log = createLog(environment);
    const nonce = newNonce();
    const listener = createListener(nonce);
    const terminfo = await terminfoToBring(environment.env);
    if (now.closing) return finish(now, { kind: "exited", code: 255 });
    const connection = await connect(
      sshProgram(environment),
      sshArguments(environment, {
        address,
        identity: channel.identity(facts),
        use: "session",
        log: log.path,
        command: attachScript({
          wanted: kept ? { id: kept } : choice.wanted,
          known: choice.known(),
          nonce,
          terminfo,
        }),
      }),
      environment.env,
      size,
      {
        onData: (chunk) => {
          if (now.closing || now.link !== mine) return;
          now.lastChunks = [now.lastChunks[1], chunk];
          if (now.heardAt !== undefined) now.heardAt = performance.now();
          for (const told of listener.hear(chunk)) hear(now, told);
          if (!now.silenceTold || now.stage !== "live") return;
          now.silenceTold = false;
          if (sink) paint(now, sink, AGAIN);
        },
        onEnd: (code) => {
          if (now.link !== mine) return void log.take();
          const rest = listener.rest();
          if (rest.length) hear(now, { bytes: rest });
          if (now.told === "taken") return finish(now, { kind: "kept", attached: true });
          const words = log.take() + lastWords(Buffer.concat(now.lastChunks));
          // A kept shell's end is told: without that it was the link that ended, whatever is said of it.
          const lost = kept !== undefined && now.heardAt !== undefined && now.told === undefined;
          const failure = lost || code === 255 ? diagnose(words, facts) : undefined;
          void emulator.settle().then(() => events.onChange("output"));
          if (lost) finish(now, { kind: "link-lost", sentence: failure?.sentence ?? `The link to ${machine} ended.` });
          else finish(now, failure ? endOf(failure) : { kind: "exited", code });
        },
      },
    );
    // Meanwhile another was asked for: two that attach would take the shell from each other.
    if (now.link !== mine) return connection.close();
    now.connection = connection;
    connection.resize(size);
    if (now.holds.size > 0) connection.hold(true);
    if (now.closing) connection.close();
  };

  const failed = (now: Life, error: Error) => {
    if (now.closing) return finish(now, { kind: "exited", code: 255 });
    if (error instanceof FailureError) return finish(now, endOf(error.failure));
    finish(now, { kind: "failed", sentence: `ssh could not be started: ${error.message}.`, action: "Try again." });
  };

  /** Somebody takes keys now, and there is something to be seen. */
  const listen = (now: Life) => {
    now.listening = true;
    for (const bytes of now.typedAhead.splice(0)) now.connection?.write(bytes);
    now.ready.resolve();
  };

  const hear = (now: Life, told: Told) => {
    const { emulator } = now;
    if (!emulator) return;
    if ("bytes" in told) {
      if (now.stage === "log") return emulator.push(told.bytes, true);
      if (!now.listening) listen(now);
      if (sink && !sink(told.bytes)) hold(now, "terminal", true);
      emulator.push(told.bytes, sink !== undefined);
      if (!sink) {
        activity = true;
        events.onChange("output");
      }
      return;
    }
    const { word, about } = told;
    switch (word) {
      case "held":
      case "new":
        kept = about[0];
        events.onChange("kept");
        break;
      case "log":
        now.stage = "log";
        emulator.push(Buffer.concat([RESET, opening(root)]), true);
        break;
      case "size": {
        const [rows = 0, columns = 0] = about.map(Number);
        if (rows > 0 && columns > 0) emulator.resize({ columns, rows });
        break;
      }
      case "live":
      case "plain": {
        if (word === "plain") kept = undefined;
        else now.heardAt = performance.now();
        now.stage = "live";
        emulator.resize(size);
        now.connection?.resize(size);
        listen(now);
        // It was on a screen already, which is to show the whole of it now.
        if (sink && word === "live") paint(now, sink, AGAIN);
        break;
      }
      case "taken":
      case "ended":
        now.told = word;
        break;
      case "beat":
        break;
    }
  };

  /** Gives `show` the screen as it is, and then all that comes. */
  const paint = (now: Life, show: (chunk: Buffer) => boolean, before: string) => {
    const token = Symbol("watcher");
    watcher = token;
    sink = undefined;
    hold(now, "attaching", now.stage === "live");
    void now.ready.promise.then(async () => {
      hold(now, "attaching", true);
      await now.emulator?.settle();
      if (watcher === token) {
        const { emulator } = now;
        const screen = [Buffer.from(before), emulator?.replay() ?? RESET, titleOf(root, emulator?.title() ?? "")];
        if (emulator && !show(Buffer.concat(screen))) hold(now, "terminal", true);
        sink = show;
        activity = false;
        events.onChange("output");
      }
      hold(now, "attaching", false);
    });
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
    title: () => life.emulator?.title() || choice.found?.title || "shell",
    activity: () => activity,
    kept: () => kept,
    silence: () => {
      const { end, heardAt, holds } = life;
      return end || heardAt === undefined || holds.size > 0 ? undefined : performance.now() - heardAt;
    },
    tellSilence: (ms) => {
      if (!sink || life.end) return;
      life.silenceTold = true;
      sink(silenceLine(ms, size));
    },
    relink: () => {
      const now = life;
      const { connection, emulator } = now;
      // Only what was heard once can have fallen silent: a link that is being made is left to it.
      if (now.end || now.closing || !kept || !connection || !emulator || now.heardAt === undefined) return;
      now.link = undefined;
      connection.close();
      link(now, emulator).catch((error: Error) => failed(now, error));
    },
    lastLines: () => life.emulator?.lastLines(LAST_LINES) ?? [],
    start: (to) => {
      life.emulator?.dispose();
      address = to;
      const now = newLife();
      life = now;
      run(now).catch((error: Error) => failed(now, error));
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
      if (life.listening) life.connection?.write(bytes);
      else if (!life.end) life.typedAhead.push(bytes);
    },
    resize: (next) => {
      if (next.columns < 1 || next.rows < 1 || (next.columns === size.columns && next.rows === size.rows)) return;
      size = next;
      life.emulator?.resize(next);
      life.connection?.resize(next);
    },
    watch: (show) => paint(life, show, ""),
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

/** Breaks off what was begun, and empties the emulator: CAN, RIS. */
const RESET = Buffer.from("\u0018\u001bc");

/** The first lines of every screen: how to leave it, and what is not the machine's own disk. */
function opening(root: RootFacts | undefined): Buffer {
  const notice = noticeOf(root);
  return Buffer.from(`\u001b[2mCtrl-] back to snowglobe\u001b[0m\r\n${notice ? `${notice}\r\n` : ""}`);
}

/** Over the last row, which is painted anew when the link is heard again. */
function silenceLine(ms: number, { columns, rows }: Size): Buffer {
  const words = ` link silent for ${Math.floor(ms / 1000)} s: what is typed may not arrive. Ctrl-] leaves.`;
  const line = words.slice(0, columns).padEnd(columns);
  return Buffer.from(`\u001b7\u001b[?6l\u001b[${rows};1H\u001b[0;7m${line}\u001b[0m\u001b8`);
}

function endOf(failure: Failure): SessionEnd {
  return isTransient(failure)
    ? { kind: "link-lost", sentence: failure.sentence }
    : { kind: "failed", sentence: failure.sentence, action: failure.action ?? "" };
}

function newLife(end?: SessionEnd): Life {
  const [ready, over] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  if (end) for (const each of [ready, over]) each.resolve();
  return {
    connection: undefined,
    emulator: undefined,
    typedAhead: [],
    stage: "before",
    listening: false,
    told: undefined,
    heardAt: undefined,
    silenceTold: false,
    link: undefined,
    holds: new Set(),
    lastChunks: [Buffer.alloc(0), Buffer.alloc(0)],
    closing: false,
    unwanted: new AbortController(),
    end,
    ready,
    over,
  };
}

/** What ssh writes to the terminal and not to its log: that the link is gone (quit_message in its clientloop.c). */
function lastWords(output: Buffer): string {
  const end = output.subarray(-300).toString("latin1");
  return QUIT_MESSAGE.exec(end)?.[0] ?? "";
}

const QUIT_MESSAGE =
  /(?:Connection to \S+ closed by remote host\.|Read from remote host [^\r\n]+)\s*(?:Connection to \S+ closed\.\s*)?$/;
