/** Draws what lies over the fleet screen. */

import type { Fleet, Machine } from "../ops/fleet/model.ts";
import type { Run } from "../ops/operation/run.ts";
import { type Cockpit, deleteVolume, openShell } from "./cockpit.ts";
import { CopyMenu } from "./fleet/copy-menu.tsx";
import { gathered } from "./fleet/fleet-frame.ts";
import { NoticesScreen } from "./fleet/notices-screen.tsx";
import { HelpScreen } from "./help/help.tsx";
import { HistoryScreen, StoredRunScreen } from "./history/history.tsx";
import { OrphansScreen } from "./history/orphans.tsx";
import type { WhyNot } from "./keys/availability.ts";
import type { Overlay } from "./navigation.ts";
import { QuitDialog } from "./quit.tsx";
import { RunScreen } from "./run/run.tsx";
import { useStore } from "./shared/use-store.ts";

interface OverlaysProps {
  readonly cockpit: Cockpit;
  readonly overlay: Overlay;
  readonly runs: readonly Run[];
  readonly columns: number;
  readonly rows: number;
  readonly whyNot: WhyNot;
}

/** The topmost overlay; only that one is drawn and hears keys. */
export function Overlays({ cockpit, overlay, runs, columns, rows, whyNot }: OverlaysProps) {
  const { ops, dispatch } = cockpit;
  const { fleet } = useStore(ops.fleet);
  const { environment, clock } = ops;
  const window = { columns, rows, clock, active: true };
  const back = () => dispatch({ type: "close" });
  const { history } = ops.access;
  switch (overlay.kind) {
    case "help":
      return <HelpScreen {...window} context={overlay.context} whyNot={whyNot} onBack={back} />;
    case "run": {
      const run = runs.find((one) => one.get().id === overlay.runId);
      const shared = { ...window, environment, onBack: back };
      return run ? (
        <RunScreen
          key={overlay.runId}
          {...shared}
          run={run}
          machine={machineOf(run, fleet)}
          onShell={() => openShell(cockpit, run)}
        />
      ) : (
        <StoredRunScreen {...shared} history={history} runId={overlay.runId} />
      );
    }
    case "history":
      return (
        <HistoryScreen
          {...window}
          history={history}
          live={new Set(runs.map((run) => run.get()).flatMap(({ id, outcome }) => (outcome ? [] : [id])))}
          onOpen={(runId) => dispatch({ type: "open", overlay: { kind: "run", runId } })}
          onBack={back}
        />
      );
    case "orphans":
      return (
        <OrphansScreen
          {...window}
          fleet={fleet}
          environment={environment}
          onDelete={(volumeId) => deleteVolume(cockpit, volumeId)}
          onBack={back}
        />
      );
    case "notices": {
      const { notices } = gathered(ops, cockpit.place());
      return <NoticesScreen {...window} notices={notices} onBack={back} />;
    }
    case "copy":
      return (
        <CopyMenu
          {...window}
          name={overlay.machine}
          machine={fleet?.machines[overlay.machine]}
          environment={environment}
          onCopy={cockpit.copy}
          onBack={back}
        />
      );
    case "quit":
      return <QuitDialog {...window} lines={overlay.lines} onStay={back} onQuit={cockpit.end} />;
  }
}

function machineOf(run: Run, fleet: Fleet | undefined): Machine | undefined {
  const { machine } = run.get();
  return machine && fleet?.machines[machine];
}
