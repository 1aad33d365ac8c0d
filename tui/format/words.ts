/** Times, money, sizes and IDs as a person reads them. Pure. */

import { duration } from "../../ops/fleet/derive/ages.ts";

const MINUTE = 60_000;
const SECOND = 1000;

/** "2 s ago", "3 h 12 min ago"; "just now" for less than a second and for what seems to lie ahead. */
export function ago(since: number, now: number): string {
  return now - since < SECOND ? "just now" : `${duration(now - since)} ago`;
}

/** The time that is left: "9 h 20 min", "1 min 20 s" near the end, "no time" at it. */
export function left(until: number, now: number): string {
  const span = until - now;
  if (span < SECOND) return "no time";
  if (span >= 10 * MINUTE || span < MINUTE) return duration(span);
  const seconds = Math.floor((span % MINUTE) / SECOND);
  return `${Math.floor(span / MINUTE)} min${seconds ? ` ${seconds} s` : ""}`;
}

/** How long something has been under way: seconds up to two minutes, because they are watched. */
export function elapsed(since: number, now: number): string {
  const span = Math.max(0, now - since);
  return span < 2 * MINUTE ? `${Math.floor(span / SECOND)} s` : duration(span);
}

/** The local time of day: "17:05". */
export function timeOfDay(at: number): string {
  const date = new Date(at);
  return `${String(date.getHours()).padStart(2, "0")}:${String(date.getMinutes()).padStart(2, "0")}`;
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"] as const;

/** The local time, with the day where it is not today: "17:05", "18 Oct 12:20", "18 Oct 2025 12:20". */
export function moment(at: number, now: number): string {
  const [date, today] = [new Date(at), new Date(now)];
  if (date.toDateString() === today.toDateString()) return timeOfDay(at);
  const year = date.getFullYear() === today.getFullYear() ? "" : ` ${date.getFullYear()}`;
  return `${date.getDate()} ${MONTHS[date.getMonth()]}${year} ${timeOfDay(at)}`;
}

/** "20 GiB", as AWS's console says it; from a thousand up "1.7 TiB". */
export function gibibytes(size: number): string {
  return size >= 1000 ? `${(size / 1024).toFixed(1)} TiB` : `${size} GiB`;
}

/** A share as whole percent: 0.708 is "71 %". */
export function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

/** "1 volume", "3 volumes". */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}

/** AWS's long IDs inside a text cut to what the eye compares: "vol-09e5…7dc". */
export function shortIds(text: string): string {
  return text.replaceAll(/\b([a-z]+-[0-9a-f]{4})[0-9a-f]{10}([0-9a-f]{3})\b/g, "$1…$2");
}
