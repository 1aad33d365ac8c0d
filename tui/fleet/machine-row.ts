/** The three machines as rows whose columns align: two or three rows each, one where room is short. Pure. */

import { duration } from "../../ops/fleet/derive/ages.ts";
import { dollars } from "../../ops/fleet/derive/cost.ts";
import { lives } from "../../ops/ssh/types.ts";
import { sparkline } from "../format/chart.ts";
import { type Column, grid } from "../format/grid.ts";
import { join, type Line, t, ticking } from "../format/line.ts";
import { clean } from "../format/text.ts";
import { count, left, percent } from "../format/words.ts";
import { type MachineView, PLACE_WORDS } from "./machine-view.ts";
import { statusDetail, statusMark, statusWords } from "./status-mark.ts";

const HOUR = 3_600_000;
/** Auto-stop nearer than this is worth its place on a narrow row. */
const SOON = 2 * HOUR;
const MARK_COLUMNS = 4;
/** Below this there is room for two columns only. */
const NARROW = 64;

/** `height` rows for each machine, `columns` wide. */
export function machineRows(views: readonly MachineView[], height: 1 | 2 | 3, columns: number, now: number): Line[][] {
  const cells = (rows: (view: MachineView) => readonly Line[]) => views.map(rows);
  const all: readonly Column[] =
    columns < NARROW
      ? [
          { groups: cells((view) => [nameLine(view), typeLine(view)]) },
          {
            groups: cells((view) => [join([statusWords(view), rootLine(view)], t("  ")), addressLine(view)]),
            grow: 16,
          },
        ]
      : height === 1
        ? [
            { groups: cells((view) => [nameLine(view)]) },
            { groups: cells((view) => [statusWords(view)]), grow: 16 },
            { groups: cells((view) => [rootLine(view)]), drop: 2 },
            { groups: cells((view) => [addressLine(view)]), drop: 4 },
            { groups: cells((view) => [costLine(view)]), align: "right", drop: 3 },
          ]
        : [
            { groups: cells((view) => [nameLine(view), typeLine(view), kernelLine(view)]) },
            { groups: cells((view) => [statusWords(view), addressLine(view), scratchLine(view)]), drop: 1 },
            {
              groups: cells((view) =>
                height === 2
                  ? [rootLine(view), lifeLine(view, now)]
                  : [rootLine(view), upLine(view), autoStopLine(view, now)],
              ),
              grow: 16,
            },
            { groups: cells((view) => [costLine(view), cpuLine(view), belowLine(view)]), align: "right", drop: 2 },
          ];
  const rows = grid(all, height, Math.max(1, columns - MARK_COLUMNS), now);
  return views.map((view, index) =>
    (rows[index] ?? []).map(
      (line, row): Line => [
        t(view.selected ? "▌ " : "  ", "selected"),
        ...(row === 0 ? [statusMark(view), t(" ")] : [t("  ")]),
        ...line,
      ],
    ),
  );
}

function nameLine({ machine, selected }: MachineView): Line {
  return [t(machine.spec.name, selected ? "selected" : "text.strong")];
}

function typeLine({ machine, sessions }: MachineView): Line {
  const open = sessions.filter(lives).length;
  const type = clean(machine.instance?.type ?? machine.spec.instanceType);
  if (sessions.length === 0) return [t(type, "text.dim")];
  const active = sessions.some((session) => session.activity);
  return [
    t(type, "text.dim"),
    t(open > 0 ? ` ${count(open, "shell")}` : "", "accent"),
    ...(active ? [t(", new output", "status.busy")] : []),
  ];
}

/** Which disk it runs on: the temporary one is never to be overlooked. */
function rootLine({ machine }: MachineView): Line {
  const { rootKind, instance } = machine;
  switch (rootKind) {
    case "persistent":
      return [t("your disk", "text.dim")];
    case "temporary":
      return [t("▲ TEMPORARY DISK", "status.alarm")];
    case "unrecorded":
      return [t(machine.spec.market === "spot" ? "disk not recorded" : "its own disk", "text.dim")];
    case "none":
      return instance ? [t("▲ no root volume", "status.warn")] : [];
  }
}

function addressLine({ machine: { address, addressPlace, instance } }: MachineView): Line {
  if (!address) {
    if (addressPlace === "nowhere") return [t("its address is gone", "status.warn")];
    return instance?.publicIp
      ? [t(`${clean(instance.publicIp)} not its own`, "text.dim")]
      : [t("no address", "text.dim")];
  }
  const place = t(` ${PLACE_WORDS[addressPlace]}`, addressPlace === "here" ? "text.dim" : "status.warn");
  return [t(clean(address.publicIp)), place];
}

function lifeLine(view: MachineView, now: number): Line {
  const at = view.idle?.autoStopAt;
  const soon = at !== undefined && at - now < SOON && !statusDetail(view);
  return soon ? [ticking((then) => `stops in ${left(at, then)}`, "status.warn")] : upLine(view);
}

function upLine(view: MachineView): Line {
  const { instance } = view.machine;
  const detail = statusDetail(view);
  if (detail && instance && !view.interruption)
    return [t(detail.replace(/^spot request /, ""), view.words.tone === "quiet" ? "text.dim" : "status.warn")];
  if (instance?.state !== "running") return [];
  return [ticking((now) => `up ${duration(now - instance.launchedAt)}`, "text.dim")];
}

function autoStopLine({ idle, machine }: MachineView, now: number): Line {
  if (!idle) return [];
  const asleep: Line = idle.hours > 0 ? [t(`idle ${idle.hours} h`, "text.dim")] : [];
  const at = idle.autoStopAt;
  if (at === undefined || !machine.spec.autoStop) return asleep;
  if (idle.hours === 0) return [t("in use", "text.dim")];
  return join(
    [asleep, [ticking((now) => `stops in ${left(at, now)}`, at - now < SOON ? "status.warn" : "text.dim")]],
    t(", ", "text.dim"),
  );
}

function kernelLine({ probe, kernel, machine }: MachineView): Line {
  if (!probe || machine.instance?.state !== "running") return [];
  const older: Line = kernel?.age === "older" ? [t(" ▲ older", "status.warn")] : [];
  return [t(clean(probe.kernel), probe.nestedDsb ? "status.ok" : "text.dim"), ...older];
}

function scratchLine({ probe, machine }: MachineView): Line {
  if (!probe || machine.instance?.state !== "running") return [];
  const scratch = probe.scratch;
  return join(
    [
      probe.load ? [t(`load ${probe.load[0].toFixed(2)}`, "text.dim")] : [],
      !scratch
        ? []
        : scratch.mounted
          ? [t("/mnt/fcvm-btrfs mounted", "text.dim")]
          : [t("/mnt/fcvm-btrfs not mounted", "status.warn")],
    ],
    t(", ", "text.dim"),
  );
}

function costLine({ cost, words, machine }: MachineView): Line {
  const { instance } = machine;
  if (!instance || words.short === "terminated" || instance.state === "stopped") {
    return [t(dollars(cost.stoppedPerMonth, "month"), "text.dim")];
  }
  if (cost.perHour === undefined) return [t("price unknown", "text.dim")];
  return [t(dollars(cost.perHour, "h"))];
}

function belowLine({ cost, machine }: MachineView): Line {
  if (cost.belowOnDemand === undefined || machine.instance?.state !== "running") return [];
  return [t(`${percent(cost.belowOnDemand)} below`, "status.ok")];
}

function cpuLine({ cpu }: MachineView): Line {
  return [t(sparkline((cpu ?? []).map((hour) => hour.maximum)), "accent")];
}
