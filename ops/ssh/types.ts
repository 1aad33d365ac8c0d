/** Terminal sessions on the machines, and what read-only probes saw there. */

import type { MachineName } from "../fleet/machines.ts";
import type { Store } from "../store.ts";

export type SessionEnd =
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
  /** Its link or its machine was lost, and it starts a new shell by itself as soon as SSH answers again. */
  readonly reconnecting: boolean;
  /** The root volume that it is, or was, on; a lost one is taken up again only there. */
  readonly rootVolumeId?: string | undefined;
}

/** The real terminal, lent for the time of an attachment. */
export interface AttachedTerminal {
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
}

export interface Sessions extends Store<readonly SessionSummary[]> {
  /** Starts ssh to a machine that answers; gives the session's id. */
  readonly open: (machine: MachineName, address: string) => string;
  /** Bytes both ways until Ctrl-] or the end; restores the terminal's modes. The cockpit has suspended itself. */
  readonly attach: (id: string, terminal: AttachedTerminal) => Promise<"detached" | "ended">;
  /**
   * Starts ssh again in a session that has ended, with a new shell and an empty screen; one that lives, and one that was
   * on another root volume than the machine runs on now, is left alone.
   */
  readonly reopen: (id: string) => void;
  /** Ends one and forgets it. */
  readonly close: (id: string) => void;
  /** Ends all: no ssh process is left behind. */
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
}

export type ProbeState = Readonly<Partial<Record<MachineName, Probe>>>;
