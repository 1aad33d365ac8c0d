/** The API calls that change the account, as data: what a model check tries and what the wire is read into. */

import type { InstanceState, LaunchDevice, SimSnapshot, Tags } from "./account.ts";

export type Call =
  | RunInstancesCall
  | { readonly name: "StartInstances"; readonly instanceIds: readonly string[] }
  | { readonly name: "StopInstances"; readonly instanceIds: readonly string[]; readonly force?: boolean }
  | { readonly name: "RebootInstances"; readonly instanceIds: readonly string[] }
  | { readonly name: "TerminateInstances"; readonly instanceIds: readonly string[] }
  | {
      readonly name: "AttachVolume";
      readonly volumeId: string;
      readonly instanceId: string;
      readonly device: string;
    }
  | {
      readonly name: "DetachVolume";
      readonly volumeId: string;
      readonly instanceId?: string | undefined;
      readonly device?: string | undefined;
      readonly force?: boolean;
    }
  | { readonly name: "DeleteVolume"; readonly volumeId: string }
  | {
      readonly name: "ModifyInstanceAttribute";
      readonly instanceId: string;
      /** DeleteOnTermination by device name. */
      readonly deleteOnTermination?: Readonly<Record<string, boolean>>;
      readonly terminationProtected?: boolean | undefined;
      readonly instanceType?: string | undefined;
    }
  | { readonly name: "CreateTags"; readonly resources: readonly string[]; readonly tags: Tags }
  | {
      readonly name: "DeleteTags";
      readonly resources: readonly string[];
      /** A value of undefined deletes the tag whatever it says; no tags at all deletes every tag. */
      readonly tags: Readonly<Record<string, string | undefined>>;
    }
  | {
      readonly name: "AssociateAddress";
      readonly allocationId: string;
      readonly instanceId: string;
      readonly allowReassociation?: boolean | undefined;
    }
  | { readonly name: "DisassociateAddress"; readonly associationId: string }
  | { readonly name: "CancelSpotInstanceRequests"; readonly requestIds: readonly string[] }
  | {
      readonly name: "CreateSnapshot";
      readonly volumeId: string;
      readonly description?: string | undefined;
      readonly tags?: Tags;
    };

export interface RunInstancesCall {
  readonly name: "RunInstances";
  readonly imageId: string;
  readonly type: string;
  readonly count: number;
  readonly clientToken?: string | undefined;
  readonly zone?: string | undefined;
  readonly keyName?: string | undefined;
  readonly autoPublicIp?: boolean | undefined;
  /** As cloud-init is given it: unpacked. */
  readonly userData?: string | undefined;
  /** What differs from the image's own mapping. */
  readonly devices?: readonly (Partial<LaunchDevice> & { readonly device: string })[];
  readonly spot?:
    | {
        readonly type: "persistent" | "one-time";
        readonly interruptionBehavior: "stop" | "terminate" | "hibernate";
        readonly maxPrice?: string | undefined;
      }
    | undefined;
  readonly tags?: {
    readonly instance?: Tags;
    readonly volume?: Tags;
    readonly spotRequest?: Tags;
  };
}

export interface StateChange {
  readonly instanceId: string;
  readonly previous: InstanceState;
  readonly current: InstanceState;
}

/** What a call answers; the wire adds the names. */
export type CallResult =
  | { readonly kind: "none" }
  | { readonly kind: "state-changes"; readonly changes: readonly StateChange[] }
  | { readonly kind: "instances"; readonly instanceIds: readonly string[] }
  | {
      readonly kind: "attachment";
      readonly volumeId: string;
      readonly instanceId: string;
      readonly device: string;
      readonly state: string;
      readonly attachedAt: number;
      readonly deleteOnTermination: boolean;
    }
  | { readonly kind: "association"; readonly associationId: string }
  | {
      readonly kind: "spot-requests";
      readonly requests: readonly { readonly id: string; readonly state: string }[];
    }
  | { readonly kind: "snapshot"; readonly snapshot: SimSnapshot };

/** An error that EC2 answers with; the HTTP status follows from the code (errors.ts). */
export interface Ec2Error {
  readonly code: string;
  readonly message: string;
}
