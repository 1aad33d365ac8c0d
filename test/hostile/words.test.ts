/** What programs and machines say: ssh's words, probes, jobs, build logs, terminal bytes, and the words of the command line. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isActionName } from "../../ops/actions.ts";
import { createCommandLine } from "../../ops/command-line.ts";
import type { ComposedOps } from "../../ops/compose.ts";
import { findIn } from "../../ops/kernel/findings.ts";
import { parseFacts, parseJob } from "../../ops/kernel/jobs.ts";
import { lineText } from "../../ops/kernel/log-line.ts";
import { createLogReader } from "../../ops/kernel/reader.ts";
import { readConsole } from "../../ops/kernel/trial-boot-console.ts";
import { parseHealth, parseOccupants, refusalIn } from "../../ops/kernel/trial-boot-hear.ts";
import { detachScanner } from "../../ops/ssh/detach-key.ts";
import { diagnose } from "../../ops/ssh/diagnose.ts";
import { createEmulator } from "../../ops/ssh/emulator.ts";
import { parseProbe } from "../../ops/ssh/probe-script.ts";
import { onlyPrints, shorten, splitOpenEnd } from "../../ops/ssh/shorten.ts";
import { fakeOps } from "../harness/fakes.ts";
import {
  CASES,
  endsInTime,
  expectClear,
  expectDrawable,
  expectShowable,
  hostileText,
  mutated,
  mutatedText,
  pumped,
} from "./generators.ts";

const FACTS = {
  machine: "fcvm-metal-arm",
  address: "184.72.40.255",
  key: "/home/me/.ssh/fcvm-ec2",
  knownHosts: "/state/known_hosts",
  alias: "fcvm-metal-arm.vol-09e5c3cee32bb67dc.i-0f",
  root: { kind: "persistent", volumeId: "vol-09e5c3cee32bb67dc", instanceId: "i-0f" },
  keyLocked: false,
} as const;

describe("ssh's words", () => {
  const WORDS = [
    "@@@\r\n@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\r\nHost key verification failed.\r\n",
    "ubuntu@1.2.3.4: Permission denied (publickey).\r\n",
    "ssh: connect to host 1.2.3.4 port 22: Connection refused\r\n",
    "ssh: connect to host 1.2.3.4 port 22: Connection timed out\r\n",
    'Load key "/home/me/.ssh/fcvm-ec2": invalid format\r\n',
    "Identity file /x not accessible: No such file or directory.\r\n",
    "Timeout, server 1.2.3.4 not responding.\r\nclient_loop: send disconnect: Broken pipe\r\n",
  ];

  it("become a sentence that can be drawn, or none", () => {
    fc.assert(
      fc.property(mutatedText(WORDS), (words) => {
        const failure = diagnose(words, FACTS);
        if (failure) expectShowable(failure);
      }),
      { numRuns: CASES },
    );
    for (const words of WORDS)
      expect(diagnose(`${"banner ".repeat(50_000)}${words}`, FACTS)).toEqual(diagnose(words, FACTS));
  });

  it("are read in time, whatever banner stands before them", () => {
    const words = ["Identity file ", "Load key ", "Timeout, server ", "No ", "invalid "];
    endsInTime(pumped(words), (text) => diagnose(text, FACTS));
  });
});

describe("a probe", () => {
  const OUTPUT = `kernel 6.18.3-nested-dsb
load 0.42 0.31 0.20 1/512 1234
uptime 11400.22 99.00
scratch /dev/nvme1n1
model Amazon EC2 NVMe Instance Storage
first-boot failed gh-auth claude-sync
interruption {"action":"stop","time":"2026-01-15T17:42:00Z"}
`;

  it("gives facts that are numbers where numbers are meant, or nothing", () => {
    fc.assert(
      fc.property(mutatedText(OUTPUT), (text) => {
        const probe = parseProbe(text, 1);
        if (!probe) return;
        expectDrawable(probe.kernel);
        for (const value of [...(probe.load ?? []), probe.uptimeSeconds ?? 0, probe.interruption?.at ?? 0]) {
          expect(Number.isFinite(value)).toBe(true);
        }
        for (const step of probe.firstBoot?.failed ?? []) expectDrawable(step);
      }),
      { numRuns: CASES },
    );
  });

  it("ends in time", () => endsInTime(pumped(["kernel ", "load ", "first-boot "]), (text) => parseProbe(text, 1)));
});

describe("a kernel's job", () => {
  const JOB = {
    ...{
      id: "20260115T174000Z-guest-1234",
      kind: "guest",
      version: "6.18.3",
      hash: "0123456789ab",
      host: "arm",
      phase: "compile",
    },
    ...{ state: "running", started: 1768498800, ended: 1768498900, exit: 0, total: 2500, bytes: 12345 },
    ...{ log: "/home/ubuntu/x.log", artefact: "/home/ubuntu/vmlinux", unchanged: false, reason: "it is so" },
  };
  const INPUTS = `inputs guest-0123456789ab.bin.inputs\nkind guest\nversion 6.18.3\npatch ${"a".repeat(64)} one.patch\n`;

  it("is understood or passed over", () => {
    const line = fc.oneof(
      mutated(JOB).map((one) => JSON.stringify(one)),
      mutatedText(`${JSON.stringify(JOB)}\n${INPUTS}`),
    );
    fc.assert(
      fc.property(line, (text) => {
        for (const job of [parseJob(text), ...parseFacts(text).jobs]) {
          if (!job) continue;
          for (const value of [job.startedAt, job.endedAt ?? 0, job.exit ?? 0, job.total ?? 0, job.bytes]) {
            expect(Number.isFinite(value)).toBe(true);
            // A time that is none would throw where it is drawn.
            expect(Math.abs(value)).toBeLessThanOrEqual(8.64e15);
          }
          for (const value of [job.id, job.version, job.hash, job.host, job.log, job.artefact, job.reason]) {
            expect(typeof value).toBe("string");
          }
        }
      }),
      { numRuns: CASES },
    );
  });

  const LOG = [
    "==> phase compile\n==> total 2500\n==> inputs 0123456789ab\n  CC      init/main.o\n  CC [M]  drivers/net/tun.o\r\n",
    "init/main.c:12:3: error: expected ';'\ndrivers/x.c:1: warning: unused\n==> failed it is so\n",
    "make[2]: *** [scripts/Makefile.build:287: init/main.o] Error 1\nld: x.o: undefined reference to `y'\n",
    '\u001b[31mgcc: fatal error: Killed\u001b[0m\nERROR: modpost: "x" undefined!\n 10%\r 20%\r100%\n==> note words\n',
  ];

  it("has a log that is read in any pieces, and findings that can be drawn", () => {
    fc.assert(
      fc.property(mutatedText(LOG), fc.nat(30), (text, cut) => {
        const reader = createLogReader(() => 1, {
          onPhase: () => {},
          onNote: (note) => expect(typeof note).toBe("string"),
        });
        const bytes = Buffer.from(text);
        reader.read(bytes.subarray(0, cut), true);
        reader.read(bytes.subarray(cut), true);
        const { progress, findings } = reader.reading();
        expect(progress.compiled).toBeGreaterThanOrEqual(0);
        for (const one of findings) expect(one.text.length).toBeLessThanOrEqual(5_000);
        for (const line of text.split("\n")) expectDrawable(lineText(Buffer.from(line)));
      }),
      { numRuns: CASES },
    );
  });

  it("ends in time, whatever is in it again and again", () => {
    const words = ["error: ", "ld: ", "make: *** [", "a:1:", "warning: (", "inputs x\n", "undefined reference to "];
    endsInTime(pumped(words), (text) => {
      findIn(text.slice(0, 4096));
      lineText(Buffer.from(text));
      parseFacts(text);
      const reader = createLogReader(() => 1, { onPhase: () => {}, onNote: () => {} });
      reader.read(Buffer.from(text), true);
      reader.read(Buffer.from("\n"), true);
      reader.reading();
    });
  });
});

describe("a trial boot", () => {
  const HEALTH = {
    ...{ uname: "6.18.3-nested-dsb", expected: "6.18.3-nested-dsb", trial: "running", default: "6.8.0-aws" },
    ...{ nvme: 2, matches: true, root: true, network: true, kvm: true, healthy: true },
  };
  const WORDS = [
    `note\n${JSON.stringify(HEALTH)}\n`,
    "ubuntu pts/0 2026-01-15 17:40 (203.0.113.9)\n---\n3\n",
    "[    0.000000] Linux version 6.18.3-nested-dsb (x)\n[ 1.2] VFS: x\n[ 1.3] Kernel panic - not syncing: VFS\r\n[ 1.4] CPU: 1\n",
    "==> failed there is no room\n",
  ];

  it("hears health, who is on it and why it failed, or nothing", () => {
    const text = fc.oneof(
      mutated(HEALTH).map((one) => JSON.stringify(one)),
      mutatedText(WORDS),
    );
    fc.assert(
      fc.property(text, (output) => {
        const health = parseHealth(output);
        if (health) expectDrawable(health.uname + health.expected + health.default);
        const { logins, firecrackers } = parseOccupants(output, 1);
        for (const login of logins) expectDrawable(login);
        expect(Number.isSafeInteger(firecrackers)).toBe(true);
        const { lines, panic } = readConsole(output, "6.18.3-nested-dsb");
        for (const line of [...lines, panic ?? "", refusalIn(output) ?? ""]) expectDrawable(line);
      }),
      { numRuns: CASES },
    );
  });

  it("is heard in time", () => {
    endsInTime(pumped(["[ 1.2] ", "Linux version ", "---\n", "==> failed "]), (text) => {
      parseHealth(text);
      parseOccupants(text, 0);
      readConsole(text, "6.18.3");
      refusalIn(text);
    });
  });
});

/** Terminal bytes: real sequences, pieces of them, and anything at all. */
const terminalBytes = fc.oneof(
  mutatedText([
    "\u001b[?1049h\u001b[2J\u001b[1;1H\u001b[31mred\u001b[0m\r\n\u001b]2;title\u0007\u001b[?2004h",
    "\u001b[>1u\u001b[<u\u001b[=5;1u\u001b[>4;2m\u001b(0lqk\u001b(B\u001b[5;10r\u001b[?6h\u001bM\u001bD\u001b7\u001b8",
    "\u001b[38;2;1;2;3mx\u001b[48;5;200my\u001b[?1000h\u001b[?1006h\u001b[6n\u001b[c\u001b]10;?\u0007\u001bP$qm\u001b\\",
    "\u001b[200~paste\u001d\u001b[201~\u001b[93;5u\u001b[27;5;93~\u001b[93:125;5:1u\u001d",
    "\u4e2d\u6587\u{1f469}\u200d\u{1f680}e\u0301\t\b\u001b[3X\u001b[2P\u001b[4@\u001b[1J\u001b[3J\u001b[99999999999A\u001b[?47h",
  ]).map((text) => Buffer.from(text)),
  fc.uint8Array({ maxLength: 120 }).map((bytes) => Buffer.from(bytes)),
);

describe("terminal bytes", () => {
  it("draw a screen that can be replayed, summed up and drawn", async () => {
    // Many streams go to one terminal, as they do in life; each property is about what it then is.
    const streams = fc.array(terminalBytes, { minLength: 100, maxLength: 100 });
    await fc.assert(
      fc.asyncProperty(streams, async (all) => {
        const emulator = await createEmulator({ columns: 40, rows: 10 }, { onAnswer: () => {}, onCrowded: () => {} });
        try {
          for (let index = 0; index < all.length; index += 10) {
            emulator.push(Buffer.concat(all.slice(index, index + 10)), index % 30 === 0);
            if (index % 20) emulator.resize({ columns: 1 + ((index * 7) % 90), rows: 1 + ((index * 3) % 30) });
          }
          await emulator.settle();
          expect(emulator.replay().length).toBeGreaterThan(0);
          expectDrawable(emulator.title().replaceAll(/\p{Bidi_Control}|[\u2028\u2029]/gu, ""));
          for (const line of emulator.lastLines(8)) expect(line).not.toMatch(/\p{Cc}/u);
        } finally {
          emulator.dispose();
        }
      }),
      { numRuns: CASES / 100 },
    );
  });

  it("end in time, however often a far side wants something done", async () => {
    const finals = [..."@ABCDEFGHIJKLMPSTXZabcdefghlmnrst", " @", " A", " q", "'}", "'~", "$p", "!p"];
    for (const final of finals) {
      const before = process.threadCpuUsage();
      const emulator = await createEmulator({ columns: 80, rows: 24 }, { onAnswer: () => {}, onCrowded: () => {} });
      emulator.push(Buffer.from(`abc\r\nd\u001b[2147483647${final}e\u001b[2147483647;2147483647${final}`), false);
      await emulator.settle();
      emulator.dispose();
      const { user, system } = process.threadCpuUsage(before);
      expect((user + system) / 1000, `CSI ${final}`).toBeLessThan(1_000);
    }
  });

  it("are told apart from the detach key, and forwarded whole but for that", () => {
    // The byte, and the number of the key in what kitty and xterm make of it.
    const mayHaveKey = (text: string) => text.includes("\u001d") || text.includes("93");
    let withoutKey = 0;
    fc.assert(
      fc.property(fc.array(terminalBytes, { minLength: 1, maxLength: 4 }), (chunks) => {
        const scan = detachScanner();
        const came = Buffer.concat(chunks).toString("latin1");
        let forwarded = "";
        for (const chunk of chunks) {
          const { forward, detach } = scan(chunk);
          forwarded += forward.toString("latin1");
          if (!mayHaveKey(came)) expect(detach).toBe("no");
          if (detach === "yes") break;
        }
        if (mayHaveKey(came)) expect(isPartOf(forwarded, came)).toBe(true);
        else expect(forwarded).toBe(came);
        withoutKey += mayHaveKey(came) ? 0 : 1;
      }),
      { numRuns: CASES },
    );
    expect(withoutKey).toBeGreaterThan(CASES / 4);
  });

  it("are made short without losing their end", () => {
    fc.assert(
      fc.property(
        fc.array(terminalBytes, { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 1, max: 5 }),
        (chunks, lines) => {
          for (const chunk of chunks) {
            onlyPrints(chunk);
            const [whole, open] = splitOpenEnd(chunk);
            expect(Buffer.concat([whole, open]).equals(chunk)).toBe(true);
          }
          const run = chunks.filter(onlyPrints);
          const short = shorten(run, lines);
          if (short) expect(short.includes(0x0a) || lines > 0).toBe(true);
        },
      ),
      { numRuns: CASES },
    );
  });

  it("end in time", () => {
    endsInTime(pumped(["\u001b[0m", "\u001b[200~", "\u001b[93", "x\r\n", "\u001b[1;"]), (text) => {
      const bytes = Buffer.from(text);
      detachScanner()(bytes);
      onlyPrints(bytes);
      splitOpenEnd(bytes);
      shorten([bytes, bytes], 600);
    });
  });
});

describe("the command line", () => {
  it("takes no word that it does not know, and starts nothing for it", async () => {
    const ops: ComposedOps = Object.assign(fakeOps(), { stop: async () => {} });
    const word = fc.oneof(
      hostileText,
      fc.constantFrom("swap", "arm", "kernel", "status", "log", "__proto__", "constructor", "toString"),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(word, { maxLength: 4 }), async (words) => {
        if (isActionName(words[0])) return;
        const said: string[] = [];
        const put = (line: string) => said.push(line);
        const code = await createCommandLine(ops, { out: put, err: put, ask: undefined }).run(words);
        expect(code).toBe(1);
        for (const line of said) expectDrawable(line);
      }),
      { numRuns: CASES },
    );
    expect(ops.operations.get()).toEqual([]);
    expectClear(new Error("Unexpected token in JSON, not valid JSON"));
  });
});

/** Whether `part` is `whole` with something left out. */
function isPartOf(part: string, whole: string): boolean {
  let at = 0;
  for (const letter of whole) if (letter === part[at]) at += 1;
  return at === part.length;
}
