/** Terminal sessions on the machines, and what read-only probes saw there. */

import type { MachineName } from "../fleet/machines.ts";
import type { Store } from "../store.ts";
import type { Held } from "./holder.ts";

export type SessionEnd =
  /** Nobody here is connected to it, and it lives on its machine; somebody else may be (`attached`). */
  | { readonly kind: "kept"; readonly attached: boolean }
  | { readonly kind: "exited"; readonly code: number }
  /** The link died; the machine may be well. */
  | { readonly kind: "link-lost"; readonly sentence: string }
  /** The machine was stopped or taken away by AWS. */
  | { readonly kind: "machine-gone"; readonly sentence: string }
  | { readonly kind: "failed"; readonly sentence: string; readonly action: string };

export interface SessionSummary {
  readonly id: string;
  readonly machine: MachineName;
  readonly startedAt: number;
  readonly attached: boolean;
  /** What runs in it, from its window title; "shell" until it says otherwise. */
  readonly title: string;
  /** Something was written since it was last looked at. */
  readonly activity: boolean;
  /** The last lines of its screen, plain text. */
  readonly lastLines: readonly string[];
  readonly end: SessionEnd | undefined;
  /** Its shell is kept on its machine: it outlives its link and this process. */
  readonly stays: boolean;
  /** Since when nothing has been heard of its link, which has not ended. */
  readonly silentSince?: number | undefined;
  /** Its link or its machine was lost, and it is taken up again by itself, or a new shell is, as soon as SSH answers. */
  readonly reconnecting: boolean;
  /** The root volume that it is, or was, on; a lost one is taken up again only there. */
  readonly rootVolumeId?: string | undefined;
}

/** Whether its shell lives, as far as is known here. */
export function lives({ end }: Pick<SessionSummary, "end">): boolean {
  return !end || end.kind === "kept";
}

/** The real terminal, lent for the time of an attachment. */
export interface AttachedTerminal {
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
}

export interface Sessions extends Store<readonly SessionSummary[]> {
  /**
   * Starts ssh to a machine that answers; gives the session's id. Its shell is the newest that lives there and that no
   * session has, where that is wanted and there is one; otherwise a new one.
   */
  readonly open: (machine: MachineName, address: string, wanted: "new" | "newest") => string;
  /** Bytes both ways until Ctrl-] or the end; restores the terminal's modes. The cockpit has suspended itself. */
  readonly attach: (id: string, terminal: AttachedTerminal) => Promise<"detached" | "ended">;
  /**
   * Starts ssh again in a session that has ended: to its shell where that still lives, else with a new one and an empty
   * screen. One that is connected, and one that was on another root volume than the machine runs on now, is left alone.
   */
  readonly reopen: (id: string) => void;
  /** These are the shells that a machine keeps now: those that nobody here has become sessions, those that are gone go. */
  readonly found: (machine: MachineName, kept: readonly Held[]) => void;
  /** Ends one, on its machine too, and forgets it. Throws a FailureError where its machine could not be told. */
  readonly close: (id: string) => Promise<void>;
  /** Hangs up everywhere: no ssh process is left behind. Shells that their machines keep live on. */
  readonly stop: () => Promise<void>;
}

/** What a machine says of itself over SSH, read-only. */
export interface Probe {
  readonly at: number;
  readonly kernel: string;
  /** `uname -r` ends in `-nested-dsb`. */
  readonly nestedDsb: boolean;
  /** Whether /mnt/fcvm-btrfs is mounted, and from what device and model. */
  readonly scratch: { readonly mounted: boolean; readonly device?: string; readonly model?: string } | undefined;
  readonly load: readonly [number, number, number] | undefined;
  readonly uptimeSeconds: number | undefined;
  /** From instance metadata `spot/instance-action`. */
  readonly interruption: { readonly action: string; readonly at: number } | undefined;
  /** How the first boot went (terraform/dev-instance-common.tf); absent on a machine that does not say. */
  readonly firstBoot?: { readonly state: "running" | "done" | "failed"; readonly failed: readonly string[] };
  /** The kernel build that runs there, by whomever. */
  readonly build?: { readonly id: string; readonly kind: "guest" | "host" };
  /** The shells that the machine keeps, whoever began them. */
  readonly kept: readonly Held[];
}

export type ProbeState = Readonly<Partial<Record<MachineName, Probe>>>;
