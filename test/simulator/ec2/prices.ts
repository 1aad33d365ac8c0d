/** Spot prices: the account's price is the one of now in zone a; older ones and the other zone differ a little. */

import { type Account, mix } from "./account.ts";

/** A price holds for six hours. */
const STEP = 6 * 3_600_000;
/** EC2 keeps 90 days of history and gives all of it where no start is asked for; a week is enough here. */
const KEPT = 7 * 86_400_000;

interface PriceRow {
  readonly instanceType: string;
  readonly productDescription: string;
  readonly spotPrice: string;
  readonly timestamp: Date;
  readonly availabilityZone: string;
}

/** The prices in force from `start` to `end` (milliseconds since the epoch), newest first; the one in force at `start` is among them. */
export function priceHistory(
  account: Account,
  asked: {
    readonly types: readonly string[];
    readonly start: number | undefined;
    readonly end: number;
    readonly now: number;
  },
): readonly PriceRow[] {
  const start = Math.max(asked.start ?? 0, asked.now - KEPT);
  const rows: PriceRow[] = [];
  for (const [instanceType, price] of Object.entries(account.spotPrices)) {
    if (asked.types.length > 0 && !asked.types.includes(instanceType)) continue;
    for (const zone of [`${account.region}a`, `${account.region}c`]) {
      const dearer = zone.endsWith("a") ? 1 : 1.12;
      for (let from = Math.floor(asked.end / STEP) * STEP; from > start - STEP; from -= STEP) {
        const past = asked.now - from >= STEP ? 0.97 + (mix(`${instanceType}${zone}${from}`) % 60) / 1000 : 1;
        rows.push({
          instanceType,
          productDescription: "Linux/UNIX",
          spotPrice: (price * dearer * past).toFixed(6),
          timestamp: new Date(from),
          availabilityZone: zone,
        });
      }
    }
  }
  return rows.sort((one, other) => other.timestamp.getTime() - one.timestamp.getTime());
}
