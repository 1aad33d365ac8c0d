/** This folder: tests of the fleet screen and its figures. Not here: how they are observed (test/ops/fleet). */
/** The fleet screen in a window of its own, as the app places it. */

import { useWindowSize } from "ink";
import type { ReactNode } from "react";
import type { MachineName } from "../../../ops/fleet/machines.ts";
import type { Ops } from "../../../ops/ops.ts";
import { FleetScreen } from "../../../tui/fleet/fleet.tsx";
import type { Toast } from "../../../tui/fleet/toasts.ts";
import { whyNotOn } from "../../../tui/keys/availability.ts";
import type { Navigation } from "../../../tui/navigation.ts";
import { renderScreen, type Screen } from "../../harness/screen.tsx";

interface Shown {
  readonly ops: Ops;
  readonly selected?: MachineName;
  readonly session?: string;
  readonly strips?: ReactNode;
  readonly toasts?: readonly Toast[];
}

export function InWindow({ ops, selected = "fcvm-metal-arm", session, strips, toasts = [] }: Shown) {
  const { columns, rows } = useWindowSize();
  const navigation: Navigation = { selected, session, overlays: [] };
  return (
    <FleetScreen
      ops={ops}
      navigation={navigation}
      columns={columns}
      rows={rows}
      whyNot={whyNotOn(ops, selected)}
      toasts={toasts}
      strips={strips}
    />
  );
}

/** Renders it, hands the screen to `look`, and takes it down whatever happens. */
export async function onScreen(
  shown: Shown,
  [columns, rows]: readonly [number, number],
  look: (screen: Screen) => Promise<void> | void,
): Promise<void> {
  const screen = await renderScreen(<InWindow {...shown} />, { columns, rows });
  try {
    await look(screen);
  } finally {
    await screen.unmount();
  }
}
