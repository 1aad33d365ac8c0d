import { lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { environmentFrom } from "../../../ops/environment.ts";
import { resolveProfile, writeSetup } from "../../../ops/signin/config.ts";
import { findSection, readSections, withSection } from "../../../ops/signin/config-text.ts";

const SETUP = {
  startUrl: "https://d-1.awsapps.com/start",
  ssoRegion: "us-east-1",
  accountId: "123456789012",
  roleName: "Admin",
};
const SSO = "sso_session = snowglobe\nsso_account_id = 1\nsso_role_name = R\n";
const SESSION = "[sso-session snowglobe]\nsso_start_url = https://x.awsapps.com/start\nsso_region = us-west-1\n";

let home = "";
let file = "";
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "snowglobe-config-"));
  file = join(home, ".aws", "config");
  mkdirSync(join(home, ".aws"));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));
const at = (env: Record<string, string> = {}) => environmentFrom({ HOME: home, ...env });
const resolve = (text: string, env?: Record<string, string>) => {
  writeFileSync(file, text);
  return resolveProfile(at(env));
};

describe("which profile is ours", () => {
  it("is none where there is no file, and would be [default]", async () => {
    expect(await resolveProfile(at())).toEqual({ kind: "none", target: "default", session: undefined });
  });
  it("is [profile snowglobe] before [default]", async () => {
    const found = await resolve(`${SESSION}[default]\n${SSO}[profile snowglobe]\n${SSO}`);
    expect(found).toMatchObject({ kind: "sso", profile: { profile: "snowglobe", session: "snowglobe" } });
  });
  it("is [default] where that signs in by SSO, in whatever way it is written", async () => {
    const found = await resolve(`${SESSION}\n[profile "default"] # mine\n${SSO}`);
    expect(found).toMatchObject({ kind: "sso", profile: { profile: "default", scopes: ["sso:account:access"] } });
  });
  it("may be of the older form, without an sso-session", async () => {
    const found = await resolve(
      "[default]\nsso_start_url=https://x/start\nsso_region=eu-west-1\nsso_account_id=1\nsso_role_name=R\n",
    );
    expect(found).toMatchObject({ kind: "sso", profile: { session: undefined, startUrl: "https://x/start" } });
  });
  it("is what AWS_PROFILE says, even if others are there", async () => {
    const text = `${SESSION}[profile snowglobe]\n${SSO}[profile work]\n${SSO.replace("= 1", "= 2")}`;
    expect(await resolve(text, { AWS_PROFILE: "work" })).toMatchObject({ profile: { accountId: "2" } });
    expect(await resolve(text, { AWS_PROFILE: "new one" })).toMatchObject({ kind: "none", target: "new one" });
    const keys = `${text}[profile keys]\nrole_arn = x\n`;
    expect(await resolve(keys, { AWS_PROFILE: "keys" })).toEqual({ kind: "other", profile: "keys" });
  });
  it("reads AWS_CONFIG_FILE", async () => {
    const elsewhere = join(home, "elsewhere");
    writeFileSync(elsewhere, `${SESSION}[default]\n${SSO}`);
    expect(await resolveProfile(at({ AWS_CONFIG_FILE: elsewhere }))).toMatchObject({ kind: "sso" });
  });
  it("leaves a [default] alone that is somebody's", async () => {
    expect(await resolve("[default]\nregion = eu-west-1\n")).toMatchObject({ kind: "none", target: "snowglobe" });
  });
});

describe("a file that cannot be understood", () => {
  it.each([
    [
      "[default]\nregion us-west-1\n",
      "~/.aws/config, line 2: this is neither a section, nor a setting, nor a comment.",
    ],
    ["# hello\nregion = x\n", "~/.aws/config, line 2: this setting stands before the first section."],
    ["[default]\n\n[profile x\n", "~/.aws/config, line 3: a section's name lacks its closing bracket."],
    ["[a]\n[b]\n[a]\n", "~/.aws/config, line 3: the section [a] is there a second time."],
    ["[a]\nx = 1\nX = 2\n", "~/.aws/config, line 3: [a] has x a second time."],
    [`[default]\n${SSO}`, /names the sso-session snowglobe, which is not there/],
    [Buffer.from([0x5b, 0xff, 0x5d]), "~/.aws/config is not plain text (UTF-8)."],
  ])("is a sentence, and stays as it is (%#)", async (text, sentence) => {
    writeFileSync(file, text);
    await expect(resolveProfile(at())).rejects.toThrow(sentence);
    if (typeof sentence === "string") await expect(writeSetup(at(), "default", SETUP)).rejects.toThrow(sentence);
    expect(readFileSync(file)).toEqual(Buffer.from(text));
  });
  it("names the file when it may not be read", async () => {
    mkdirSync(file);
    await expect(resolveProfile(at())).rejects.toThrow("~/.aws/config cannot be read (EISDIR).");
  });
});

describe("first-time set-up", () => {
  it("makes the file with us-west-1, for its owner only", async () => {
    rmSync(join(home, ".aws"), { recursive: true });
    await writeSetup(at(), "default", SETUP);
    expect(readFileSync(file, "utf8")).toBe(
      [
        "[sso-session snowglobe]",
        "sso_start_url = https://d-1.awsapps.com/start",
        "sso_region = us-east-1",
        "sso_registration_scopes = sso:account:access",
        "",
        "[default]",
        "region = us-west-1",
        "sso_session = snowglobe",
        "sso_account_id = 123456789012",
        "sso_role_name = Admin",
        "",
      ].join("\n"),
    );
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(join(home, ".aws")).mode & 0o777).toBe(0o700);
    expect(await resolveProfile(at())).toMatchObject({ kind: "sso", profile: SETUP });
  });
  it("follows the symbolic links of a dotfile manager", async () => {
    const real = join(home, "dotfiles-aws-config");
    writeFileSync(real, "# mine\n");
    symlinkSync(real, file);
    await writeSetup(at(), "default", SETUP);
    expect(lstatSync(file).isSymbolicLink()).toBe(true);
    expect(readFileSync(real, "utf8")).toMatch(/^# mine\n\n\[sso-session snowglobe\]/);
  });
  it("keeps a file without a last line end, and one with Windows line ends", async () => {
    writeFileSync(file, "[profile a]\r\nregion = x");
    await writeSetup(at(), "snowglobe", SETUP);
    const text = readFileSync(file, "utf8");
    expect(text.startsWith("[profile a]\r\nregion = x\r\n\r\n[sso-session snowglobe]\r\n")).toBe(true);
    expect(text.replaceAll("\r\n", "")).not.toContain("\n");
  });
  it("changes nothing when it is done again", async () => {
    await writeSetup(at(), "default", SETUP);
    const once = readFileSync(file, "utf8");
    await writeSetup(at(), "default", SETUP);
    expect(readFileSync(file, "utf8")).toBe(once);
  });
});

describe("editing as text", () => {
  const OTHERS = ["default", "profile a", 'profile "b c"', "sso-session other", "services x", "plugins"];
  const comment = fc.string({ maxLength: 20 }).map((text) => `#${text}`);
  const word = fc.string({ unit: fc.constantFrom(..."abz09/-"), minLength: 1, maxLength: 9 });
  const setting = (key: string) =>
    fc.tuple(word, fc.constantFrom(" = ", "=", " : ")).map(([value, sign]) => `${key}${sign}${value}`);
  const body = fc
    .array(fc.oneof(comment, fc.constant(""), fc.constant("nested =\n  inner = 1\n  # still inside\n  more = 2")), {
      maxLength: 4,
    })
    .chain((noise) =>
      fc
        .tuple(...["region", "output", "sso_region"].map((key) => fc.option(setting(key))))
        .map((settings) => [...settings.filter((line) => line !== null), ...new Set(noise)]),
    );
  const fileText = fc
    .tuple(
      fc.array(comment, { maxLength: 2 }),
      fc.uniqueArray(fc.constantFrom(...OTHERS, "sso-session snowglobe"), { maxLength: 6 }),
      fc.array(body, { minLength: 6, maxLength: 6 }),
      fc.constantFrom("\n", "\r\n"),
      fc.boolean(),
    )
    .map(([head, headers, bodies, eol, closed]) => {
      const lines = [...head, ...headers.flatMap((header, index) => [`[${header}]`, ...(bodies[index] ?? [])])];
      return lines.join("\n").replaceAll("\n", eol) + (closed && lines.length > 0 ? eol : "");
    });
  /** The text without the lines of one section, its trailing comments not counted in. */
  const outside = (text: string) => {
    const section = findSection(readSections(text, "f"), "sso-session", "snowglobe");
    if (!section) return text;
    const lines = text.split("\n");
    return [...lines.slice(0, section.from), "<ours>", ...lines.slice(section.to)].join("\n");
  };

  it("never changes a byte outside the named section", () => {
    fc.assert(
      fc.property(fileText, (text) => {
        const values = { sso_start_url: "https://new/start", sso_region: "us-west-1" };
        const after = withSection(text, "f", "sso-session", "snowglobe", values);
        const had = findSection(readSections(text, "f"), "sso-session", "snowglobe");
        if (had) expect(outside(after).trimEnd()).toBe(outside(text).trimEnd());
        else expect(after.startsWith(text)).toBe(true);
        const section = findSection(readSections(after, "f"), "sso-session", "snowglobe");
        expect(Object.fromEntries(section?.values ?? [])).toMatchObject(values);
        for (const key of had?.values.keys() ?? []) expect(section?.values.has(key)).toBe(true);
        expect(withSection(after, "f", "sso-session", "snowglobe", values)).toBe(after);
      }),
      { numRuns: 300 },
    );
  });
});
