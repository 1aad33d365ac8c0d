/** Where the person is: one reducer over a discriminated union. */

import { MACHINE_NAMES, type MachineName } from "../ops/fleet/machines.ts";
import type { Fleet } from "../ops/fleet/model.ts";
import { allHeadlines } from "../ops/machine/headlines.ts";
import type { KeyContext } from "./keys/registry.ts";

/** What lies over the fleet screen. The last of the stack hears the keys. */
export type Overlay =
  /** `context` is where it was asked for: what is heard there comes first. */
  | { readonly kind: "help"; readonly context: KeyContext }
  /** A run of this process, or one from the history. */
  | { readonly kind: "run"; readonly runId: string }
  | { readonly kind: "history" }
  | { readonly kind: "orphans" }
  | { readonly kind: "notices" }
  /** What of the machine can be copied. */
  | { readonly kind: "copy"; readonly machine: MachineName }
  | { readonly kind: "quit"; readonly lines: readonly string[] };

export interface Navigation {
  readonly selected: MachineName;
  /** The chosen one of the machine's sessions; absent: the one that was looked at last. */
  readonly session: string | undefined;
  readonly overlays: readonly Overlay[];
}

export type NavigationAction =
  | { readonly type: "select"; readonly machine: MachineName }
  | { readonly type: "move"; readonly by: 1 | -1 }
  /** Chooses the next of the machine's sessions, given in their order. */
  | { readonly type: "session"; readonly ids: readonly string[] }
  /** Opens an overlay on top; one that is open already comes to the top instead of opening twice. */
  | { readonly type: "open"; readonly overlay: Overlay }
  /** Closes the topmost overlay, or the named kind wherever it is. */
  | { readonly type: "close"; readonly kind?: Overlay["kind"] }
  | { readonly type: "close-run"; readonly runId: string };

export const START: Navigation = { selected: MACHINE_NAMES[0], session: undefined, overlays: [] };

/** The machine that the headline is about, if it is about one. */
export function headlineMachine(fleet: Fleet): MachineName | undefined {
  return allHeadlines(fleet).find((headline) => headline.machine)?.machine;
}

/** Where the person is at first: at the machine that the headline is about, so that its key is the only one to press. */
export function startOn(fleet: Fleet | undefined): Navigation {
  const machine = fleet && headlineMachine(fleet);
  return machine ? { ...START, selected: machine } : START;
}

export function navigate(state: Navigation, action: NavigationAction): Navigation {
  switch (action.type) {
    case "select":
      return state.selected === action.machine ? state : { ...state, selected: action.machine, session: undefined };
    case "move": {
      const index = MACHINE_NAMES.indexOf(state.selected) + action.by;
      const selected = MACHINE_NAMES[Math.max(0, Math.min(MACHINE_NAMES.length - 1, index))] ?? state.selected;
      return selected === state.selected ? state : { ...state, selected, session: undefined };
    }
    case "session": {
      const next = action.ids.indexOf(state.session ?? "") + 1;
      return { ...state, session: action.ids[next % action.ids.length] };
    }
    case "open":
      return {
        ...state,
        overlays: [...state.overlays.filter((overlay) => !same(overlay, action.overlay)), action.overlay],
      };
    case "close-run": {
      const overlays = state.overlays.filter((one) => one.kind !== "run" || one.runId !== action.runId);
      return overlays.length === state.overlays.length ? state : { ...state, overlays };
    }
    case "close":
      if (action.kind === undefined) return { ...state, overlays: state.overlays.slice(0, -1) };
      return { ...state, overlays: state.overlays.filter((overlay) => overlay.kind !== action.kind) };
  }
}

function same(a: Overlay, b: Overlay): boolean {
  if (a.kind !== b.kind) return false;
  if (a.kind === "run") return "runId" in b && a.runId === b.runId;
  return true;
}
