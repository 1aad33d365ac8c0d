import { stripVTControlCharacters } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MACHINE_NAMES } from "../../../ops/fleet/machines.ts";
import { type Frame, fleetFrame, isTooSmall } from "../../../tui/fleet/fleet-frame.ts";
import { plain } from "../../../tui/format/line.ts";
import { width } from "../../../tui/format/text.ts";
import { HelpScreen } from "../../../tui/help/help.tsx";
import { helpLines } from "../../../tui/help/help-lines.ts";
import { whyNotOn } from "../../../tui/keys/availability.ts";
import { type FakeOps, fakeClock, fakeOps, SIGNED_IN, SIGNED_OUT } from "../../harness/fakes.ts";
import {
  aFleet,
  aProbe,
  aSession,
  aVolume,
  hours,
  live,
  NOW,
  PHASES,
  STORY_METRICS,
  storyFleet,
} from "../../harness/fleets.ts";
import { renderScreen } from "../../harness/screen.tsx";
import { InWindow, onScreen } from "./on-screen.tsx";

const text = fc.string({ unit: "grapheme", maxLength: 120 });
const story = fc.record({
  phase: fc.constantFrom(...PHASES),
  root: fc.constantFrom("persistent" as const, "temporary" as const, "none" as const),
  address: fc.constantFrom("here" as const, "elsewhere" as const, "nowhere" as const, "none" as const),
  upFor: fc.nat(90 * 86_400_000),
});
const orphan = fc.record({
  id: fc.nat(0xffffffff),
  name: fc.option(text, { nil: undefined }),
  sizeGiB: fc.nat(16_000),
});
const percents = fc.array(fc.option(fc.nat(100), { nil: undefined }), { minLength: 0, maxLength: 12 });
const session = fc.record({
  machine: fc.constantFrom(...MACHINE_NAMES),
  title: text,
  activity: fc.boolean(),
  lastLines: fc.array(text, { maxLength: 30 }),
  end: fc.option(
    fc.oneof(
      fc.record({ kind: fc.constant("exited" as const), code: fc.nat(255) }),
      fc.record({ kind: fc.constant("link-lost" as const), sentence: text }),
    ),
    { nil: undefined },
  ),
});

/** An account in any state, as far as a builder can get it there. */
const anyAccount = fc.record({
  stories: fc.tuple(story, story, story),
  orphans: fc.array(orphan, { maxLength: 30 }),
  cpu: percents,
  price: fc.option(fc.double({ min: 0, max: 9, noNaN: true }), { nil: undefined }),
  sessions: fc.array(session, { maxLength: 9 }),
  failure: fc.option(text, { nil: undefined }),
  signedIn: fc.boolean(),
  source: fc.constantFrom("live" as const, "stored" as const),
  age: fc.nat(40_000_000),
  noted: fc.boolean(),
  seen: fc.boolean(),
});

type Account = typeof anyAccount extends fc.Arbitrary<infer Value> ? Value : never;

function opsOf(one: Account): FakeOps {
  const [jumpbox, arm, x86] = one.stories;
  const volumes = one.orphans.map(({ id, name, sizeGiB }) =>
    aVolume(`vol-${String(id).padStart(17, "0")}`, { name, sizeGiB }),
  );
  const fleet = aFleet({ jumpbox, "fcvm-metal-arm": arm, "fcvm-metal-x86": x86 }, { volumes, at: NOW - one.age });
  const failure =
    one.failure === undefined ? undefined : ({ kind: "server", sentence: one.failure, action: one.failure } as const);
  const interruption = one.noted ? { action: "stop", at: NOW + 80_000 } : undefined;
  const cpu = hours(one.cpu);
  return fakeOps({
    clock: fakeClock(),
    demo: one.noted,
    signIn: one.signedIn ? SIGNED_IN : SIGNED_OUT,
    fleet: one.seen ? live(fleet, { failure, source: one.source }) : { ...live(fleet, { failure }), fleet: undefined },
    metrics: {
      cpu: { jumpbox: cpu, "fcvm-metal-arm": cpu },
      spotPerHour: one.price === undefined ? {} : { "fcvm-metal-arm": one.price },
      at: NOW,
      failure,
    },
    probes: {
      "fcvm-metal-arm": aProbe({ interruption, load: undefined }),
      jumpbox: aProbe({ scratch: { mounted: false } }),
    },
    sessions: one.sessions.map(({ machine, ...rest }, index) => aSession(`s${index}`, machine, rest)),
  });
}

const height = (frame: Frame) =>
  frame.headline.length +
  Math.max(frame.cards.reduce((sum, card) => sum + card.rows.length, 0) + frame.below.length, frame.beside.length);

describe("the fleet screen at any size", () => {
  it("is never higher nor wider than its window", () => {
    fc.assert(
      fc.property(
        anyAccount,
        fc.integer({ min: 40, max: 220 }),
        fc.integer({ min: 6, max: 58 }),
        fc.constantFrom(...MACHINE_NAMES),
        (account, columns, rows, selected) => {
          const ops = opsOf(account);
          const frame = fleetFrame({
            ops,
            navigation: { selected, session: "s1", overlays: [] },
            columns,
            rows,
            whyNot: whyNotOn(ops, selected),
          });
          expect(height(frame)).toBeLessThanOrEqual(rows);
          const wide = (line: string) => width(stripVTControlCharacters(line));
          const full = [frame.header, ...frame.headline, frame.footer];
          for (const line of full) expect(wide(line)).toBeLessThanOrEqual(columns);
          const left = [...frame.cards.flatMap((card) => card.rows), ...frame.below];
          for (const line of left) expect(wide(line)).toBeLessThanOrEqual(frame.leftColumns);
          for (const line of frame.beside) expect(wide(line)).toBeLessThanOrEqual(columns - frame.leftColumns - 1);
          // No machine is ever missing, and the gravest fact comes first.
          if (ops.fleet.get().fleet) expect(frame.cards.map((card) => card.name)).toEqual([...MACHINE_NAMES]);
          expect(frame.headline.length).toBeGreaterThan(0);
        },
      ),
      { numRuns: 400 },
    );
  });

  it("keeps header and footer in a real window through any resize, down to 1×1", async () => {
    const sizes = fc.array(fc.tuple(fc.integer({ min: 1, max: 220 }), fc.integer({ min: 1, max: 60 })), {
      minLength: 1,
      maxLength: 4,
    });
    await fc.assert(
      fc.asyncProperty(anyAccount, sizes, async (account, wanted) => {
        const screen = await renderScreen(<InWindow ops={opsOf(account)} />, { columns: 80, rows: 24 });
        try {
          for (const [columns, rows] of wanted) {
            await screen.resize(columns, rows);
            // A resized terminal shows parts of the old frame until the new one is drawn.
            await screen.waitFor((shown) => {
              const all = shown.split("\n");
              const framed = all[0]?.includes("snowglobe") && all[rows - 1]?.includes("q quit");
              return isTooSmall(columns, rows) ? !framed : Boolean(framed);
            }, 3000);
          }
        } finally {
          await screen.unmount();
        }
      }),
      { numRuns: 25, endOnFailure: true },
    );
  });

  it("drops detail first, then all but one row a machine, then says what it needs", async () => {
    const ops = fakeOps({ fleet: live(storyFleet()), metrics: STORY_METRICS });
    const shown = async (columns: number, rows: number) => {
      let screenText = "";
      await onScreen({ ops }, [columns, rows], (screen) => {
        screenText = screen.text();
      });
      return screenText;
    };
    expect(await shown(80, 24)).toContain("vol-09e5c3cee32bb67dc");
    const twoRows = await shown(80, 12);
    expect(twoRows).toContain("184.72.40.255 not attached");
    expect(twoRows).not.toContain("vol-09e5c3cee32bb67dc");
    const oneRow = await shown(80, 8);
    expect(oneRow).toContain("▲ TEMPORARY DISK");
    expect(oneRow).not.toContain("c7gd.metal");
    expect(await shown(40, 8)).toContain("fcvm-metal-arm  running");
    const flowed = (await shown(39, 20)).replaceAll(/\s+/g, " ").trim();
    expect(flowed).toBe("This window is 39×20: snowglobe needs 40×8, and shows all at 80×24.");
    expect(await shown(1, 1)).toBe("T");
  });
});

describe("the help", () => {
  const whyNot = whyNotOn(fakeOps({ fleet: live(storyFleet()) }), "jumpbox");

  it("begins with what is heard where it was asked for", () => {
    const first = (context: Parameters<typeof helpLines>[1]) =>
      plain(helpLines(whyNot, context, 80)[0] ?? [], 0).trim();
    expect(first("fleet")).toBe("The chosen machine");
    expect(first("run")).toBe("In a run or its log");
    expect(first("plan")).toBe("In a plan");
    expect(first("kernel")).toBe("In a kernel build");
    expect(first("orphans")).toBe("Among unattached volumes");
  });

  it("has every key once where it is heard, and why one would do nothing", async () => {
    let backs = 0;
    const ops = fakeOps();
    const help = (
      <HelpScreen
        context="fleet"
        columns={200}
        rows={50}
        clock={ops.clock}
        active
        whyNot={whyNot}
        onBack={() => {
          backs += 1;
        }}
      />
    );
    const screen = await renderScreen(help, { columns: 200, rows: 50 });
    const shown = screen.text();
    expect(shown).toMatch(/Enter → +A shell on the machine/);
    expect(shown).toContain("not now: jumpbox is not a spot machine");
    expect(shown).toMatch(/Ctrl\+\] +In a session: leave it/);
    await screen.press("/");
    await screen.type("compiler");
    await screen.waitFor((text) => text.includes("first error") && !text.includes("A shell on the machine"));
    await screen.press("escape");
    await screen.waitFor("A shell on the machine");
    await screen.press("?", "escape");
    expect(backs).toBe(2);
    await screen.unmount();
  });

  it("scrolls where it must, and no further than to its end", async () => {
    const ops = fakeOps();
    const help = (
      <HelpScreen context="fleet" columns={80} rows={24} clock={ops.clock} active whyNot={whyNot} onBack={() => {}} />
    );
    const screen = await renderScreen(help, { columns: 80, rows: 24 });
    expect(screen.text()).toContain("more below");
    expect(screen.text()).not.toContain("Ctrl+]");
    await screen.press("down");
    expect(screen.text()).not.toContain("The chosen machine");
    for (let page = 0; page < 9; page += 1) await screen.press("pagedown");
    expect(screen.text()).toContain("Ctrl+]");
    expect(screen.text()).not.toContain("more below");
    expect(screen.scrolledAway()).toBe(0);
    await screen.unmount();
  });

  it("is as wide as its window at every width", () => {
    for (let columns = 1; columns < 220; columns += 7) {
      expect(helpLines(whyNot, "fleet", columns).length).toBeGreaterThan(10);
    }
  });
});
