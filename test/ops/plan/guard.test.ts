import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { judge, type Verdict } from "../../../ops/plan/guard.ts";
import {
  ARM_ADDRESS,
  ARM_VOLUME,
  CREATE,
  change,
  DELETE,
  FORGET,
  HOME_VOLUME,
  machine,
  OWNER,
  plan,
  REPLACE,
} from "./plans.ts";

const ARM = "aws_instance.fcvm_metal_arm";
const arm = (over = {}, block = {}) => machine("fcvm-metal-arm", ARM_VOLUME, over, block);
const home = { id: HOME_VOLUME, size: 20, type: "gp3", tags: { Name: "jumpbox-home" } };
const eip = { id: ARM_ADDRESS, public_ip: "184.72.40.255", instance: "i-1" };
const mark = { id: "x", resource_id: ARM_VOLUME, key: "snowglobe:persistent", value: "fcvm-metal-arm" };
const attachment = { id: "vai-1", volume_id: HOME_VOLUME, instance_id: "i-1", device_name: "/dev/sdf" };
const gone = (address: string) => ({ resource_drift: [change(address, { actions: DELETE, before: {} })] });

type Row = [
  what: string,
  verdict: Verdict["kind"],
  words: RegExp,
  changes: readonly ReturnType<typeof change>[],
  more?: Readonly<Record<string, unknown>>,
];

const del = (address: string, before: object, more: object = {}) =>
  change(address, { actions: ["delete"], before: { ...before }, ...more });
const rep = (address: string, before: object, after: object | null, more: object = {}) =>
  change(address, { actions: ["delete", "create"], before: { ...before }, after: after && { ...after }, ...more });
const upd = (address: string, before: object, after: object) =>
  change(address, { actions: ["update"], before: { ...before }, after: { ...after } });
const forget = (address: string, before: object) => change(address, { actions: ["forget"], before: { ...before } });
const HOME = "aws_ebs_volume.jumpbox_home";
const MARK = 'aws_ec2_tag.persistent["fcvm-metal-arm"]';

const TABLE: readonly Row[] = [
  // What holds data, and is gone for good.
  ["the home volume deleted", "refused", /volume with data: vol-0a11ce/, [del(HOME, home)]],
  ["the home volume replaced", "refused", /replaces a volume/i, [rep(HOME, home, home)]],
  ["replaced, the new one first", "refused", /volume/, [change(HOME, { actions: ["create", "delete"], before: home })]],
  ["a deposed volume deleted", "refused", /volume/, [del(HOME, home, { deposed: "0a1b" })]],
  ["a volume in a module deleted", "refused", /volume/, [del('module.disks[0].aws_ebs_volume.data["a"]', home)]],
  ["the database deleted", "refused", /database/, [del("aws_rds_cluster.this", { id: "snowglobe" })]],
  ["the database replaced", "refused", /database/, [rep("aws_rds_cluster.this", { id: "snowglobe" }, null)]],
  ["the state's bucket deleted", "refused", /bucket/, [del("aws_s3_bucket.state", { id: "snowglobe-state-1" })]],
  ["the backup vault deleted", "refused", /backups/, [del("aws_backup_vault.this", { name: "snowglobe" })]],
  ["a key deleted", "refused", /key/, [del("aws_kms_key.this", { id: "k" })]],
  ["a snapshot deleted", "refused", /snapshot/, [del("aws_ebs_snapshot.last", { id: "snap-1" })]],
  // Addresses.
  ["an Elastic IP deleted", "refused", /184\.72\.40\.255/, [del("aws_eip.fcvm_metal_arm", eip)]],
  ["an Elastic IP replaced", "refused", /Elastic IP/, [rep("aws_eip.fcvm_metal_arm", eip, null)]],
  [
    "an Elastic IP given to another instance",
    "dangerous",
    /takes an address from where it is/i,
    [upd("aws_eip.fcvm_metal_arm", eip, { ...eip, instance: "i-2" })],
  ],
  ["an association deleted", "dangerous", /address/, [del("aws_eip_association.arm", { allocation_id: ARM_ADDRESS })]],
  // The marks on persistent volumes, and persistent volumes wherever they appear.
  ["the mark of a persistent root deleted", "refused", /tag that protects vol-09e5c3cee32bb67dc/, [del(MARK, mark)]],
  [
    "the mark moved to another volume",
    "refused",
    /tag that protects/,
    [rep(MARK, mark, { ...mark, resource_id: "vol-0ff" })],
  ],
  ["the mark's value changed", "refused", /tag that protects/, [upd(MARK, mark, { ...mark, value: "x" })]],
  ["another tag off a persistent volume", "dangerous", /tag Team/, [del("aws_ec2_tag.team", { ...mark, key: "Team" })]],
  [
    "something unheard of, made of a persistent volume",
    "refused",
    /aws_new_thing/,
    [del("aws_new_thing.x", { volume_id: ARM_VOLUME })],
  ],
  [
    "something that only mentions one",
    "dangerous",
    /not known to snowglobe/,
    [del("aws_dlm_policy.x", { target: `arn:aws:ec2:us-west-1:1:volume/${ARM_VOLUME}` })],
  ],
  [
    "a volume that only the outputs know",
    "refused",
    /vol-0bb/,
    [del("aws_ec2_tag.x", { ...mark, resource_id: "vol-0bb" })],
    { prior_state: { values: { outputs: { persistent_roots: { value: { "fcvm-metal-x86": "vol-0bb" } } } } } },
  ],
  [
    "a volume that only the variables know",
    "refused",
    /vol-0cc/,
    [del("aws_ec2_tag.x", { ...mark, resource_id: "vol-0cc" })],
    { variables: { persistent_roots: { value: { jumpbox: { volume: "vol-0cc" } } } } },
  ],
  // Attachments of the home volume.
  [
    "the home volume taken off",
    "dangerous",
    /comes off its machine/,
    [del("aws_volume_attachment.jumpbox_home", attachment)],
  ],
  [
    "the attachment replaced with its machine",
    "dangerous",
    /comes off/,
    [rep("aws_volume_attachment.jumpbox_home", attachment, { ...attachment, instance_id: "i-2" })],
  ],
  [
    "another volume in its place",
    "refused",
    /another volume in the place of vol-0a11ce/,
    [rep("aws_volume_attachment.jumpbox_home", attachment, { ...attachment, volume_id: "vol-0ff" })],
  ],
  // Persistent volumes in place.
  ["the home volume grown", "dangerous", /in place.*size/, [upd(HOME, home, { ...home, size: 40 })]],
  ["the home volume's tags", "dangerous", /tags/, [upd(HOME, home, { ...home, tags: {} })]],
  [
    "a root's size",
    "dangerous",
    /vol-09e5c3cee32bb67dc, which is persistent, in place: volume_size 300 to 400/,
    [upd(ARM, arm(), arm({}, { volume_size: 400 }))],
  ],
  ["a root's type", "dangerous", /volume_type/, [upd(ARM, arm(), arm({}, { volume_type: "io2" }))]],
  ["a root's tags", "dangerous", /tags/, [upd(ARM, arm(), arm({}, { tags: { a: "b" } }))]],
  ["a root's encryption in place", "dangerous", /encrypted/, [upd(ARM, arm(), arm({}, { encrypted: false }))]],
  [
    "a root's own mark",
    "refused",
    /removes the tag that protects vol-09e5c3cee32bb67dc from deletion/i,
    [upd(ARM, arm({}, { tags: { "snowglobe:persistent": "fcvm-metal-arm" } }), arm())],
  ],
  [
    "a root to be deleted with its machine",
    "refused",
    /deleted with fcvm-metal-arm/,
    [upd(ARM, arm(), arm({}, { delete_on_termination: true }))],
  ],
  // Machines.
  [
    "a machine replaced",
    "dangerous",
    /hour's disturbance.*swap.*\$3\.63\/h/,
    [rep(ARM, arm(), arm(), { replacePaths: [["subnet_id"]] })],
  ],
  [
    "a machine replaced, whose root goes with it",
    "refused",
    /delete_on_termination/,
    [rep(ARM, arm({}, { delete_on_termination: true }), arm())],
  ],
  [
    "a machine deleted, whose data volume goes with it",
    "refused",
    /vol-0dd/,
    [del(ARM, arm({ ebs_block_device: [{ volume_id: "vol-0dd", delete_on_termination: true }] }))],
  ],
  [
    "a machine replaced for its root's encryption",
    "refused",
    /not encrypted as configured/,
    [rep(ARM, arm(), arm(), { replacePaths: [["root_block_device", 0, "encrypted"]] })],
  ],
  ["a machine deleted", "dangerous", /terminates fcvm-metal-arm/, [del(ARM, arm())]],
  [
    "an instance that is none of ours",
    "dangerous",
    /aws_instance\.stranger/,
    [del("aws_instance.stranger", { id: "i-9" })],
  ],
  [
    "a machine made anew",
    "safe",
    /temporary disk; a swap/,
    [change(ARM, { actions: CREATE, after: arm() })],
    gone(ARM),
  ],
  [
    "a machine's type changed in place",
    "dangerous",
    /stops and starts/i,
    [
      upd(
        "aws_instance.jumpbox",
        machine("jumpbox", "vol-0b0"),
        machine("jumpbox", "vol-0b0", { instance_type: "t4g.xlarge" }),
      ),
    ],
  ],
  [
    "a spot machine resized",
    "refused",
    /resizes fcvm-metal-arm, a spot machine, which EC2 cannot/i,
    [upd(ARM, arm(), arm({ instance_type: "c7gd.16xlarge" }))],
  ],
  [
    "a machine's tags changed in place",
    "safe",
    /^$/,
    [upd(ARM, arm(), arm({ tags: { Name: "fcvm-metal-arm", a: "b" } }))],
  ],
  // What protects.
  [
    "the database's protection off",
    "dangerous",
    /deletion_protection/,
    [upd("aws_rds_cluster.this", { deletion_protection: true }, { deletion_protection: false })],
  ],
  [
    "no last snapshot",
    "dangerous",
    /skip_final_snapshot/,
    [upd("aws_rds_cluster.this", { skip_final_snapshot: false }, { skip_final_snapshot: true })],
  ],
  [
    "the database's instance deleted",
    "dangerous",
    /its data stays/,
    [del("aws_rds_cluster_instance.this", { id: "snowglobe-1" })],
  ],
  ["backups no longer made", "dangerous", /no backups/, [del("aws_backup_plan.this", { name: "snowglobe" })]],
  [
    "a volume no longer backed up",
    "dangerous",
    new RegExp(`no longer backs up ${ARM_VOLUME}`, "i"),
    [
      rep(
        "aws_backup_selection.this",
        { resources: [`arn:aws:ec2:us-west-1:1:volume/${ARM_VOLUME}`] },
        { resources: [] },
      ),
    ],
  ],
  [
    "one more volume backed up",
    "dangerous",
    /nothing else is lost with it/,
    [rep("aws_backup_selection.this", { resources: [] }, { resources: ["arn:aws:ec2:us-west-1:1:volume/vol-1"] })],
  ],
  [
    "the bucket's versions off",
    "dangerous",
    /older versions/,
    [
      upd(
        "aws_s3_bucket_versioning.state",
        { versioning_configuration: [{ status: "Enabled" }] },
        { versioning_configuration: [{ status: "Suspended" }] },
      ),
    ],
  ],
  [
    "a vault that may be emptied",
    "dangerous",
    /force_destroy/,
    [upd("aws_backup_vault.this", { force_destroy: false }, { force_destroy: true })],
  ],
  // Forgotten, vanished, unheard of.
  ["something forgotten", "dangerous", /forgets aws_iam_role\.dev/i, [forget("aws_iam_role.dev", {})]],
  ["a persistent thing forgotten", "dangerous", /vol-09e5c3cee32bb67dc/, [forget("aws_ec2_tag.x", mark)]],
  [
    "a replacement that forgets",
    "dangerous",
    /forgets/i,
    [change("aws_eip.x", { actions: ["create", "forget"], before: eip })],
  ],
  [
    "the home volume gone, an empty one made",
    "dangerous",
    /new and empty/,
    [change(HOME, { actions: CREATE, after: home })],
    gone(HOME),
  ],
  [
    "an address gone, another made",
    "dangerous",
    /another address/,
    [change("aws_eip.fcvm_metal_arm", { actions: CREATE })],
    gone("aws_eip.fcvm_metal_arm"),
  ],
  ["an action that nobody knows", "refused", /does not know/, [change("aws_iam_role.dev", { actions: ["explode"] })]],
  [
    "a plan that met an error",
    "refused",
    /not whole/,
    [change("aws_iam_role.dev", { actions: CREATE })],
    { errored: true },
  ],
  // Nothing speaks against these.
  ["nothing", "safe", /^$/, []],
  ["a no-op", "safe", /^$/, [change(HOME, { actions: ["no-op"], before: home, after: home })]],
  [
    "an empty account filled",
    "safe",
    /^$/,
    [change("aws_vpc.this", { actions: CREATE, after: {} }), change(HOME, { actions: CREATE, after: home })],
  ],
  [
    "a volume imported",
    "safe",
    /takes over vol-0a11ce/i,
    [change(HOME, { actions: ["no-op"], before: home, after: home, importing: { id: HOME_VOLUME } })],
  ],
  [
    "an address moved to another name",
    "safe",
    /is called/,
    [change("aws_eip.b", { actions: ["no-op"], before: eip, after: eip, previous: "aws_eip.a" })],
  ],
  [
    "a data source read",
    "safe",
    /^$/,
    [change("data.aws_ebs_volume.persistent", { actions: ["read"], mode: "data", after: { id: ARM_VOLUME } })],
  ],
  ["a rule replaced", "dangerous", /comes in no longer/, [rep("aws_vpc_security_group_ingress_rule.ssh", {}, {})]],
];
test("the table has at least forty plans", () => expect(TABLE.length).toBeGreaterThanOrEqual(40));

describe("a plan with", () => {
  test.each(TABLE)("%s is %s", (_, kind, words, changes, more = {}) => {
    const verdict = judge(plan(changes, more), { owner: OWNER });
    const said = [
      ...(verdict.kind === "safe" ? [] : verdict.reasons.map(({ sentence }) => sentence)),
      ...verdict.notes,
    ];
    expect({ kind: verdict.kind, said }).toMatchObject({ kind });
    expect(said.join("\n")).toMatch(words);
    for (const sentence of said) expect(sentence).not.toMatch(/undefined|\[object/);
  });
});

describe("the word to type", () => {
  test("is the machine's name, before any resource's", () => {
    const verdict = judge(
      plan([
        change("aws_iam_role.dev", { actions: FORGET, before: {} }),
        change(ARM, { actions: REPLACE, before: arm(), after: arm() }),
      ]),
      { owner: OWNER },
    );
    expect(verdict).toMatchObject({ kind: "dangerous", type: "fcvm-metal-arm" });
  });
  test("is the resource's where no machine is meant", () => {
    const verdict = judge(plan([change("aws_iam_role.dev", { actions: FORGET, before: {} })]), { owner: OWNER });
    expect(verdict).toMatchObject({ kind: "dangerous", type: "aws_iam_role.dev" });
  });
});

test("what the fleet knows to be persistent is protected without any record", () => {
  const changes = [change("aws_new_thing.x", { actions: DELETE, before: { volume_id: "vol-0ee" } })];
  expect(judge(plan(changes), { owner: {} }).kind).toBe("dangerous");
  expect(judge(plan(changes), { owner: {}, protectedVolumeIds: new Set(["vol-0ee"]) }).kind).toBe("refused");
});

test("whatever else a plan does, a refused change makes it refused", () => {
  const rows = TABLE.filter(([, , , changes]) => changes.length > 0);
  const refused = rows.filter(([, kind, , , more]) => kind === "refused" && !more);
  fc.assert(
    fc.property(fc.constantFrom(...refused), fc.shuffledSubarray([...rows]), fc.nat(), (bad, others, place) => {
      const rest = others.flatMap(([, , , changes]) => changes);
      const at = place % (rest.length + 1);
      const changes = [...rest.slice(0, at), ...bad[3], ...rest.slice(at)];
      return judge(plan(changes), { owner: OWNER }).kind === "refused";
    }),
  );
});
