/** Unattached volumes: what they are, what they cost, and the way to be rid of one. */

import type { Environment } from "../../ops/environment.ts";
import { duration } from "../../ops/fleet/derive/ages.ts";
import { dollars, orphansPerMonth } from "../../ops/fleet/derive/cost.ts";
import { isMachineName } from "../../ops/fleet/machines.ts";
import type { Fleet, Volume } from "../../ops/fleet/model.ts";
import { volumePerMonth } from "../../ops/fleet/prices.ts";
import { MARK_TAGS } from "../../ops/fleet/tags.ts";
import { FILTER_HINTS, useFilter } from "../dialogs/use-filter.ts";
import { flow } from "../format/flow.ts";
import { cellOf, type Line, marker, t } from "../format/line.ts";
import { clean, matches } from "../format/text.ts";
import { count, gibibytes } from "../format/words.ts";
import { keyOf } from "../keys/registry.ts";
import { useKeys } from "../keys/use-keys.ts";
import { listWindow, useChosen } from "../shared/list.ts";
import { useNotice } from "../shared/notice.ts";
import { type Hint, Panel, type Window } from "../shared/overlay.tsx";
import { Rows } from "../shared/rows.tsx";
import type { Token } from "../shared/theme.ts";
import { useCopy } from "../terminal/use-copy.ts";

interface OrphansScreenProps extends Window {
  /** Absent before anything was observed. */
  readonly fleet: Fleet | undefined;
  readonly environment: Pick<Environment, "env">;
  /** Starts the operation that deletes the volume; it asks for the ID to be typed. Never called for a protected one. */
  readonly onDelete: (volumeId: string) => void;
  readonly onBack: () => void;
}

const LEAST_LIST_ROWS = 3;

export function OrphansScreen({
  fleet,
  environment,
  onDelete,
  onBack,
  columns,
  rows,
  active,
  clock,
}: OrphansScreenProps) {
  const { notice, tell } = useNotice();
  const copy = useCopy(environment, tell);
  const all = fleet?.orphans.filter((volume) => !fleet.protectedVolumeIds.has(volume.id)) ?? [];
  const filter = useFilter({
    active,
    placeholder: "a part of an ID, a machine or a tag",
    onChange: () => move(-all.length),
  });
  const orphans = all.filter((volume) =>
    matches(filter.text, volume.id, volume.name, lastMachine(volume), ...tagWords(volume)),
  );
  const { chosen, now, move, moves } = useChosen(orphans.length);
  const marked = orphans[chosen];
  useKeys(
    "orphans",
    {
      ...moves,
      copy: () => {
        const volume = orphans[now()];
        if (volume) copy(volume.id, volume.id);
      },
      delete: () => {
        const volume = orphans[now()];
        if (volume) onDelete(volume.id);
      },
      search: filter.begin,
      back: () => filter.clear() || onBack(),
    },
    { active: active && !filter.typing },
  );
  const hints: readonly Hint[] = [
    ...(marked
      ? ([
          [keyOf("orphans", "delete"), "delete it"],
          [keyOf("orphans", "copy"), "copy its ID"],
        ] as const)
      : []),
    ...(all.length ? ([[keyOf("orphans", "search"), "filter"]] as const) : []),
    [keyOf("orphans", "back"), "back"],
  ];
  const title: Line = [
    t("Unattached volumes", "text.strong"),
    ...(fleet && all.length && !notice
      ? [t(`  ${count(all.length, "volume")}, ${dollars(orphansPerMonth(fleet), "month")}`, "status.warn")]
      : []),
    ...(notice ? [t(`  ${notice}`, "status.ok")] : []),
  ];
  return (
    <Panel columns={columns} rows={rows} clock={clock} title={title} hints={filter.typing ? FILTER_HINTS : hints}>
      {(width, height) => {
        const at = clock.now();
        const below = [
          ...filter.lines(width, count(orphans.length, "volume")),
          ...(marked ? detailLines(marked, width, at) : []),
          ...(fleet ? strayLines(fleet, width) : []),
        ];
        const listRows = Math.max(
          Math.min(LEAST_LIST_ROWS, height),
          Math.min(orphans.length, height - below.length - 1),
        );
        const from = listWindow(chosen, orphans.length, listRows);
        const list = orphans
          .slice(from, from + listRows)
          .map((volume, index) => volumeLine(volume, from + index === chosen, at));
        const lines = [
          ...(orphans.length
            ? [HEADING, ...list]
            : [[t(all.length ? "No volume matches." : emptyWords(fleet), "text.dim")]]),
          ...below,
        ];
        return <Rows lines={lines.slice(0, height)} width={width} clock={clock} />;
      }}
    </Panel>
  );
}

function emptyWords(fleet: Fleet | undefined): string {
  if (!fleet) return "The account has not been seen yet.";
  return fleet.protectedVolumeIds.size > 0
    ? "None: every volume is a machine's, or persistent for one, or claimed by its name or tags."
    : "None is offered: no volume is recorded as persistent, so none is known not to be. Run make apply.";
}

const COLUMNS = { id: 22, size: 9, type: 5, age: 10, cost: 14 } as const;

const HEADING: Line = [
  t("  "),
  cellOf([t("volume", "text.dim")], COLUMNS.id),
  cellOf([t("size", "text.dim")], COLUMNS.size),
  cellOf([t("type", "text.dim")], COLUMNS.type),
  cellOf([t("age", "text.dim")], COLUMNS.age),
  cellOf([t("cost", "text.dim")], COLUMNS.cost),
  t("last machine", "text.dim"),
];

function volumeLine(volume: Volume, marked: boolean, now: number): Line {
  return [
    marker(marked),
    cellOf([t(clean(volume.id), marked ? "selected" : "text")], COLUMNS.id),
    cellOf([t(gibibytes(volume.sizeGiB))], COLUMNS.size),
    cellOf([t(clean(volume.type))], COLUMNS.type),
    cellOf([t(duration(now - volume.createdAt))], COLUMNS.age),
    cellOf([t(dollars(volumePerMonth(volume), "month"))], COLUMNS.cost),
    t(lastMachine(volume) ?? "not known", lastMachine(volume) ? "text" : "text.dim"),
  ];
}

/** Whose volume it was, as far as its tags say: the swap's mark, or the name that Terraform gave it. */
function lastMachine({ tags, name }: Volume): string | undefined {
  const said = tags[MARK_TAGS.machine] ?? [name, tags.Name].find(isMachineName);
  return said === undefined ? undefined : clean(said);
}

function detailLines(volume: Volume, width: number, now: number): readonly Line[] {
  const { tags } = volume;
  const facts = [
    `in ${volume.availabilityZone}`,
    volume.state === "available" ? "not attached" : volume.state,
    volume.encrypted ? "encrypted" : "not encrypted",
    volume.snapshotId ? `made from ${volume.snapshotId}` : "made empty",
    `on ${new Date(volume.createdAt).toLocaleDateString("sv-SE")}, ${duration(now - volume.createdAt)} ago`,
  ];
  const instance = tags[MARK_TAGS.instance];
  const replacedBy = tags[MARK_TAGS.replacedBy];
  const past = [instance && `It was the root of ${instance}`, replacedBy && `${replacedBy} took its place`].filter(
    Boolean,
  );
  const named = tagWords(volume);
  return [
    [],
    ...said(`${volume.id}: ${facts.join(", ")}.`, width, "text"),
    ...(past.length ? said(`${past.join("; ")}.`, width, "text") : []),
    ...said(named.length ? `Tags: ${named.join(", ")}` : "It has no tags.", width, "text.dim"),
  ];
}

function tagWords({ tags }: Volume): readonly string[] {
  return Object.entries(tags).map(([key, value]) => `${key}=${value}`);
}

/** What else costs money unseen. */
function strayLines(fleet: Fleet, width: number): readonly Line[] {
  const strays = [
    ...fleet.straySpotRequests.map(
      ({ id, state, statusCode }) =>
        `Spot request ${id} (${state}, ${statusCode}) has no machine of ours: it may launch a stranger.`,
    ),
    ...fleet.strayInstances.map(
      ({ id, name, state }) => `Instance ${id} (${state}) carries the name ${name}, and is not the machine.`,
    ),
  ];
  if (!strays.length) return [];
  return [
    [],
    [t("Also costs money unseen", "text.strong")],
    ...strays.flatMap((text) => said(text, width, "status.warn")),
  ];
}

function said(text: string, width: number, token: Token): readonly Line[] {
  return flow(clean(text), width).map((row) => [t(row, token)]);
}
