/** `~/.aws/config`: which profile is ours, and the first-time set-up that the AWS CLI and Terraform understand too. */

import { mkdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Environment, REGION } from "../environment.ts";
import { FailureError } from "../failure.ts";
import { findSection, profileName, readSections, type Section, UNREADABLE_CONFIG, withSection } from "./config-text.ts";

/** A profile that signs in by IAM Identity Center, with all that this takes. */
export interface SsoProfile {
  readonly profile: string;
  /** The sso-session's name; absent in a profile of the older form, which carries the start URL itself. */
  readonly session: string | undefined;
  readonly startUrl: string;
  readonly ssoRegion: string;
  readonly scopes: readonly string[];
  readonly accountId: string;
  readonly roleName: string;
}

/** What first-time set-up found out. */
interface Setup {
  readonly startUrl: string;
  readonly ssoRegion: string;
  readonly accountId: string;
  readonly roleName: string;
}

/** The profile that we use, or where set-up would write one. */
type Resolution =
  | { readonly kind: "sso"; readonly profile: SsoProfile }
  /**
   * No profile of ours yet. `session` is known already: ours of an earlier set-up, or the only one that is there. `found` is
   * the only profile that signs in, by whatever name `aws configure sso` gave it: good where the default chain has nothing.
   */
  | {
      readonly kind: "none";
      readonly target: string;
      readonly session: SsoSession | undefined;
      readonly found: SsoProfile | undefined;
    }
  /** The profile that is named gets its credentials in another way; by `source` where its chain of roles begins with a sign-in. */
  | { readonly kind: "other"; readonly profile: string; readonly source: SsoProfile | undefined };

interface SsoSession {
  readonly startUrl: string;
  readonly ssoRegion: string;
  readonly scopes: readonly string[];
}

const OURS = "snowglobe";
/** The scope that brings a refresh token (aws.md, "Sign-in"). */
export const SCOPES: readonly string[] = ["sso:account:access"];

export function configFile(environment: Environment): string {
  return environment.env.AWS_CONFIG_FILE || join(environment.home, ".aws", "config");
}

/** The variable that names a profile, in botocore's order; undefined where none does. */
export function profileVariable({
  env,
}: Environment): { readonly variable: string; readonly name: string } | undefined {
  const variable = ["AWS_DEFAULT_PROFILE", "AWS_PROFILE"].find((one) => env[one]);
  return variable === undefined ? undefined : { variable, name: env[variable] ?? "" };
}

/**
 * Which profile is ours: the one that AWS_PROFILE or AWS_DEFAULT_PROFILE names, else `[profile snowglobe]`, else `[default]` with SSO settings.
 * Throws a FailureError where the file cannot be read or has a syntax error.
 */
export async function resolveProfile(environment: Environment): Promise<Resolution> {
  const file = configFile(environment);
  const shown = shownPath(environment, file);
  const sections = readSections(await readText(file, shown), shown);
  const wanted = profileVariable(environment)?.name;
  for (const name of wanted ? [wanted] : [OURS, "default"]) {
    const section = findSection(sections, "profile", name);
    const profile = section && ssoProfile(name, section, sections, shown);
    if (profile) return { kind: "sso", profile };
    if (wanted && section && section.values.size > 0) {
      return { kind: "other", profile: wanted, source: sourceOf(section, sections, shown) };
    }
  }
  const ours = findSection(sections, "profile", OURS);
  const taken = findSection(sections, "profile", "default");
  const others = wanted ? [] : profilesThatSignIn(sections, shown);
  const urls = new Set(others.map(({ startUrl }) => startUrl));
  return {
    kind: "none",
    target: wanted || (taken || ours ? OURS : "default"),
    session: sessionIn(findSection(sections, "sso-session", OURS)) ?? (urls.size === 1 ? others[0] : undefined),
    found: others.length === 1 ? others[0] : undefined,
  };
}

/** Whoever wrote them; what is not complete is somebody else's affair. */
function profilesThatSignIn(sections: readonly Section[], shown: string): readonly SsoProfile[] {
  return sections.flatMap((section) => {
    const name = profileName(section.header);
    try {
      return (name !== undefined && ssoProfile(name, section, sections, shown)) || [];
    } catch {
      return [];
    }
  });
}

/** Where a chain of roles (`source_profile`) begins, if that signs in by device code. */
function sourceOf(first: Section, sections: readonly Section[], shown: string): SsoProfile | undefined {
  const seen = new Set<Section>();
  for (let section: Section | undefined = first; section && !seen.has(section); ) {
    seen.add(section);
    const name: string | undefined = section.values.get("role_arn") && section.values.get("source_profile");
    section = name ? findSection(sections, "profile", name) : undefined;
    const profile = name && section ? ssoProfile(name, section, sections, shown) : undefined;
    if (profile) return profile;
  }
  return undefined;
}

/**
 * Writes `[sso-session snowglobe]` and the profile `target`, touching nothing else; the file is made where it is
 * missing. Atomic, mode 0600, through symbolic links. Gives the profile as it can be used from now on.
 */
export async function writeSetup(environment: Environment, target: string, setup: Setup): Promise<SsoProfile> {
  const file = configFile(environment);
  const shown = shownPath(environment, file);
  const before = await readText(file, shown);
  const withSession = withSection(before, shown, "sso-session", OURS, {
    sso_start_url: setup.startUrl,
    sso_region: setup.ssoRegion,
    sso_registration_scopes: SCOPES.join(","),
  });
  const after = withSection(withSession, shown, "profile", target, {
    region: REGION,
    sso_session: OURS,
    sso_account_id: setup.accountId,
    sso_role_name: setup.roleName,
  });
  await writePrivately(file, shown, after);
  return { ...setup, profile: target, session: OURS, scopes: SCOPES };
}

/** Writes a file whole or not at all, readable by its owner only; makes its directory. Throws a FailureError. */
export async function writePrivately(file: string, shown: string, text: string): Promise<void> {
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    const { default: writeFileAtomic } = await import("write-file-atomic");
    await writeFileAtomic(file, text, { mode: 0o600 });
  } catch (error) {
    throw fileFailure(shown, "written", error);
  }
}

/** A path as the person would type it. */
export function shownPath(environment: Environment, file: string): string {
  return file.startsWith(`${environment.home}/`) ? `~${file.slice(environment.home.length)}` : file;
}

async function readText(file: string, shown: string): Promise<string> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw fileFailure(shown, "read", error);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new FailureError({
      kind: "malformed",
      sentence: `${shown} is not plain text (UTF-8).`,
      action: "Mend or remove the file, then try again; it was not changed.",
      code: UNREADABLE_CONFIG,
    });
  }
}

function fileFailure(shown: string, verb: "read" | "written", error: unknown): FailureError {
  const code = (error as NodeJS.ErrnoException).code ?? "unknown error";
  return new FailureError(
    {
      kind: "missing",
      sentence: `${shown} cannot be ${verb} (${code}).`,
      action: "Check its permissions and the room on the disk, then try again.",
      code,
    },
    { cause: error },
  );
}

function ssoProfile(
  name: string,
  section: Section,
  sections: readonly Section[],
  shown: string,
): SsoProfile | undefined {
  const accountId = section.values.get("sso_account_id");
  const roleName = section.values.get("sso_role_name");
  const sessionName = section.values.get("sso_session");
  if (!accountId || !roleName) return undefined;
  const session = sessionIn(sessionName ? findSection(sections, "sso-session", sessionName) : section);
  if (session) return { profile: name, session: sessionName, ...session, accountId, roleName };
  if (!sessionName) return undefined;
  throw new FailureError({
    kind: "malformed",
    sentence: `${shown}: [${section.header}] names the sso-session ${sessionName}, which is not there or not complete.`,
    action: `Add [sso-session ${sessionName}] with sso_start_url and sso_region, or remove [${section.header}].`,
    code: UNREADABLE_CONFIG,
  });
}

function sessionIn(section: Section | undefined): SsoSession | undefined {
  const startUrl = section?.values.get("sso_start_url");
  const ssoRegion = section?.values.get("sso_region");
  if (!startUrl || !ssoRegion) return undefined;
  const scopes = section?.values
    .get("sso_registration_scopes")
    ?.split(",")
    .map((scope) => scope.trim())
    .filter((scope) => scope !== "");
  return { startUrl, ssoRegion, scopes: scopes?.length ? scopes : SCOPES };
}
