import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { environmentFrom } from "../../../ops/environment.ts";
import { isTransient } from "../../../ops/failure.ts";
import { $, findProgram } from "../../../ops/programs.ts";
import { batchEnv, forAnyShell, knownHostsPath, sshArguments } from "../../../ops/ssh/command.ts";
import { detachScanner } from "../../../ops/ssh/detach-key.ts";
import { diagnose, type LinkFacts } from "../../../ops/ssh/diagnose.ts";
import { parseProbe } from "../../../ops/ssh/probe-script.ts";

const FACTS: LinkFacts = {
  machine: "fcvm-metal-arm",
  address: "184.72.40.255",
  key: "/home/me/.ssh/fcvm-ec2",
  knownHosts: "/home/me/known_hosts",
  alias: "fcvm-metal-arm.vol-1.i-1",
  root: { kind: "persistent", volumeId: "vol-1", instanceId: "i-1" },
  keyLocked: false,
};

describe("ssh's words", () => {
  test.each([
    ["ssh: connect to host 184.72.40.255 port 22: Connection refused", "ECONNREFUSED", true],
    ["ssh: connect to host 184.72.40.255 port 22: Connection timed out", "ETIMEDOUT", true],
    ["Connection timed out during banner exchange", "ETIMEDOUT", true],
    ["ssh: connect to host 184.72.40.255 port 22: No route to host", "EHOSTUNREACH", true],
    ["ssh: connect to host 184.72.40.255 port 22: Network is unreachable", "EHOSTUNREACH", true],
    ["ssh: Could not resolve hostname nowhere: Name or service not known", "ENOTFOUND", true],
    ["Timeout, server 184.72.40.255 not responding.", "LINK_DEAD", true],
    ["Read from remote host 184.72.40.255: Connection reset by peer", "LINK_DEAD", true],
    [
      "Read from remote host 184.72.40.255: Connection timed out\r\nConnection to 184.72.40.255 closed.",
      "LINK_DEAD",
      true,
    ],
    ["client_loop: send disconnect: Broken pipe", "FAR_SIDE_CLOSED", true],
    ["kex_exchange_identification: Connection closed by remote host", "FAR_SIDE_CLOSED", true],
    ["kex_exchange_identification: read: Connection reset by peer", "FAR_SIDE_CLOSED", true],
    ["Connection to 184.72.40.255 closed by remote host.", "FAR_SIDE_CLOSED", true],
    ["ubuntu@184.72.40.255: Permission denied (publickey).", "KEY_REFUSED", false],
    ["Received disconnect from 1.2.3.4 port 22:2: Too many authentication failures", "TOO_MANY_KEYS", false],
    [
      "/home/me/.ssh/config: line 3: Bad configuration option: usekeychain\r\n/home/me/.ssh/config: terminating, 1 bad configuration options",
      "SSH_CONFIG",
      false,
    ],
    [
      "Unsupported Match attribute foo\nc2 line 1: Bad Match condition\nc2: terminating, 1 bad configuration options",
      "SSH_CONFIG",
      false,
    ],
    ["command-line: line 0: Bad configuration option: nothing", "SSH_CONFIG", false],
    ["Bad owner or permissions on /home/me/.ssh/config", "SSH_CONFIG", false],
    [
      "Unable to negotiate with 1.2.3.4 port 22: no matching host key type found. Their offer: ssh-rsa",
      "NO_COMMON_ALGORITHM",
      false,
    ],
    [
      "bind 10.9.9.9: Cannot assign requested address\nssh: connect to host 1.2.3.4 port 22: failure",
      "BIND_ADDRESS",
      false,
    ],
    [
      "bind [127.0.0.1]:18080: Address already in use\nchannel_setup_fwd_listener_tcpip: cannot listen to port: 18080\nCould not request local forwarding.",
      "FORWARD",
      false,
    ],
    ["Error: remote port forwarding failed for listen port 2299", "FORWARD", false],
    [
      "Host key verification failed.\nkex_exchange_identification: Connection closed by remote host\nConnection closed by UNKNOWN port 65535",
      "JUMP_REFUSED",
      false,
    ],
    [
      "ssh: Could not resolve hostname bastion: Name or service not known\nkex_exchange_identification: Connection closed by remote host\nConnection closed by UNKNOWN port 65535",
      "JUMP_DOWN",
      true,
    ],
    [
      "channel 0: open failed: connect failed: Connection refused\nstdio forwarding failed\nConnection closed by UNKNOWN port 65535",
      "JUMP_DOWN",
      true,
    ],
    ["Cannot execute command-line and remote command.", "SSH_SAID", false],
    ["PTY allocation request failed on channel 0", "SSH_SAID", false],
    ["@ WARNING: UNPROTECTED PRIVATE KEY FILE! @\nPermissions 0644 for 'k' are too open.", "KEY_OPEN", false],
    ["Warning: Identity file k not accessible: No such file or directory.", "KEY_MISSING", false],
    ['Load key "k": invalid format\nubuntu@1.2.3.4: Permission denied (publickey).', "KEY_UNREADABLE", false],
    ["@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.", "HOST_KEY_CHANGED", false],
    ["Host key verification failed.", "HOST_KEY_UNKNOWN", false],
  ])("%s", (words, code, weather) => {
    const failure = diagnose(words, FACTS);
    expect(failure).toMatchObject({ code });
    expect(failure?.action).toMatch(/\.$/);
    expect(failure && isTransient(failure)).toBe(weather);
  });

  test.each(["", "Connection to 184.72.40.255 closed.", "Warning: Permanently added 'x' to the list of known hosts."])(
    "tell of no fault: %s",
    (words) => expect(diagnose(words, FACTS)).toBeUndefined(),
  );

  test("what they named is in the sentence, and a line that is only a warning is no reason", () => {
    const words =
      '/etc/ssh/ssh_config line 7: Unsupported option "gssapiauthentication"\n/home/me/.ssh/config: line 3: Bad configuration option: usekeychain\r\n/home/me/.ssh/config: terminating, 1 bad configuration options\r\n';
    expect(diagnose(words, FACTS)).toMatchObject({
      sentence:
        "ssh does not take its own configuration: /home/me/.ssh/config: line 3: Bad configuration option: usekeychain.",
      action: "Take that line out, or put IgnoreUnknown usekeychain above it.",
    });
    const warned = '/etc/ssh/ssh_config line 7: Unsupported option "gssapiauthentication"\n';
    expect(diagnose(warned, FACTS)).toBeUndefined();
    expect(diagnose(`${warned}ssh: connect to host 1.2.3.4 port 22: Connection refused`, FACTS)?.code).toBe(
      "ECONNREFUSED",
    );
  });

  test("a refused key that has a passphrase is told by that", () => {
    const words = "ubuntu@184.72.40.255: Permission denied (publickey).";
    expect(diagnose(words, { ...FACTS, keyLocked: true })).toMatchObject({
      code: "KEY_LOCKED",
      action: expect.stringContaining("ssh-add"),
    });
  });

  test("a changed host key is told with the root and the instance that it was known of", () => {
    const words = "REMOTE HOST IDENTIFICATION HAS CHANGED";
    const on = (root: LinkFacts["root"]) => diagnose(words, { ...FACTS, root })?.sentence;
    expect(on(FACTS.root)).toMatch(/^WARNING: .* same root volume, vol-1 of i-1; somebody may be listening in/);
    expect(on(undefined)).toMatch(/^WARNING/);
  });
});

describe("ssh's arguments", () => {
  const environment = environmentFrom({ HOME: "/home/a b%c", XDG_STATE_HOME: "/state dir" });
  const identity = { alias: "jumpbox", file: knownHostsPath(environment), strict: "yes" } as const;
  const args = sshArguments(environment, { address: "1.2.3.4", identity, use: "session" });

  test("name the key, our own known-hosts file and the machine, and nothing of a shell", () => {
    expect(args).toContain("/home/a b%%c/.ssh/fcvm-ec2");
    expect(args).toContain('UserKnownHostsFile="/state dir/snowglobe/known_hosts"');
    expect(args).toContain("HostKeyAlias=jumpbox");
    expect(args).toContain("StrictHostKeyChecking=yes");
    expect(args.at(-1)).toBe("ubuntu@1.2.3.4");
    expect(args).not.toContain("-F");
  });

  test("ask nothing in a batch, and take the demo's configuration", () => {
    const demo = { ...environment, env: { SNOWGLOBE_SSH_CONFIG: "/demo/config" } };
    const batch = sshArguments(demo, { address: "1.2.3.4", identity, use: "batch", command: "uname -r; true" });
    expect(batch.slice(0, 2)).toEqual(["-F", "/demo/config"]);
    expect(batch).toContain("BatchMode=yes");
    expect(batch.at(-1)).toBe("sh -c 'uname -r; true'");
    for (const option of ["RemoteCommand=none", "PermitLocalCommand=no", "RequestTTY=no"]) {
      expect(batch).toContain(option);
      expect(args).not.toContain(option);
    }
    expect(batchEnv(demo).SSH_ASKPASS_REQUIRE).toBe("never");
  });

  test("give a session's command precedence over one of the person's configuration, with which ssh would take none", () => {
    const kept = sshArguments(environment, { address: "1.2.3.4", identity, use: "session", command: "true" });
    expect(kept).toContain("RemoteCommand=none");
  });

  test("ask for no terminal over there where words come from a pipe, and for the same shell otherwise", () => {
    const of = (use: "session" | "piped") => sshArguments(environment, { address: "1.2.3.4", identity, use });
    expect(of("piped")).toEqual(of("session").map((one) => (one === "-tt" ? "-T" : one)));
  });

  test("give up a silent link at once in a batch, and not a session's for minutes: its shell would go with it", () => {
    const seconds = (all: readonly string[]) => {
      const value = (name: string) => Number(all.find((one) => one.startsWith(`${name}=`))?.split("=")[1]);
      return value("ServerAliveInterval") * value("ServerAliveCountMax");
    };
    const batch = sshArguments(environment, { address: "1.2.3.4", identity, use: "batch" });
    expect(seconds(batch)).toBe(10);
    expect(seconds(args)).toBe(600);
  });

  describe.each(["sh", "bash", "dash", "fish", "zsh", "tcsh"])("where %s logs in", (name) => {
    const shell = findProgram(name, process.env);
    test.skipIf(!shell)(`bring a command to sh whole${shell ? "" : ` (needs ${name})`}`, async () => {
      const word = fc.string({ unit: fc.constantFrom(..."ab \\'\"!$`\n\t*?{}()[]<>|&;#~%^=é€") });
      await fc.assert(
        fc.asyncProperty(word, async (text) => {
          const command = `printf %s '${text.replaceAll("'", `'\\''`)}'; exit 7`;
          const { exitCode, stdout } = await $({
            env: process.env,
            nothrow: true,
          })`${shell} -c ${forAnyShell(command)}`;
          expect([stdout, exitCode]).toEqual([text, 7]);
        }),
        { numRuns: 15, examples: [["!!"], ["\\"], ["\\'"], ["a\nb"], ["it's"]] },
      );
    });
  });
});

describe("Ctrl-]", () => {
  const scan = (...chunks: string[]) => {
    const scanner = detachScanner();
    let forwarded = "";
    let last = "no";
    for (const chunk of chunks) {
      const { forward, detach } = scanner(Buffer.from(chunk, "latin1"));
      forwarded += forward.toString("latin1");
      last = detach;
      if (detach === "yes") break;
    }
    return last === "no" ? forwarded : `${forwarded}<detach>`;
  };

  test.each([
    [["\u001d"], "<detach>"],
    [["ls\u001drest"], "ls<detach>"],
    [["a\u001b[93;5u"], "a<detach>"],
    [["\u001b[93;69u"], "<detach>"],
    [["\u001b[93::93;5:1u"], "<detach>"],
    [["\u001b[27;5;93~"], "<detach>"],
    // Where the layout has it elsewhere: Ctrl+ъ in Russian, Ctrl+Shift+) in French Canadian, Ctrl+AltGr+9 in German.
    [["\u001b[1098::93;5u"], "<detach>"],
    [["\u001b[48:93;6u"], "<detach>"],
    [["\u001b[57:93:57;5u"], "<detach>"],
    [["\u001b[27;6;93~"], "<detach>"],
    // Ctrl+} is none.
    [["\u001b[93:125;6u"], "\u001b[93:125;6u"],
    [["\u001b[27;6;125~"], "\u001b[27;6;125~"],
    [["\u001b[97:193:930;5u"], "\u001b[97:193:930;5u"],
    [["\u001b[93", ";5u"], "\u001b[93<detach>"],
    [["\u001b[93;1u"], "\u001b[93;1u"],
    [["\u001b[93;5:3u"], "\u001b[93;5:3u"],
    [["\u001b[93;6u"], "\u001b[93;6u"],
    [["\u001b[200~a\u001db\u001b[201~c"], "\u001b[200~a\u001db\u001b[201~c"],
    [["\u001b[200~a", "b\u001dc\u001b[20", "1~", "\u001d"], "\u001b[200~ab\u001dc\u001b[201~<detach>"],
    [["\u001b[200~never ended", "\u001d"], "\u001b[200~never ended<detach>"],
    // Twice it is the far side's, in whichever way it is told, and once more than twice ours again.
    [["a\u001d", "\u001d", "b"], "a\u001db"],
    [["\u001d\u001d"], "\u001d"],
    [["a\u001d\u001db\u001d"], "a\u001db<detach>"],
    [["\u001d", "\u001d\u001d"], "\u001d<detach>"],
    [["\u001b[93;5u\u001b[93;5:3u", "\u001b[57442;1:3u\u001b[93", ";5ub"], "\u001b[93;5ub"],
    [["\u001d", "\u001b[A", "never"], "<detach>"],
    [["\u001d", "rest"], "<detach>"],
    [["\u001b[93;5:1u", "\u001b[93;5:2u\u001b[93;5:2u", "\u001b[93;5:3u"], "<detach>"],
    [["\u001b[200~never ended", "\u001d", "\u001d", "x"], "\u001b[200~never ended\u001dx"],
  ])("%j", (chunks, expected) => expect(scan(...chunks)).toBe(expected));

  test("anything else reaches the far side as it is", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), (chunks) => {
        const scanner = detachScanner();
        for (const chunk of chunks.map((bytes) => Buffer.from(bytes.filter((byte) => byte !== 0x1d)))) {
          expect(scanner(chunk)).toEqual({ forward: chunk, detach: "no" });
        }
      }),
    );
  });
});

describe("a probe's answer", () => {
  test("is read fact by fact", () => {
    const output = [
      "Welcome to Ubuntu",
      "kernel 6.18.3-nested-dsb",
      "load 0.42 0.31 0.20 1/1380 4242",
      "uptime 11400.25 99.00",
      "scratch /dev/nvme1n1",
      "model Amazon EC2 NVMe Instance Storage        ",
      'interruption {"action":"stop","time":"2026-01-15T17:42:00Z"}',
    ].join("\n");
    expect(parseProbe(output, 5)).toEqual({
      at: 5,
      kept: [],
      kernel: "6.18.3-nested-dsb",
      nestedDsb: true,
      load: [0.42, 0.31, 0.2],
      uptimeSeconds: 11400.25,
      scratch: { mounted: true, device: "/dev/nvme1n1", model: "Amazon EC2 NVMe Instance Storage" },
      interruption: { action: "stop", at: Date.UTC(2026, 0, 15, 17, 42) },
    });
  });

  test("may lack anything but the kernel", () => {
    expect(parseProbe("kernel 6.8.0-1021-aws\nload \nscratch none\ninterruption <html>", 1)).toEqual({
      at: 1,
      kept: [],
      kernel: "6.8.0-1021-aws",
      nestedDsb: false,
      load: undefined,
      uptimeSeconds: undefined,
      scratch: { mounted: false },
      interruption: undefined,
    });
    expect(parseProbe("bash: uname: command not found\nkernel \n", 1)).toBeUndefined();
  });

  test("survives any text", () => {
    const word = fc.constantFrom("kernel", "load", "uptime", "scratch", "model", "interruption");
    const line = fc.tuple(word, fc.oneof(fc.string(), fc.json())).map(([key, value]) => `${key} ${value}`);
    fc.assert(
      fc.property(fc.array(fc.oneof(line, fc.string())), (lines) => {
        const probe = parseProbe(lines.join("\n"), 0);
        if (probe) expect(probe.kernel).toMatch(/^\S+$/);
      }),
    );
  });
});
