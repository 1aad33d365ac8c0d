/** What the fleet screen's keys do: from a command to an operation, a session or a place on the screen. */

import { ACTION_NAMES, ACTIONS, type ActionName, operationOf } from "../ops/actions.ts";
import type { MachineName } from "../ops/fleet/machines.ts";
import type { Fleet } from "../ops/fleet/model.ts";
import { allHeadlines } from "../ops/machine/headlines.ts";
import { deleteOrphan } from "../ops/machine/orphans.ts";
import { connectMachine } from "../ops/machine/prerequisites.ts";
import { machineTools } from "../ops/machine/tools.ts";
import { giveTerminal, type HandoverOperation, handsOver } from "../ops/operation/handover.ts";
import type { Run } from "../ops/operation/run.ts";
import type { Operation } from "../ops/operation/types.ts";
import type { Ops } from "../ops/ops.ts";
import { closeSession } from "../ops/ssh/close-session.ts";
import type { AttachedTerminal, SessionEnd, SessionSummary } from "../ops/ssh/types.ts";
import { volumesOfTerraform } from "../ops/terraform/named-volumes.ts";
import { consolePage } from "./fleet/copyable.ts";
import { newestOf } from "./fleet/machine-view.ts";
import type { Tell } from "./fleet/toasts.ts";
import { whyNotOn } from "./keys/availability.ts";
import type { Command } from "./keys/registry.ts";
import type { Navigation, NavigationAction } from "./navigation.ts";
import { quitLines } from "./quit.tsx";
import { runToLookAt } from "./run/run-strip.tsx";
import { findOpener, openBrowser } from "./sign-in/browser.ts";

export interface Cockpit {
  readonly ops: Ops;
  readonly tell: Tell;
  readonly place: () => Navigation;
  readonly dispatch: (action: NavigationAction) => void;
  /** Steps aside while a program that `during` starts has the terminal; all is drawn anew afterwards. */
  readonly lend: (during: () => Promise<void>) => Promise<void>;
  /** Steps aside while `during` has every byte of it. */
  readonly lendBytes: (during: (terminal: AttachedTerminal) => Promise<void>) => Promise<void>;
  /** What has been typed and not heard yet was meant for somebody else. */
  readonly dropKeys: () => void;
  /** Takes the text, and what it is, as in "the address". */
  readonly copy: (text: string, what: string) => void;
  readonly end: () => void;
}

/** What is done in less than this needs no screen of its own. */
const QUIET_MS = 250;

type Handlers = Partial<Record<Command, () => void>>;

/** The handlers of the fleet screen's commands, for what is chosen on it at the moment of the key. */
export function fleetHandlers(cockpit: Cockpit): Handlers {
  const { ops, dispatch, place } = cockpit;
  const selected = () => place().selected;
  const reason = (command: Command) => whyNotOn(ops, selected())(command);
  const whenAble = (command: Command, act: () => void) => {
    const why = reason(command);
    if (why === undefined) act();
    else cockpit.tell(`Not now: ${why}.`, "warning");
  };
  const special: Partial<Record<ActionName, () => void>> = {
    // A shell here is a session that stays, and not a terminal that is given away.
    ssh: () => void enter(cockpit, selected(), place().session),
  };
  /** Which of a key's actions it is, is decided by the key press, not by the last rendering. */
  const take = (name: ActionName) => {
    if (name === "swap") chooseForSwap(cockpit);
    const sharing = ACTION_NAMES.filter((one) => ACTIONS[one].keys?.[0] === ACTIONS[name].keys?.[0]);
    const meant = sharing.find((one) => reason(one) === undefined) ?? name;
    whenAble(meant, special[meant] ?? (() => begin(cockpit, meant)));
  };
  const own: Handlers = {
    up: () => dispatch({ type: "move", by: -1 }),
    down: () => dispatch({ type: "move", by: 1 }),
    newSession: () => void connect(cockpit, selected(), "new"),
    session: () => dispatch({ type: "session", ids: sessionsOn(ops, selected()).map(({ id }) => id) }),
    endSession: () => {
      const all = sessionsOn(ops, selected());
      // The one that was chosen may be gone: then the newest that lives is drawn as chosen.
      const chosen = all.find((session) => session.id === place().session) ?? newestOf(all);
      const { id } = chosen ?? all.at(-1) ?? {};
      if (id) show(cockpit, ops.operations.start(closeSession(ops.sessions, id)));
    },
    copyMenu: () => dispatch({ type: "open", overlay: { kind: "copy", machine: selected() } }),
    console: () => void lookAtAws(cockpit, selected()),
    notices: () => dispatch({ type: "open", overlay: { kind: "notices" } }),
    orphans: () => dispatch({ type: "open", overlay: { kind: "orphans" } }),
    history: () => dispatch({ type: "open", overlay: { kind: "history" } }),
    runs: () => {
      const run = runToLookAt(ops.operations.get());
      if (run) dispatch({ type: "open", overlay: { kind: "run", runId: run.get().id } });
    },
    refresh: () => void ops.fleet.refresh(),
    help: () => dispatch({ type: "open", overlay: { kind: "help", context: "fleet" } }),
    quit: () => quit(cockpit),
  };
  // A key that came in one piece with the one that opened an overlay is not for the fleet screen any more.
  const here = (act: () => void) => () => (place().overlays.length === 0 ? act() : undefined);
  return Object.fromEntries([
    ...ACTION_NAMES.map((name) => [name, here(() => take(name))]),
    ...Object.entries(own).map(([command, act]) => [command, here(() => whenAble(command as Command, act))]),
  ]);
}

/** Starts the action on what is chosen and shows it. */
function begin(cockpit: Cockpit, name: ActionName): void {
  const operation = operationOf(name, cockpit.ops, cockpit.place().selected);
  const run = operation && startOnce(cockpit, operation);
  if (!run) return;
  show(cockpit, run);
  if (handsOver(operation)) void handOver(cockpit, run, operation);
}

/** The headline names the key of the swap: it means the headline's machine where the chosen one needs no swap. */
function chooseForSwap({ ops, dispatch, place }: Cockpit): void {
  const { fleet } = ops.fleet.get();
  const asked = fleet && whyNotOn(ops, place().selected)("swap") !== undefined && swapAskedFor(fleet);
  if (asked) dispatch({ type: "select", machine: asked });
}

/**
 * Enter: back into the chosen session, or the newest that lives; otherwise everything that a prompt needs, then the
 * prompt: in the session whose link or machine was lost, where there is one.
 */
async function enter(cockpit: Cockpit, machine: MachineName, chosen: string | undefined): Promise<void> {
  const all = sessionsOn(cockpit.ops, machine);
  const session = all.find(({ id }) => id === chosen) ?? newestOf(all) ?? all.findLast(isLost);
  if (session && !session.end) await lookInto(cockpit, session.id);
  else await connect(cockpit, machine, "newest", session && isLost(session) ? session.id : undefined);
}

/** The machine's page in the AWS console: in a browser here, or copied for one elsewhere. */
async function lookAtAws({ ops, tell, copy }: Cockpit, machine: MachineName): Promise<void> {
  const id = ops.fleet.get().fleet?.machines[machine].instance?.id;
  if (!id) return;
  const page = consolePage(id);
  if (findOpener(ops.environment.env).ok) tell(await openBrowser(page, ops.environment.env));
  else copy(page, `the page of ${machine} at AWS`);
}

/** From the end of a run on a machine to a shell there. */
export function openShell(cockpit: Cockpit, run: Run): void {
  const { id, machine } = run.get();
  if (!machine) return;
  cockpit.dispatch({ type: "close-run", runId: id });
  void enter(cockpit, machine, undefined);
}

function isLost({ end }: SessionSummary): boolean {
  return end?.kind === "link-lost" || end?.kind === "machine-gone" || end?.kind === "kept";
}

/** Brings about what a prompt needs and opens it: another session, or `again` one that is not connected. */
async function connect(
  cockpit: Cockpit,
  machine: MachineName,
  wanted: "new" | "newest",
  again?: string,
): Promise<void> {
  const { ops, dispatch } = cockpit;
  const operation = connectMachine(machine, machineTools(ops));
  const run = startOnce(cockpit, operation);
  if (!run) return;
  const shown = show(cockpit, run, QUIET_MS);
  const outcome = await run.finished;
  const address = operation.address();
  if (outcome.status !== "done" || !address) return;
  const { id } = run.get();
  const top = cockpit.place().overlays.at(-1);
  const left = shown() && (top?.kind !== "run" || top.runId !== id);
  dispatch({ type: "close-run", runId: id });
  const root = ops.fleet.get().fleet?.machines[machine].root?.id;
  const lost = ops.sessions.get().find((one) => one.id === again && (!one.rootVolumeId || one.rootVolumeId === root));
  if (lost) ops.sessions.reopen(lost.id);
  const session = lost?.id ?? ops.sessions.open(machine, address, wanted);
  // Whoever has gone on to something else is not dragged away from it.
  if (left) cockpit.tell(`${machine} is ready: Enter on it goes to its prompt.`, "good");
  else await lookInto(cockpit, session);
}

/** Gives the terminal to what an operation has prepared, once it has: the database client. */
async function handOver(cockpit: Cockpit, run: Run, operation: HandoverOperation): Promise<void> {
  const outcome = await run.finished;
  const handover = outcome.status === "done" ? operation.handover() : undefined;
  if (!handover) return;
  cockpit.dispatch({ type: "close-run", runId: run.get().id });
  await cockpit.lend(async () => {
    const { failure } = await giveTerminal(handover);
    if (failure) cockpit.tell(failure.sentence, "warning");
  });
}

/** Attaches, and says afterwards what the session ended on where that was not its own will. */
async function lookInto({ lendBytes, dropKeys, ops, tell }: Cockpit, sessionId: string): Promise<void> {
  const endOf = () => ops.sessions.get().find((session) => session.id === sessionId)?.end;
  await lendBytes(async (terminal) => {
    const how = await ops.sessions.attach(sessionId, terminal);
    // The rest of a line that was being typed when the link died is no command of ours.
    if (how === "ended" && endOf()?.kind !== "exited") dropKeys();
  });
  const end = endOf();
  if (end && end.kind !== "exited") tell(endSentence(end), "warning");
}

function endSentence(end: Exclude<SessionEnd, { kind: "exited" }>): string {
  switch (end.kind) {
    case "kept":
      return "Another cockpit has taken this shell up: Enter takes it back.";
    case "failed":
      return `${end.sentence} ${end.action}`;
    default:
      return end.sentence;
  }
}

/**
 * Starts the operation, unless something that changes the same machine is under way: then that is shown, so that two
 * operations never pull one machine in two directions.
 */
function startOnce(cockpit: Cockpit, operation: Operation): Run | undefined {
  const { ops, dispatch, tell } = cockpit;
  const other = ops.operations
    .get()
    .map((run) => run.get())
    .find(
      (run) =>
        !run.outcome &&
        run.machine === operation.machine &&
        (operation.machine || run.name === operation.name) &&
        // A kernel that is being built is no reason not to look in: nothing there is changed by a shell.
        !(operation.name === "ssh" && run.name === "kernel" && run.harmlessToDrop),
    );
  if (!other) return ops.operations.start(operation);
  if (other.name !== operation.name) tell(`Not now: ${other.title} is under way.`, "warning");
  dispatch({ type: "open", overlay: { kind: "run", runId: other.id } });
  return undefined;
}

/**
 * Opens the run's screen: at once, or only if it is not over or asks something within `patienceMs`. Gives whether it was
 * opened.
 */
function show(cockpit: Cockpit, run: Run, patienceMs = 0): () => boolean {
  const { id } = run.get();
  let opened = false;
  const open = () => {
    if (opened) return;
    opened = true;
    cockpit.dispatch({ type: "open", overlay: { kind: "run", runId: id } });
  };
  if (patienceMs === 0) {
    open();
    return () => opened;
  }
  const timer = setTimeout(open, patienceMs);
  const unsubscribe = run.subscribe(() => {
    const { question, outcome } = run.get();
    if (question || outcome?.status === "failed" || outcome?.status === "blocked") open();
  });
  void run.finished.then(() => {
    clearTimeout(timer);
    unsubscribe();
  });
  return () => opened;
}

/** The machine's sessions, in the order in which they were opened. */
function sessionsOn(ops: Ops, machine: MachineName): readonly SessionSummary[] {
  return ops.sessions.get().filter((session) => session.machine === machine);
}

/** The machine whose swap a headline asks for. */
function swapAskedFor(fleet: Fleet): MachineName | undefined {
  return allHeadlines(fleet).find(({ kind }) => kind === "unfinished-swap" || kind === "temporary-disk")?.machine;
}

/** Quits, or asks once where that would end sessions or leave an operation half-way. */
export function quit({ ops, dispatch, end }: Cockpit): void {
  const lines = quitLines(ops.sessions.get(), ops.operations.get());
  if (lines.length === 0) end();
  else dispatch({ type: "open", overlay: { kind: "quit", lines } });
}

/** Deletes an unattached volume; the operation asks for its ID to be typed. */
export function deleteVolume(cockpit: Cockpit, volumeId: string): void {
  const { ops } = cockpit;
  show(
    cockpit,
    ops.operations.start(deleteOrphan(volumeId, machineTools(ops), (context) => volumesOfTerraform(ops, context))),
  );
}
