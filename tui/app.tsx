/** The cockpit: the fleet screen, what lies over it, and what the keys do. */

import { Box, useApp, useInput, useWindowSize } from "ink";
import { useCallback, useEffect, useMemo, useReducer, useRef } from "react";
import { changes } from "../ops/fleet/derive/changes.ts";
import { headlines } from "../ops/fleet/derive/headline.ts";
import type { MachineName } from "../ops/fleet/machines.ts";
import type { Ops } from "../ops/ops.ts";
import { type Cockpit, fleetHandlers } from "./cockpit.ts";
import { RunStrip } from "./components/run-strip.tsx";
import { Toasts } from "./components/toasts.tsx";
import type { Command } from "./keys/registry.ts";
import { keyName, useKeys } from "./keys/use-keys.ts";
import type { Lifecycle } from "./lifecycle.ts";
import { FleetScreen } from "./screens/fleet.tsx";
import { Overlays } from "./screens/overlays.tsx";
import { availability } from "./state/availability.ts";
import { navigate, START } from "./state/navigation.ts";
import { type Tell, useToasts } from "./state/toasts.ts";
import { useBell } from "./terminal/bell.ts";
import { CUT_LINES, WRAP_LINES } from "./terminal/modes.ts";
import { useStore } from "./use-store.ts";

/** A second Ctrl+C within this time quits. */
const SECOND_PRESS_MS = 3000;

interface AppProps {
  readonly ops: Ops;
  readonly lifecycle: Pick<Lifecycle, "end">;
}

export function App({ ops, lifecycle }: AppProps) {
  const { columns, rows } = useWindowSize();
  const { suspendTerminal } = useApp();
  const [navigation, dispatch] = useReducer(navigate, START);
  const { toasts, tell } = useToasts();
  const runs = useStore(ops.operations);
  const top = navigation.overlays.at(-1);

  const cockpit = useMemo<Cockpit>(
    () => ({
      ops,
      tell,
      dispatch,
      end: () => lifecycle.end(0),
      attach: (sessionId) =>
        suspendTerminal(async () => {
          process.stdout.write(WRAP_LINES);
          await ops.sessions.attach(sessionId, { input: process.stdin, output: process.stdout });
          process.stdout.write(CUT_LINES);
        }),
    }),
    [ops, tell, lifecycle, suspendTerminal],
  );

  useBell(runs, process.stdout);
  useFirstSelection(ops, navigation.selected, dispatch);
  useChangeToasts(ops, tell);
  useSignInOverlay(runs, dispatch);
  useCtrlC(cockpit, top?.kind === "run" ? top.runId : undefined);
  useKeys("fleet", fleetHandlers(cockpit, navigation), { active: top === undefined });

  // Read when asked, not subscribed to: a refresh that changed nothing must not render anything.
  const available = useCallback(
    (command: Command) => availability(command, ops.fleet.get().fleet?.machines[navigation.selected]),
    [ops, navigation.selected],
  );

  return (
    <Box width={columns} height={rows} overflow="hidden" flexDirection="column">
      {top ? (
        <>
          <Overlays
            cockpit={cockpit}
            overlay={top}
            runs={runs}
            columns={columns}
            rows={rows}
            availability={available}
          />
          <Toasts toasts={toasts} columns={columns} rows={Math.floor(rows / 4)} above={1} clock={ops.clock} />
        </>
      ) : (
        <FleetScreen
          ops={ops}
          navigation={navigation}
          columns={columns}
          rows={rows}
          availability={available}
          toasts={toasts}
          strips={<RunStrip runs={runs} columns={columns} clock={ops.clock} />}
        />
      )}
    </Box>
  );
}

/**
 * The machine that the headline is about is chosen until the person chooses: its key is then the only one to press.
 * Once by what was stored, and once more by the first live look.
 */
function useFirstSelection(ops: Ops, selected: MachineName, dispatch: Cockpit["dispatch"]): void {
  const chosen = useRef<{ machine: MachineName; live: boolean }>({ machine: selected, live: false });
  const now = useRef(selected);
  now.current = selected;
  useEffect(() => {
    const choose = () => {
      const { fleet, source } = ops.fleet.get();
      const { machine, live } = chosen.current;
      if (!fleet || live || now.current !== machine) return;
      const subject = headlines(fleet).find((headline) => headline.machine)?.machine ?? machine;
      chosen.current = { machine: subject, live: source === "live" };
      dispatch({ type: "select", machine: subject });
    };
    choose();
    return ops.fleet.subscribe(choose);
  }, [ops, dispatch]);
}

/** Tells what changed between two looks; the stored observation is no news. */
function useChangeToasts(ops: Ops, tell: Tell): void {
  useEffect(() => {
    let before = ops.fleet.get();
    return ops.fleet.subscribe(() => {
      const now = ops.fleet.get();
      if (before.fleet && now.fleet && before.source === "live") {
        for (const change of changes(before.fleet, now.fleet)) tell(change.sentence, change.tone);
      }
      before = now;
    });
  }, [ops, tell]);
}

/** A sign-in opens its overlay whoever started it, and closes it when it has succeeded: back to what was being done. */
function useSignInOverlay(runs: ReturnType<Ops["operations"]["get"]>, dispatch: Cockpit["dispatch"]): void {
  const seen = useRef(new Set<string>());
  useEffect(() => {
    for (const run of runs) {
      const { id, name } = run.get();
      if (name !== "login" || seen.current.has(id)) continue;
      seen.current.add(id);
      dispatch({ type: "open", overlay: { kind: "run", runId: id } });
      void run.finished.then((outcome) => {
        if (outcome.status === "done" || outcome.status === "nothing-to-do") dispatch({ type: "close-run", runId: id });
      });
    }
  }, [runs, dispatch]);
}

/** The first press warns, the second quits. A live run that is looked at hears it itself, and asks whether to stop. */
function useCtrlC(cockpit: Cockpit, runId: string | undefined): void {
  const last = useRef(Number.NEGATIVE_INFINITY);
  useInput((input, key) => {
    if (keyName(input, key) !== "ctrl+c") return;
    const run = cockpit.ops.operations.get().find((one) => one.get().id === runId);
    if (run && !run.get().outcome && !run.get().cancelling) return;
    const now = performance.now();
    const again = now - last.current <= SECOND_PRESS_MS;
    last.current = now;
    if (again) cockpit.end();
    else cockpit.tell("Press Ctrl+C again to quit.", "warning");
  });
}
