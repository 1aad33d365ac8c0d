import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readConsole } from "../../../ops/kernel/trial-boot-console.ts";
import { parseHealth, parseOccupants, refusalIn } from "../../../ops/kernel/trial-boot-hear.ts";
import { rebootQuestion } from "../../../ops/kernel/trial-boot-words.ts";

const NEW = "6.18.3-nested-dsb";
const boot = (release: string, ...lines: string[]) =>
  [`[    0.000000] Linux version ${release} (somebody)`, ...lines, ""].join("\r\n");

describe("a console", () => {
  it("shows the last boot of that kernel alone, and the line of its panic", () => {
    const text =
      boot(NEW, "[    1.0] an earlier trial", "[    1.1] Kernel panic - not syncing: earlier") +
      boot("6.8.0-1021-aws", "Ubuntu 24.04.3 LTS") +
      boot(
        NEW,
        "[    1.2] \u001b[31mVFS: Cannot open root device\u001b[0m",
        "[    1.3] Kernel panic - not syncing: VFS",
      ) +
      boot("6.8.0-1021-aws", "[    9.9] Kernel panic - not syncing: of the old one");
    expect(readConsole(text, NEW)).toEqual({
      lines: [`Linux version ${NEW} (somebody)`, "VFS: Cannot open root device", "Kernel panic - not syncing: VFS"],
      panic: "Kernel panic - not syncing: VFS",
    });
  });

  it("shows twenty lines, from before the fault on; without a fault the last ones", () => {
    const noise = Array.from({ length: 300 }, (_, line) => `[    2.${line}] line ${line}`);
    const faulty = readConsole(
      boot(NEW, ...noise, "[    3.0] kernel BUG at arch/arm64/kvm/nested.c:754!", ...noise),
      NEW,
    );
    expect(faulty.panic).toBe("kernel BUG at arch/arm64/kvm/nested.c:754!");
    expect(faulty.lines).toHaveLength(20);
    expect(faulty.lines.slice(0, 3)).toEqual(["line 298", "line 299", faulty.panic]);
    expect(readConsole(boot(NEW, ...noise), NEW)).toMatchObject({ panic: undefined, lines: { 19: "line 299" } });
  });

  it("says nothing of a kernel that it does not name, whatever else it holds", () => {
    expect(readConsole("", NEW)).toEqual({ lines: [], panic: undefined });
    expect(readConsole(boot(`${NEW}-other`, "[ 1.0] Kernel panic - not syncing"), NEW).lines).toEqual([]);
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 300 }), (noise) => {
        const { lines } = readConsole(`${boot(NEW)}${noise}`, NEW);
        expect(lines.length).toBeLessThanOrEqual(20);
        expect(lines.join("")).not.toMatch(/\p{Cc}/u);
      }),
    );
  });
});

describe("what a machine says", () => {
  const line = `{"uname":"${NEW}","expected":"${NEW}","default":"6.8.0","built":"0123456789ab","matches":true,"root":true,"network":true,"nvme":3,"kvm":true,"healthy":true,"trial":"running"}`;

  it("is its health, among any other lines", () => {
    const health = parseHealth(`warning: setlocale\n${line}\nbye\n`);
    expect(health).toEqual(JSON.parse(line));
  });

  it.each([
    ["nothing", ""],
    ["half a line", line.slice(0, 60)],
    ["no object", "null"],
    ["an unknown word", line.replace('"running"', '"constructor"')],
    ["a release that is none", line.replace(`"uname":"${NEW}"`, '"uname":"$(reboot)"')],
  ])("%s is no health", (_name, output) => {
    expect(parseHealth(output)).toBeUndefined();
  });

  it("only true is true", () => {
    const health = parseHealth(line.replace('"kvm":true', '"kvm":"true"').replace('"nvme":3', '"nvme":"3"'));
    expect(health).toMatchObject({ kvm: false, nvme: 0 });
    expect(parseHealth(line.replace("0123456789ab", "0; reboot"))?.built).toBe("");
  });

  it("is who is on it, and what would end is in the question", () => {
    const story = {
      machine: "fcvm-metal-arm",
      seen: { instanceId: "i-1", instance: "running", address: "192.0.2.1" },
      health: parseHealth(line),
      expected: NEW,
      otherwise: "6.8.0",
      rebooted: false,
      ec2Rebooted: false,
      lacked: [],
      trouble: undefined,
      console: undefined,
    } as const;
    const occupants = parseOccupants("ubuntu   pts/0   2026-11-22 14:02 (192.0.2.7)\n---\n3\n", 1);
    expect(occupants).toEqual({
      logins: ["ubuntu pts/0 2026-11-22 14:02 (192.0.2.7)"],
      sessionsHere: 1,
      firecrackers: 3,
    });
    expect(rebootQuestion(story, occupants).lines).toEqual([
      `fcvm-metal-arm (i-1) reboots now; it runs an earlier build of ${NEW}.`,
      "Logged in there: ubuntu pts/0 2026-11-22 14:02 (192.0.2.7).",
      "It ends 1 session of this cockpit.",
      "It ends 3 Firecracker microVMs.",
      `Where ${NEW} comes up well, it becomes the default; else the boot after it is 6.8.0 again.`,
    ]);
    expect(rebootQuestion(story, parseOccupants("", 0)).lines[1]).toBe("Nobody is logged in there.");
  });

  it("a refusal is the script's own sentence, else its last line", () => {
    expect(refusalIn("one\n==> failed The disk is full. Make room.\ntwo\n")).toBe("The disk is full. Make room.");
    expect(refusalIn("one\ntwo\n\n")).toBe("two");
    expect(refusalIn("")).toBeUndefined();
  });
});
