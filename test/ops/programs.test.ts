/** Programs really started: what zx does otherwise, and what must hold of each. */

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { $, eachLine, endFlood, findProgram, notInstalled, unkept } from "../../ops/programs.ts";

const env = process.env;
const node = (script: string, ...args: readonly string[]) => [process.execPath, "-e", script, "--", ...args];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "programs-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("a command", () => {
  test("takes each value as one argument, whatever is in it, and each list as many", async () => {
    const word = fc.string({ unit: "binary" }).filter((text) => !text.includes("\0") && text.isWellFormed());
    await fc.assert(
      fc.asyncProperty(word, fc.array(word), async (one, many) => {
        const { stdout } = await $({ env })`printf ${"%s\\0"} ${one} ${many}`;
        expect(stdout).toBe([one, ...many, ""].join("\0"));
      }),
      { numRuns: 50, examples: [["", ["'", "$(id)", "\\", "-n", "a\nb"]]] },
    );
  });

  test("is the program itself: its pid, its status, and the signal that ended it", async () => {
    const said = $({ env })`${node("console.log(process.pid)")}`;
    expect(Number((await said).stdout)).toBe(said.pid);
    expect((await $({ env, nothrow: true })`${node("process.exit(7)")}`).exitCode).toBe(7);
    const killed = await $({ env, nothrow: true })`${node("process.kill(process.pid, 'SIGKILL')")}`;
    expect([killed.exitCode, killed.signal]).toEqual([null, "SIGKILL"]);
  });

  test("that fails is an error, unless its status is an answer", async () => {
    await expect($({ env })`false`).rejects.toMatchObject({ exitCode: 1 });
    expect((await $({ env, nothrow: true })`false`).ok).toBe(false);
  });

  test("that is not there is told as not installed, and one whose own status is 127 is not", async () => {
    const { exitCode } = await $({ env, nothrow: true })`no-such-program-here --help`;
    expect(exitCode).toBe(127);
    expect(notInstalled("no-such-program-here", env)?.failure).toMatchObject({
      kind: "missing",
      sentence: "no-such-program-here is not installed here, or not on the PATH.",
    });
    expect(notInstalled("sh", env)).toBeUndefined();
    expect(findProgram("sh", { PATH: folder })).toBeUndefined();
  });

  test("reads what it is given, or nothing; and may leave it unread", async () => {
    expect((await $({ env, input: "every\nword" })`cat`).stdout).toBe("every\nword");
    expect((await $({ env, input: "" })`cat`).stdout).toBe("");
    expect((await $({ env })`cat`).stdout).toBe("");
    expect((await $({ env, input: "x".repeat(1 << 20) })`true`).ok).toBe(true);
  });

  test("is heard in whole characters, however its bytes come", async () => {
    const bytes =
      "const b = Buffer.from('ü€😀'); let i = 0; const t = () => i < b.length && process.stdout.write(b.subarray(i, ++i), t); t()";
    expect((await $({ env })`${node(bytes)}`).stdout).toBe("ü€😀");
  });

  test("says its lines as they come, of both streams; of the long one nothing is kept", async () => {
    const script = "process.stdout.write('one\\r\\ntwo\\nthree'); process.stderr.write('word\\n')";
    const lines: string[] = [];
    const program = $({ env, ...unkept() })`${node(script)}`;
    eachLine(program, (line, stream) => lines.push(`${stream} ${line}`));
    const { stdout, stderr } = await program;
    expect(lines.filter((line) => line.startsWith("out"))).toEqual(["out one", "out two", "out three"]);
    expect(lines).toContain("err word");
    expect([stdout, stderr]).toEqual(["", "word\n"]);
  });

  test("that does not stop writing is ended", async () => {
    const program = $({ env, nothrow: true })`yes`;
    endFlood(program, 100_000);
    expect((await program).signal).toBe("SIGTERM");
  });

  test("that takes too long is ended", async () => {
    const { signal } = await $({ env, nothrow: true, timeout: 50 })`sleep 600`;
    expect(signal).toBe("SIGTERM");
  });
});

describe("given up", () => {
  /** Says when it is ready; has a child; counts signals; ends by itself once its child does. */
  const PARENT = `
    const child = require("node:child_process").spawn(process.execPath, ["-e", \`
      process.on("SIGINT", () => process.stdout.write("child hit\\\\n"));
      process.stdin.on("data", () => process.exit(0)); console.log("ready");
    \`], { stdio: ["pipe", "inherit", "inherit"] });
    let heard = 0;
    process.on("SIGINT", () => { heard += 1; console.log("parent hit " + heard); setTimeout(() => child.stdin.write("go"), 100); });
    child.on("exit", () => { console.log("put away"); process.exit(0); });`;

  test("a program hears one gentle signal, alone, and is waited for", async () => {
    const giveUp = new AbortController();
    const program = $({ env, signal: giveUp.signal, killSignal: "SIGINT", nothrow: true })`${node(PARENT)}`;
    eachLine(program, (line) => {
      if (line === "ready") giveUp.abort();
    });
    const { exitCode, stdout } = await program;
    expect(stdout).toBe("ready\nparent hit 1\nput away\n");
    expect(exitCode).toBe(0);
  });

  test("before it began, it does not run", async () => {
    const { signal } = await $({ env, signal: AbortSignal.abort(), nothrow: true })`sleep 600`;
    expect(signal).toBe("SIGTERM");
  });

  test("a signal that many programs were given keeps none of them", async () => {
    const { signal } = new AbortController();
    let listening = 0;
    const { addEventListener, removeEventListener } = signal;
    signal.addEventListener = ((...args: Parameters<typeof addEventListener>) => {
      listening += 1;
      addEventListener.apply(signal, args);
    }) as typeof addEventListener;
    signal.removeEventListener = ((...args: Parameters<typeof removeEventListener>) => {
      listening -= 1;
      removeEventListener.apply(signal, args);
    }) as typeof removeEventListener;
    await Promise.all([1, 2, 3].map(() => $({ env, signal })`true`));
    expect(listening).toBe(0);
  });
});

describe("nothing of where we run gets in between", () => {
  test("a program has a session of its own, and no terminal", async () => {
    const { stdout } = await $({
      env,
    })`sh -c ${"ps -o sid= -p $$; echo $$; (echo x > /dev/tty) 2>/dev/null || echo none"}`;
    const [session, pid, terminal] = stdout.trim().split(/\s+/);
    expect(session).toBe(pid);
    expect(terminal).toBe("none");
  });

  const inAnother = (script: string, extra: NodeJS.ProcessEnv, cwd = resolve(import.meta.dirname, "../..")) => {
    const module = resolve(import.meta.dirname, "../../ops/programs.ts");
    const code = `const { $ } = await import(${JSON.stringify(module)}); ${script}`;
    return $({
      env: { ...env, ...extra },
    })`sh -c ${'cd "$1" && shift && exec "$@"'} sh ${cwd} ${process.execPath} --input-type=module -e ${code}`;
  };

  test("no variable of zx's or of a shell's changes how it is started", async () => {
    const startup = join(folder, "startup.sh");
    writeFileSync(startup, "echo from a file of somebody's\n");
    const { stdout } = await inAnother("console.log((await $`echo plain`).stdout);", {
      ZX_PREFIX: "echo prefix;",
      ZX_POSTFIX: "; echo postfix",
      ZX_SHELL: "/bin/false",
      ZX_VERBOSE: "true",
      ZX_NOTHROW: "true",
      BASH_ENV: startup,
      ENV: startup,
    });
    expect(stdout.trim()).toBe("plain");
  });

  test("a directory that is gone does not keep anything from being started", async () => {
    const gone = join(folder, "gone");
    mkdirSync(gone);
    const script = `(await import("node:fs")).rmdirSync(process.cwd()); console.log((await $\`echo still\`).stdout);`;
    expect((await inAnother(script, {}, gone)).stdout.trim()).toBe("still");
  });

  test("where no file can be opened any more, that is what the program that was not started says", async () => {
    const module = resolve(import.meta.dirname, "../../ops/programs.ts");
    const script = `
      const { $ } = await import(${JSON.stringify(module)});
      const { openSync } = await import("node:fs");
      for (;;) try { openSync("/dev/null", "r"); } catch { break; }
      const { exitCode, stderr } = await $({ env: process.env, nothrow: true })\`true\`;
      process.stdout.write(exitCode + " " + stderr);`;
    const limited = 'ulimit -n 48; exec "$0" "$@"';
    const run = $({ env })`sh -c ${limited} ${process.execPath} --input-type=module -e ${script}`;
    expect((await run).stdout).toMatch(/^(null|-?\d+) Too many files are open on this computer/);
  });

  test("a terminal that is handed over is the program's own", async () => {
    const said = join(folder, "said");
    const module = resolve(import.meta.dirname, "../../ops/programs.ts");
    const script = `
      const { $ } = await import(${JSON.stringify(module)});
      const ask = 'tty -s && echo terminal > "$0"';
      await $({ env: process.env, stdio: "inherit", detached: false })\`sh -c \${ask} \${process.argv[1]}\`;`;
    const { spawn } = await import("node-pty");
    const ended = Promise.withResolvers<void>();
    spawn(process.execPath, ["--input-type=module", "-e", script, "--", said], {}).onExit(() => ended.resolve());
    await ended.promise;
    expect(readFileSync(said, "utf8")).toBe("terminal\n");
  });
});
