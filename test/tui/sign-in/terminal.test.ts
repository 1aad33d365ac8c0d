import { chmod, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findOpener, openBrowser } from "../../../tui/sign-in/browser.ts";
import { CLIPBOARD_BYTES, clipboardSequence, newestThatFit } from "../../../tui/terminal/clipboard.ts";
import { waitUntil } from "../../harness/grid.ts";

describe("the clipboard", () => {
  it("never takes more than terminals do, whole lines, the newest", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "grapheme" })), fc.integer({ min: 1, max: 200 }), (lines, bytes) => {
        const { text, taken, cut } = newestThatFit(lines.toReversed(), bytes);
        expect(Buffer.byteLength(text)).toBeLessThanOrEqual(bytes);
        if (!cut) expect(text).toBe(lines.map((line) => `${line}\n`).join(""));
        else if (taken > 1) expect(text).toBe(`${lines.slice(-taken).join("\n")}\n`);
      }),
    );
  });

  it("cuts a single endless line between characters, and stays within what terminals take", () => {
    const { text, cut } = newestThatFit(["é".repeat(100_000)]);
    expect(cut).toBe(true);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(CLIPBOARD_BYTES);
    expect(text).toMatch(/^é+$/);
    expect(clipboardSequence(text, {}).length).toBeLessThanOrEqual(100_000);
  });
});

describe("the browser", () => {
  const ours = async (name: string, script = "exit 0") => {
    const directory = await mkdtemp(join(tmpdir(), "opener-"));
    const file = join(directory, name);
    await writeFile(file, `#!/bin/sh\n${script}\n`);
    await chmod(file, 0o755);
    return { directory, file };
  };

  it("is found by platform and display, and otherwise says why not", async () => {
    const { directory, file } = await ours("xdg-open");
    expect(findOpener({ PATH: directory, DISPLAY: ":0" }, "linux")).toEqual({ ok: true, file });
    expect(findOpener({ PATH: directory, WAYLAND_DISPLAY: "wayland-0" }, "linux")).toEqual({ ok: true, file });
    expect(findOpener({ PATH: directory }, "linux")).toEqual({ ok: false, reason: "there is no display here" });
    expect(findOpener({ PATH: directory, SSH_CONNECTION: "a b" }, "darwin")).toEqual({
      ok: false,
      reason: "this is a shell over SSH",
    });
    expect(findOpener({ PATH: join(directory, "nothing"), DISPLAY: ":0" }, "linux")).toEqual({
      ok: false,
      reason: "xdg-open is not installed",
    });
    const mac = await ours("open");
    expect(findOpener({ PATH: mac.directory }, "darwin")).toEqual({ ok: true, file: mac.file });
    const windows = await ours("wslview");
    expect(findOpener({ PATH: windows.directory, WSL_DISTRO_NAME: "Ubuntu" }, "linux")).toEqual({
      ok: true,
      file: windows.file,
    });
  });

  it("is given the address as one argument and never a shell's words", async () => {
    const { directory } = await ours("xdg-open", 'printf "%s|" "$@" > "$OUT"');
    const out = join(directory, "out");
    const env = { PATH: `${directory}:/usr/bin:/bin`, DISPLAY: ":0", OUT: out };
    const url = "https://example.com/?a=b&c=$(id)'`;d";
    expect(await openBrowser(url, env, "linux")).toBe("Opened in the browser.");
    await waitUntil(async () => (await readFile(out, "utf8").catch(() => "")).length > 0);
    expect(await readFile(out, "utf8")).toBe("https://example.com/?a=b&c=%24%28id%29%27%60;d|");
  });

  it.each([
    "file:///etc/passwd",
    "javascript:alert(1)",
    "http://example.com/device",
    "https://device.sso.us-west-1.amazonaws.com@evil.example/",
    "--help",
    "https://",
    "x",
  ])("never gets %s", async (url) => {
    const { directory } = await ours("xdg-open", 'echo "$@" > "$OUT"');
    const out = join(directory, "out");
    const env = { PATH: `${directory}:/usr/bin:/bin`, DISPLAY: ":0", OUT: out };
    expect(await openBrowser(url, env, "linux")).toContain("no web address");
    await expect(readFile(out, "utf8")).rejects.toThrow("ENOENT");
  });

  it("gets an address of which nothing can be taken for a command, whatever it was", async () => {
    const { directory } = await ours("xdg-open", 'printf %s "$@" > "$OUT"');
    await fc.assert(
      fc.asyncProperty(
        fc.webUrl({ withQueryParameters: true, withFragments: true }),
        fc.string(),
        async (url, more) => {
          const env = { PATH: `${directory}:/usr/bin:/bin`, DISPLAY: ":0", OUT: join(directory, "out") };
          await openBrowser(url + more, env, "linux");
          const given = await readFile(env.OUT, "utf8").catch(() => "https://none/");
          expect(given).toMatch(/^https:\/\/[\w\-.~:/?#@!&=+,;%[\]]+$/);
        },
      ),
      { numRuns: 20 },
    );
  });

  it("that fails at once is told", async () => {
    const { directory } = await ours("xdg-open", "exit 3");
    const env = { PATH: `${directory}:/usr/bin:/bin`, DISPLAY: ":0" };
    expect(await openBrowser("https://example.com/", env, "linux")).toContain("could not be started");
  });
});
