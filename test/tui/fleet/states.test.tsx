import { Text } from "ink";
import { describe, expect, it } from "vitest";
import type { RunSummary } from "../../../ops/operation/history.ts";
import { fleetFrame } from "../../../tui/fleet/fleet-frame.ts";
import { whyNotOn } from "../../../tui/keys/availability.ts";
import { fakeClock, fakeOps, SIGNED_IN, SIGNED_OUT } from "../../harness/fakes.ts";
import {
  aFleet,
  aProbe,
  aSession,
  aVolume,
  hours,
  live,
  NOW,
  PHASES,
  type Phase,
  STORY_METRICS,
  storyFleet,
} from "../../harness/fleets.ts";
import { onScreen } from "./on-screen.tsx";

const SMALL = [80, 24] as const;
const LARGE = [200, 50] as const;

const story = (pastRuns: readonly RunSummary[] = []) =>
  fakeOps({
    demo: true,
    pastRuns,
    fleet: live(storyFleet()),
    metrics: STORY_METRICS,
    probes: { "fcvm-metal-arm": aProbe() },
  });

describe("the story that the product is for", () => {
  it("is all there at 80×24, the temporary disk first", async () => {
    await onScreen({ ops: story() }, SMALL, (screen) => {
      const rows = screen.screen();
      expect(rows[0]).toContain("snowglobe");
      expect(rows[0]).toContain("DEMO");
      expect(rows[0]).toContain("123456789012");
      expect(rows[0]).toContain("us-west-1");
      expect(rows[1]).toContain("▲ fcvm-metal-arm is running on a temporary disk");
      expect(rows[2]).toContain("Put your disk back: s.");
      const text = screen.text();
      for (const fact of [
        "▲ TEMPORARY DISK",
        "184.72.40.255 not attached",
        "▌ ● fcvm-metal-arm",
        "○ fcvm-metal-x86",
        "stopped",
        "$32.45/month",
        "·····▆██▆▂▁▁",
        "your disk  not attached  vol-09e5c3cee32bb67dc",
        "active, fulfilled",
        "71 % below on-demand",
        "stops in 9 h 40 min",
        "6.18.3-nested-dsb ✓",
        "/mnt/fcvm-btrfs on nvme1n1",
        "2 min ago",
        "i-0c4d5e6f708192a3b  us-west-1a  ami-0aa1bb2cc3dd4ee5f",
        "1 unattached volume, $24.00/month: o",
      ]) {
        expect(text).toContain(fact);
      }
      expect(rows.at(-1)).toBe(" Enter ssh  s swap  p stop  k kernel  a apply  l sign in  c copy  ? help  q quit");
    });
  });

  it("uses the room at 200×50: chart, account by its IDs, detail beside", async () => {
    const run: RunSummary = {
      id: "1",
      name: "stop",
      title: "Stop fcvm-metal-x86",
      machine: "fcvm-metal-x86",
      startedAt: NOW - 90_000,
      endedAt: NOW,
      outcome: { status: "done", sentence: "Stopped." },
    };
    await onScreen({ ops: story([run]) }, LARGE, (screen) => {
      const text = screen.text();
      expect(text).toMatch(/last runs h .*\n.*\d\d:\d\d +Stop fcvm-metal-x86 +✓ done +90 s/);
      for (const fact of [
        "AdministratorAccess",
        "session 7 h 58 min",
        "CPU of fcvm-metal-arm",
        "vol-0dead00000000beef  250 GiB gp3  62 d old  $24.00/month",
        "with all stopped",
        "vol-0f4d5e6f708192a3b  300 GiB gp3  3 h old  /dev/sda1",
        "kept on termination",
        "eipalloc-034a515771765d101",
        "None open on fcvm-metal-arm.",
        "c7gd.metal, arm64, 64 vCPU, 128 GiB",
      ]) {
        expect(text).toContain(fact);
      }
      expect(screen.screen().every((row) => row.length <= 200)).toBe(true);
      expect(screen.screen()[4]).toMatch(/^╭─+╮ ╭─ fcvm-metal-arm .*╮$/);
      expect(screen.screen()[48]).toMatch(/^╰─+╯ ╰─+╯$/);
    });
  });
});

const WORDS: Readonly<Record<Phase, readonly string[]>> = {
  running: ["● fcvm-metal-arm", "running", "up 3 h 12 min"],
  pending: ["fcvm-metal-arm", "starting"],
  marked: ["▲ AWS stops it", "AWS takes fcvm-metal-arm away within two minutes."],
  stopping: ["stopping 42 s", "stopping: spot request not yet released"],
  releasing: ["stopping 42 s", "stopping: spot request not yet released"],
  stopped: ["○ fcvm-metal-arm", "stopped", "released, can be started"],
  "stopped-by-aws": ["stopped by AWS", "only EC2 restarts it"],
  restarting: ["starting 42 s", "spot request being evaluated"],
  cancelled: ["The spot request of fcvm-metal-arm is cancelled"],
  "shutting-down": ["✕ fcvm-metal-arm", "terminating"],
  terminated: ["✕ fcvm-metal-arm", "terminated", "by AWS, no spot capacity"],
  absent: ["✕ fcvm-metal-arm", "not there"],
};

it("begins with a machine that shows another host key, whatever else there is to say", async () => {
  const ops = story();
  await onScreen({ ops }, SMALL, async (screen) => {
    expect(screen.screen()[1]).toContain("running on a temporary disk");
    const sentence = "WARNING: fcvm-metal-arm at 184.72.40.255 shows another host key.";
    ops.cells.strangers.set({ "fcvm-metal-arm": { kind: "refused", sentence, action: "Find out why." } });
    await screen.waitFor(sentence);
    expect(screen.screen()[1]).toContain(sentence);
  });
  await onScreen({ ops }, LARGE, (screen) => {
    expect(screen.text()).toContain("Find out why.");
  });
});

describe("a machine in every state", () => {
  it.each(PHASES)("%s", async (phase) => {
    const ops = fakeOps({ fleet: live(aFleet({ "fcvm-metal-arm": { phase } })), metrics: STORY_METRICS });
    for (const size of [SMALL, LARGE]) {
      await onScreen({ ops }, size, (screen) => {
        for (const words of WORDS[phase]) expect(screen.text()).toContain(words);
      });
    }
  });

  it("turns and counts the seconds while it is on its way", async () => {
    const clock = fakeClock();
    const ops = fakeOps({ clock, fleet: live(aFleet({ "fcvm-metal-arm": { phase: "releasing" } })) });
    await onScreen({ ops }, SMALL, async (screen) => {
      await screen.waitFor((text) => /◐ fcvm-metal-arm +stopping 42 s/.test(text));
      clock.advance(3400);
      await screen.waitFor((text) => /◓ fcvm-metal-arm +stopping 45 s/.test(text));
    });
  });

  it("is loud where its own metadata says that AWS takes it, and counts down", async () => {
    const clock = fakeClock();
    const interruption = { action: "stop", at: NOW + 94_000 };
    const fleet = live(aFleet({ "fcvm-metal-arm": { phase: "marked" } }));
    const ops = fakeOps({ clock, fleet, probes: { "fcvm-metal-arm": aProbe({ interruption }) } });
    await onScreen({ ops }, SMALL, async (screen) => {
      expect(screen.screen()[1]).toContain("▲ AWS stops fcvm-metal-arm in 1 min 34 s. Save what is open on it.");
      expect(screen.text()).toContain("▲ taken in 1 min 34 s");
      expect(screen.text()).not.toContain("within two minutes.");
      clock.advance(60_000);
      await screen.waitFor("AWS stops fcvm-metal-arm in 34 s.");
    });
  });

  it("warns where auto-stop is near", async () => {
    const metrics = { ...STORY_METRICS, cpu: { "fcvm-metal-arm": hours([90, ...Array<number>(11).fill(1)]) } };
    const fleet = live(aFleet({ "fcvm-metal-arm": { phase: "running", upFor: 48 * 3_600_000 } }));
    await onScreen({ ops: fakeOps({ fleet, metrics }) }, SMALL, (screen) => {
      expect(screen.text()).toContain("stops in 40 min");
      expect(screen.text()).toContain("idle 11 h");
    });
  });
});

describe("what is known and how old it is", () => {
  it("says that nothing was seen yet", async () => {
    await onScreen({ ops: fakeOps({ signIn: { status: "checking" } }) }, SMALL, (screen) => {
      expect(screen.screen()[0]).toContain("checking the sign-in");
      expect(screen.screen()[0]).toContain("no data yet");
      expect(screen.text()).toContain("Looking at the account …");
    });
  });

  it("leads an expired session to one key, and keeps what was stored", async () => {
    const fleet = live(aFleet({}, { at: NOW - 9 * 3_600_000 }), { source: "stored" });
    await onScreen({ ops: fakeOps({ signIn: SIGNED_OUT, fleet }) }, SMALL, (screen) => {
      expect(screen.screen()[0]).toContain("signed out");
      expect(screen.screen()[0]).toContain("stored 9 h ago");
      expect(screen.screen()[1]).toContain("▲ The session expired. Press l to sign in.");
      expect(screen.text()).toContain("● jumpbox");
    });
  });

  it("tells of a stored look as of what was: dim, and never that all is well", async () => {
    const stored = (account = aFleet({}, { at: NOW - 9 * 3_600_000 })) => live(account, { source: "stored" });
    const ops = fakeOps({ fleet: stored() });
    await onScreen({ ops }, SMALL, async (screen) => {
      expect(screen.screen()[1]).toMatch(/^ . 9 h ago all was well; looking now\.$/);
      expect(screen.written()).not.toContain("All is well");
      ops.cells.fleet.set(live(aFleet()));
      await screen.waitFor("✓ All is well");
    });
    const story = storyFleet();
    const recreated = { ...story, observation: { ...story.observation, at: NOW - 9 * 3_600_000 } };
    await onScreen({ ops: fakeOps({ fleet: stored(recreated) }) }, LARGE, (screen) => {
      expect(screen.text()).toContain("9 h ago this is how it was; looking now.");
      expect(screen.text()).toContain("· 9 h ago: fcvm-metal-arm is running on a temporary disk");
      expect(screen.text()).not.toContain("▲ fcvm-metal-arm");
    });
    const frame = (source: "stored" | "live") => {
      const shown = fakeOps({ fleet: live(story, { source }) });
      const navigation = { selected: "jumpbox", session: undefined, overlays: [] } as const;
      const whyNot = whyNotOn(shown, "jumpbox");
      return fleetFrame({ ops: shown, navigation, columns: 80, rows: 22, whyNot });
    };
    const green = "\u001b[32m";
    expect(
      frame("live")
        .cards.flatMap(({ rows }) => rows)
        .join(""),
    ).toContain(green);
    const dim = [...frame("stored").cards.flatMap(({ rows }) => rows), ...frame("stored").below].join("");
    expect(dim).not.toContain(green);
  });

  it("shows an outage in words, beside the gravest fact", async () => {
    const failure = {
      kind: "offline",
      sentence: "The network is unreachable.",
      action: "Check the connection.",
    } as const;
    const seen = { ...storyFleet().observation, at: NOW - 40_000 };
    const ops = fakeOps({ fleet: live({ ...storyFleet(), observation: seen }, { failure }) });
    await onScreen({ ops }, [120, 30], (screen) => {
      expect(screen.screen()[0]).toContain("no answer for 40 s");
      expect(screen.screen()[1]).toContain("No answer from AWS, last one 40 s ago: the network is unreachable.");
      expect(screen.text()).toContain("fcvm-metal-arm is running on a temporary disk");
    });
  });

  it("warns of a session that ends soon", async () => {
    const signIn = { ...SIGNED_IN, expiresAt: NOW + 9 * 60_000 + 5000 };
    await onScreen({ ops: fakeOps({ signIn, fleet: live(storyFleet()) }) }, [100, 30], (screen) => {
      expect(screen.screen()[0]).toContain("▲ session 9 min 5 s");
    });
  });

  it("is calm when all is well", async () => {
    await onScreen({ ops: fakeOps({ fleet: live(aFleet()) }) }, SMALL, (screen) => {
      expect(screen.screen()[1]).toBe(" ✓ All is well: all three of the machines are running.");
      expect(screen.screen()[0]).toContain("5 s ago");
    });
  });

  it("follows its stores, and writes nothing while nothing changes", async () => {
    const clock = fakeClock();
    const ops = fakeOps({ clock, fleet: live(storyFleet()), metrics: STORY_METRICS });
    await onScreen({ ops }, SMALL, async (screen) => {
      const before = screen.written().length;
      ops.cells.fleet.update((state) => ({ ...state, refreshing: true }));
      ops.cells.fleet.set(live({ ...storyFleet(), observation: { ...storyFleet().observation, at: NOW } }));
      // Two ticks and a bit: whatever would be drawn for no reason is drawn by then.
      await new Promise((resolve) => setTimeout(resolve, 2200));
      expect(screen.written().length).toBe(before);
      ops.cells.fleet.set(live(aFleet({ "fcvm-metal-x86": { phase: "pending", upFor: 4000 } })));
      await screen.waitFor("starting 4 s");
      clock.advance(20_000);
      await screen.waitFor("22 s ago");
      expect(screen.scrolledAway()).toBe(0);
    });
  });
});

describe("what else is on the screen", () => {
  it("lists the machine's sessions with the last lines of the chosen one", async () => {
    const sessions = [
      aSession("a", "fcvm-metal-arm", { title: "vim \u001b[31mmain.c\u001b[0m", activity: true }),
      aSession("b", "fcvm-metal-arm", { lastLines: ["$ make", "cc -c main.c", "", ""] }),
      aSession("c", "fcvm-metal-arm", { title: "tail", end: { kind: "link-lost", sentence: "No answer for 20 s." } }),
      aSession("d", "jumpbox", { title: "elsewhere" }),
    ];
    const ops = fakeOps({ fleet: live(aFleet()), sessions });
    await onScreen({ ops }, [100, 40], (screen) => {
      const text = screen.text();
      expect(text).toMatch(/ {2}\* vim main\.c +new output, opened 2 h ago/);
      expect(text).toMatch(/▸ {3}shell +quiet/);
      expect(text).toContain("┃ cc -c main.c");
      expect(text).toContain("link lost: No answer for 20 s.");
      expect(text).toContain("c7gd.metal 2 shells, new output");
      expect(text).toContain("t4g.large 1 shell");
      expect(text).not.toContain("elsewhere");
    });
    await onScreen({ ops, session: "a" }, [100, 40], (screen) => {
      expect(screen.text()).toMatch(/▸ \* vim main\.c/);
    });
  });

  it("gives the strips their rows and takes them back", async () => {
    const ops = story();
    const strips = ["one", "two"].map((text) => <Text key={text}>{`strip ${text}`}</Text>);
    await onScreen({ ops, strips }, SMALL, async (screen) => {
      await screen.waitFor((text) => {
        const rows = text.split("\n");
        return rows[21] === "strip one" && rows[22] === "strip two" && (rows[20] ?? "").includes("1 unattached volume");
      });
      expect(screen.screen()[23]).toContain("q quit");
    });
    const many = <Text>{Array(30).fill("strip").join("\n")}</Text>;
    await onScreen({ ops, strips: many }, SMALL, (screen) => {
      expect(screen.screen().filter((row) => row === "strip")).toHaveLength(6);
      expect(screen.screen()[0]).toContain("snowglobe");
      expect(screen.screen()[23]).toContain("q quit");
    });
  });

  it("shows toasts above the footer, the newest last", async () => {
    const toasts = [
      { id: 1, text: "fcvm-metal-arm stopped: spot request released", tone: "quiet" },
      { id: 2, text: "volume vol-1 is \u001b[2Jdeleted", tone: "bad" },
    ] as const;
    await onScreen({ ops: story(), toasts }, SMALL, (screen) => {
      expect(screen.screen()[21]).toContain("▐ · fcvm-metal-arm stopped: spot request released");
      expect(screen.screen()[22]).toContain("▐ ✕ volume vol-1 is deleted");
      expect(screen.screen()[23]).toContain("q quit");
    });
  });

  it("counts strays and orphans, and names them where there is room", async () => {
    const volumes = ["vol-00000000000000001", "vol-00000000000000002"].map((id) => aVolume(id, { sizeGiB: 100 }));
    const spotRequests = aFleet()
      .observation.spotRequests.slice(0, 1)
      .map((request) => ({
        ...request,
        id: "sir-stray001",
        instanceId: "i-0123456789abcdef0",
      }));
    const ops = fakeOps({ fleet: live(aFleet({}, { volumes, spotRequests })), metrics: STORY_METRICS });
    await onScreen({ ops }, SMALL, (screen) => {
      expect(screen.text()).toContain("2 unattached volumes, $19.20/month: o");
      expect(screen.text()).toContain("1 stray spot request");
    });
    await onScreen({ ops }, LARGE, (screen) => {
      expect(screen.text()).toContain("vol-00000000000000002");
      expect(screen.text()).toMatch(/stray +spot request sir-stray001/);
    });
  });

  it("keeps names from outside from moving anything", async () => {
    const evil = aVolume("vol-00000000000000003", { name: "\u001b[2J\u001b[Hevil\r\nname\u202e" });
    await onScreen({ ops: fakeOps({ fleet: live(aFleet({}, { volumes: [evil] })) }) }, LARGE, (screen) => {
      expect(screen.text()).toContain("evil name");
      expect(screen.screen()[0]).toContain("snowglobe");
    });
  });
});
