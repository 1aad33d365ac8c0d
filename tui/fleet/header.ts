/** The first row: who, where, for how long, and how old what is shown is. Pure. */

import type { Environment } from "../../ops/environment.ts";
import { duration, HOUR } from "../../ops/fleet/derive/ages.ts";
import type { FleetState } from "../../ops/fleet/state.ts";
import type { SignInState } from "../../ops/signin/types.ts";
import { ends } from "../format/grid.ts";
import { join, type Line, lineWidth, t, ticking } from "../format/line.ts";
import { clean, truncate } from "../format/text.ts";
import { ago, left } from "../format/words.ts";

const MINUTE = 60_000;
/** A session that ends sooner than this is worth a warning. */
const ENDS_SOON = 15 * MINUTE;

/** As old as what is shown gets between two refreshes when all is well. Seconds that count up to it and start again are no news. */
const FRESH = 6000;

const SEPARATOR = t("  ");

export function headerLine(
  { demo }: Pick<Environment, "demo">,
  signIn: SignInState,
  state: Pick<FleetState, "fleet" | "source" | "failure" | "refreshing">,
  columns: number,
  now: number,
): Line {
  const name: Line = [t("snowglobe", "accent.strong"), ...(demo ? [t(" "), t(" DEMO ", "demo")] : [])];
  const age = ageLine(state, "long");
  const rights = [
    [sessionLine(signIn, now, "long"), age],
    [sessionLine(signIn, now, "short"), age],
    [sessionLine(signIn, now, "short"), ageLine(state, "short")],
  ].map((parts) => [...join(parts, SEPARATOR), t(" "), refreshMark(state)]);
  // Who and where goes before the minutes of the session, and the session before the least of it.
  for (const who of identityLines(signIn)) {
    const left = [t(" "), ...join([name, who], SEPARATOR)];
    const right = rights.find((one) => lineWidth(left, now) + lineWidth(one, now) + 2 <= columns);
    if (right) return ends(left, right, columns, now);
  }
  return [t(" "), ...name, SEPARATOR, ...ageLine(state, "short")];
}

const ROLE_COLUMNS = 12;

/** From all of it to nothing. */
function identityLines(signIn: SignInState): Line[] {
  switch (signIn.status) {
    case "checking":
      return [[t("checking the sign-in", "text.dim")], []];
    case "signed-out":
      return [[t("signed out", "status.error")], []];
    case "signed-in": {
      const { account, role, region } = signIn.identity;
      const who = [t(clean(account))];
      const where = [t(clean(region), "text.dim")];
      const what = (columns: number) => [t(truncate(clean(role), columns), "text.dim")];
      return [
        join([who, what(60), where], t(" · ", "text.dim")),
        join([who, what(60), where], t(" ")),
        join([who, what(ROLE_COLUMNS), where], t(" ")),
        join([who, where], t(" ")),
        who,
        [],
      ];
    }
  }
}

function sessionLine(signIn: SignInState, now: number, length: "long" | "short"): Line {
  if (signIn.status !== "signed-in") return [];
  const { expiresAt, via, origin = "machine's own role" } = signIn;
  if (expiresAt === undefined) return via === "chain" && length === "long" ? [t(clean(origin), "text.dim")] : [];
  const soon = expiresAt - now < ENDS_SOON;
  return [
    ticking((at) => `${soon ? "▲ " : ""}session ${said(expiresAt, at, length)}`, soon ? "status.warn" : "text.dim"),
  ];
}

function said(until: number, now: number, length: "long" | "short"): string {
  if (until <= now) return "ended";
  const hours = Math.floor((until - now) / HOUR);
  return length === "short" && hours > 0 ? `${hours} h` : left(until, now);
}

function ageLine(
  { fleet, source, failure }: Pick<FleetState, "fleet" | "source" | "failure">,
  length: "long" | "short",
): Line {
  if (!fleet) return [t("no data yet", failure ? "status.warn" : "text.dim")];
  const seen = fleet.observation.at;
  if (failure) {
    return [ticking((now) => `${length === "long" ? "no answer for" : "late"} ${duration(now - seen)}`, "status.warn")];
  }
  if (source === "stored") return [ticking((now) => `stored ${ago(seen, now)}`, "status.warn")];
  return [ticking((now) => (now - seen < FRESH ? "5 s ago" : ago(seen, now)), "text.dim")];
}

function refreshMark({ refreshing }: Pick<FleetState, "refreshing">) {
  return t(refreshing ? "↻" : " ", "accent");
}
