/** This folder: the cockpit as a program on a terminal. Not here: what an action does (ops); nothing in ops knows of this folder. */
/** The cockpit: the fleet screen, what lies over it, and what the keys do. */

import { Box, useApp, useInput, useIsScreenReaderEnabled, usePaste, useWindowSize } from "ink";
import { useCallback, useEffect, useMemo, useRef } from "react";
import { changes } from "../ops/fleet/derive/changes.ts";
import type { MachineName } from "../ops/fleet/machines.ts";
import type { Run } from "../ops/operation/run.ts";
import type { Ops } from "../ops/ops.ts";
import { cell, type Store } from "../ops/store.ts";
import { type Cockpit, fleetHandlers, quit } from "./cockpit.ts";
import { STILL_MS, StillFor } from "./dialogs/still.ts";
import { chooseFirst } from "./first-selection.ts";
import { FleetScreen } from "./fleet/fleet.tsx";
import { Toasts } from "./fleet/toast-rows.tsx";
import { type Tell, useToasts } from "./fleet/toasts.ts";
import { whyNotOn } from "./keys/availability.ts";
import { keyName } from "./keys/key-names.ts";
import { OpenHelp } from "./keys/open-help.ts";
import type { KeyContext } from "./keys/registry.ts";
import { useKeys } from "./keys/use-keys.ts";
import type { Lifecycle } from "./lifecycle.ts";
import { type Navigation, type NavigationAction, navigate, type Overlay, startOn } from "./navigation.ts";
import { Overlays } from "./overlays.tsx";
import { stayingWords } from "./quit.tsx";
import { useBell } from "./run/bell.ts";
import { cancelledWords, isGivenUp } from "./run/outcome.ts";
import { RunStrip } from "./run/run-strip.tsx";
import { useTitle } from "./run/use-title.ts";
import { useStore } from "./shared/use-store.ts";
import { CUT_LINES, TITLE, WRAP_LINES } from "./terminal/modes.ts";
import type { OwnTerminal } from "./terminal/own-terminal.ts";
import { stopUntilContinued } from "./terminal/stop.ts";
import { useCopy } from "./terminal/use-copy.ts";

/** A second Ctrl+C within this time quits. */
const SECOND_PRESS_MS = 3000;

/** What is heard has no lower edge: lists and logs give so many rows at least. */
const SPOKEN_ROWS = 60;

interface AppProps {
  readonly ops: Ops;
  readonly lifecycle: Pick<Lifecycle, "end">;
  /** Set while the terminal is somebody else's: a session's, or a client's. */
  readonly loan: { lent: boolean };
  readonly terminal: Pick<OwnTerminal, "lendWhole" | "lendBytes" | "dropKeys">;
  /** Draws all anew. */
  readonly repaint: () => void;
}

export function App({ ops, lifecycle, loan, terminal, repaint }: AppProps) {
  const { columns, rows: height } = useWindowSize();
  const { suspendTerminal } = useApp();
  const reader = useIsScreenReaderEnabled();
  const rows = reader ? Math.max(height, SPOKEN_ROWS) : height;
  // A store and not React's state: keys that arrive in one piece must each see what the one before them did.
  const place = useMemo(() => cell(startOn(ops.fleet.get().fleet)), [ops]);
  const navigation = useStore(place);
  const dispatch = useCallback((action: NavigationAction) => place.update((now) => navigate(now, action)), [place]);
  const { toasts, tell } = useToasts();
  const runs = useStore(ops.operations);
  const top = navigation.overlays.at(-1);

  const lending = useCallback(
    (during: () => Promise<void>) =>
      suspendTerminal(async () => {
        loan.lent = true;
        process.stdout.write(WRAP_LINES);
        try {
          await during();
        } finally {
          if (!reader) process.stdout.write(CUT_LINES);
          loan.lent = false;
        }
      }),
    [suspendTerminal, loan, reader],
  );
  const copy = useCopy(ops.environment, tell);
  const cockpit = useMemo<Cockpit>(
    () => ({
      ops,
      tell,
      place: place.get,
      dispatch,
      end: () => lifecycle.end(0, stayingWords(ops.sessions.get(), ops.environment)),
      lend: (during) => lending(() => terminal.lendWhole(during)),
      lendBytes: (during) => lending(() => terminal.lendBytes(during)),
      dropKeys: terminal.dropKeys,
      copy,
    }),
    [ops, tell, place, dispatch, lifecycle, terminal, lending, copy],
  );

  // Heard everywhere, so that what is pasted outside a field is no key; a field hears it beside this.
  usePaste(() => {});
  useBell(runs, process.stdout, ops.environment.env);
  useTitle(ops, loan, process.stdout);
  useEffect(() => chooseFirst(ops, place, dispatch), [ops, place, dispatch]);
  useChangeToasts(ops, place, tell);
  useSignInOverlay(runs, top, dispatch);
  useTerminalKeys(cockpit, loan, repaint);
  useGivenUp(runs, dispatch, tell);
  useCtrlC(cockpit, top?.kind === "run" ? top.runId : undefined);
  useKeys("fleet", fleetHandlers(cockpit), { active: top === undefined });

  // Read when asked, not subscribed to: a refresh that changed nothing must not render anything.
  const whyNot = useMemo(() => whyNotOn(ops, navigation.selected), [ops, navigation.selected]);

  const openHelp = useCallback(
    (context: KeyContext) => dispatch({ type: "open", overlay: { kind: "help", context } }),
    [dispatch],
  );

  return (
    <StillFor.Provider value={STILL_MS}>
      <Box width={columns} height={rows} overflow="hidden" flexDirection="column">
        {top ? (
          <OpenHelp.Provider value={openHelp}>
            <Overlays cockpit={cockpit} overlay={top} runs={runs} columns={columns} rows={rows} whyNot={whyNot} />
            <Toasts toasts={toasts} columns={columns} rows={Math.floor(rows / 4)} above={2} clock={ops.clock} />
          </OpenHelp.Provider>
        ) : (
          <FleetScreen
            ops={ops}
            navigation={navigation}
            columns={columns}
            rows={rows}
            whyNot={whyNot}
            toasts={toasts}
            strips={<RunStrip runs={runs} columns={columns} clock={ops.clock} />}
          />
        )}
      </Box>
    </StillFor.Provider>
  );
}

/**
 * Tells what changed between two looks; the stored observation is no news, nor is what happens to a machine while the run
 * that does it is looked at.
 */
function useChangeToasts(ops: Ops, place: Store<Navigation>, tell: Tell): void {
  useEffect(() => {
    const told = (machine: MachineName | undefined): boolean => {
      const top = place.get().overlays.at(-1);
      const run = top?.kind === "run" ? ops.operations.get().find((one) => one.get().id === top.runId) : undefined;
      return machine !== undefined && run?.get().machine === machine;
    };
    let before = ops.fleet.get();
    return ops.fleet.subscribe(() => {
      const now = ops.fleet.get();
      if (before.fleet && now.fleet && before.source === "live") {
        for (const { machine, sentence, tone } of changes(before.fleet, now.fleet)) {
          if (!told(machine)) tell(sentence, tone);
        }
      }
      before = now;
    });
  }, [ops, place, tell]);
}

/**
 * A sign-in that is under way lies on top of everything, whoever started it, and goes when it has succeeded: back to what
 * was being done.
 */
function useSignInOverlay(runs: readonly Run[], top: Overlay | undefined, dispatch: Cockpit["dispatch"]): void {
  const awaited = useRef(new Set<Run>());
  useEffect(() => {
    const login = runs.find((run) => run.get().name === "login" && !run.get().outcome);
    if (!login) return;
    const { id } = login.get();
    if (top?.kind !== "run" || top.runId !== id) dispatch({ type: "open", overlay: { kind: "run", runId: id } });
    if (awaited.current.has(login)) return;
    awaited.current.add(login);
    void login.finished.then(({ status }) => {
      if (status === "done" || status === "nothing-to-do") dispatch({ type: "close-run", runId: id });
    });
  }, [runs, top, dispatch]);
}

/** Ctrl-Z, and its signal from elsewhere, stop us as they stop any program; Ctrl-L draws all anew. */
function useTerminalKeys({ lend }: Cockpit, loan: AppProps["loan"], repaint: () => void): void {
  const stop = useCallback(() => {
    if (!loan.lent) void lend(() => stopUntilContinued(process.stdout, TITLE));
  }, [lend, loan]);
  useEffect(() => {
    process.on("SIGTSTP", stop);
    return () => {
      process.off("SIGTSTP", stop);
    };
  }, [stop]);
  useInput((input, key) => {
    const name = keyName(input, key);
    if (name === "ctrl+z") stop();
    if (name === "ctrl+l") repaint();
  });
}

/** What a person said no to needs no screen: back to what was there before, in a sentence. */
function useGivenUp(runs: readonly Run[], dispatch: Cockpit["dispatch"], tell: Tell): void {
  const watched = useRef(new Set<Run>());
  useEffect(() => {
    for (const run of runs) {
      if (watched.current.has(run)) continue;
      watched.current.add(run);
      void run.finished.then((outcome) => {
        const { id, title } = run.get();
        if (outcome.status !== "cancelled" || !isGivenUp(run.get())) return;
        dispatch({ type: "close-run", runId: id });
        tell(`${title}: ${cancelledWords(outcome)}.`);
      });
    }
  }, [runs, dispatch, tell]);
}

/** The first press warns, the second asks what `q` asks. A live run that is looked at hears it itself, and asks whether to stop. */
function useCtrlC(cockpit: Cockpit, runId: string | undefined): void {
  const last = useRef(Number.NEGATIVE_INFINITY);
  useInput((input, key) => {
    if (keyName(input, key) !== "ctrl+c") return;
    const run = cockpit.ops.operations.get().find((one) => one.get().id === runId);
    if (run && !run.get().outcome && !run.get().cancelling) return;
    const now = performance.now();
    const again = now - last.current <= SECOND_PRESS_MS;
    last.current = now;
    if (again) quit(cockpit);
    else cockpit.tell("Press Ctrl+C again to quit.", "warning");
  });
}
