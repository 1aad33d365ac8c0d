/** Where the person is: one reducer over a discriminated union. */

import { MACHINE_NAMES, type MachineName } from "../../ops/fleet/machines.ts";

/** What lies over the fleet screen. The last of the stack hears the keys. */
export type Overlay =
  | { readonly kind: "help" }
  | { readonly kind: "run"; readonly runId: string }
  | { readonly kind: "past-run"; readonly runId: string }
  | { readonly kind: "history" }
  | { readonly kind: "orphans" }
  | { readonly kind: "sessions"; readonly machine: MachineName }
  | { readonly kind: "quit"; readonly lines: readonly string[] };

export interface Navigation {
  readonly selected: MachineName;
  readonly overlays: readonly Overlay[];
}

export type NavigationAction =
  | { readonly type: "select"; readonly machine: MachineName }
  | { readonly type: "move"; readonly by: 1 | -1 }
  /** Opens an overlay on top; one that is open already comes to the top instead of opening twice. */
  | { readonly type: "open"; readonly overlay: Overlay }
  /** Closes the topmost overlay, or the named kind wherever it is. */
  | { readonly type: "close"; readonly kind?: Overlay["kind"] };

export const START: Navigation = { selected: MACHINE_NAMES[0], overlays: [] };

export function navigate(state: Navigation, action: NavigationAction): Navigation {
  switch (action.type) {
    case "select":
      return { ...state, selected: action.machine };
    case "move": {
      const index = MACHINE_NAMES.indexOf(state.selected) + action.by;
      const selected = MACHINE_NAMES[Math.max(0, Math.min(MACHINE_NAMES.length - 1, index))] ?? state.selected;
      return selected === state.selected ? state : { ...state, selected };
    }
    case "open":
      return {
        ...state,
        overlays: [...state.overlays.filter((overlay) => !same(overlay, action.overlay)), action.overlay],
      };
    case "close":
      if (action.kind === undefined) return { ...state, overlays: state.overlays.slice(0, -1) };
      return { ...state, overlays: state.overlays.filter((overlay) => overlay.kind !== action.kind) };
  }
}

function same(a: Overlay, b: Overlay): boolean {
  if (a.kind !== b.kind) return false;
  if (a.kind === "run" || a.kind === "past-run") return "runId" in b && a.runId === b.runId;
  return true;
}
