/** From ssh's own words to a sentence and a remedy. Pure. The words are those of OpenSSH 8 to 10, in ssh.c and its parts. */

import { redactLine } from "../aws/redact.ts";
import type { Failure } from "../failure.ts";
import { LOGIN, type MachineName } from "../fleet/machines.ts";
import type { Machine } from "../fleet/model.ts";

/** What AWS says about the root that a machine runs on now. */
export interface RootFacts {
  readonly kind: Machine["rootKind"];
  readonly volumeId: string | undefined;
  /** The instance that runs on it, and when it was started last, milliseconds since the epoch. */
  readonly instanceId?: string | undefined;
  readonly launchedAt?: number | undefined;
}

export interface LinkFacts {
  readonly machine: MachineName;
  readonly address: string;
  readonly key: string;
  /** It has a passphrase. */
  readonly keyLocked: boolean;
  readonly knownHosts: string;
  readonly alias: string;
  readonly root: RootFacts | undefined;
}

/** The reason comes last; what stands before it may be a far side's banner, of any length. */
const LONGEST = 8_000;

/** What ssh's words say went wrong on the way; undefined where they tell of no fault. */
export function diagnose(words: string, facts: LinkFacts): Failure | undefined {
  const { machine, address } = facts;
  const last = words.slice(-LONGEST);
  const says = (pattern: RegExp) => pattern.test(last);
  const refused = refusedHere(last, facts);
  if (refused) return refused;
  if (says(/UNKNOWN port 65535/)) return onTheWay(last, facts);
  if (says(/REMOTE HOST IDENTIFICATION HAS CHANGED/)) return changedKey(facts);
  if (says(/Host key verification failed|No \S+ host key is known/)) {
    return {
      kind: "refused",
      code: "HOST_KEY_UNKNOWN",
      sentence: `The host key of ${machine} could not be verified.`,
      action: `Check that ${facts.knownHosts} can be written.`,
    };
  }
  if (says(/UNPROTECTED PRIVATE KEY FILE|bad permissions/)) return keyOpen(facts.key);
  if (says(/Identity file .* not accessible|no such identity/)) return keyMissing(facts.key);
  if (says(/Load key .*(invalid format|error in libcrypto|incorrect passphrase)/)) {
    return {
      kind: "malformed",
      code: "KEY_UNREADABLE",
      sentence: `The key ${facts.key} cannot be read as a private key.`,
      action: "Put the private key of the EC2 key pair fcvm-ec2 there again.",
    };
  }
  if (says(/Too many authentication failures/)) {
    return {
      kind: "refused",
      code: "TOO_MANY_KEYS",
      sentence: `${machine} ended the sign-in after too many keys, before ${facts.key} was tried.`,
      action: "Take other IdentityFile lines for this machine out of ~/.ssh/config, then try again.",
    };
  }
  if (facts.keyLocked && says(/Permission denied \(/)) {
    return {
      kind: "refused",
      code: "KEY_LOCKED",
      sentence: `The key ${facts.key} has a passphrase, and no SSH agent here has it open.`,
      action: `Run ssh-add ${facts.key} in the shell that starts this, then try again.`,
    };
  }
  if (says(/Permission denied \(/)) {
    return {
      kind: "refused",
      code: "KEY_REFUSED",
      sentence: `${machine} refused the key ${facts.key} for ${LOGIN}.`,
      action: "Check that it is the key of the EC2 key pair fcvm-ec2 with which the machine was made.",
    };
  }
  const broken = /Read from remote host \S+: (.+)/.exec(last)?.[1]?.trim();
  if (broken) return weather("LINK_DEAD", sentence(`The link to ${machine} died`, broken), RECONNECT);
  if (says(/Could not resolve hostname/))
    return weather("ENOTFOUND", `The name ${address} cannot be resolved.`, NETWORK);
  if (says(/Connection refused/)) {
    return weather(
      "ECONNREFUSED",
      `${machine} at ${address} runs, but nothing answers on its SSH port.`,
      "Wait: after a start its SSH server takes a while to come up.",
    );
  }
  if (says(/No route to host|Network is unreachable|Host is down/)) {
    return weather("EHOSTUNREACH", `There is no way to ${machine} at ${address}.`, NETWORK);
  }
  if (says(/Timeout, server .* not responding/)) {
    return weather("LINK_DEAD", `The link to ${machine} died: it has not answered any more.`, RECONNECT);
  }
  if (says(/[Tt]imed out/)) {
    return weather(
      "ETIMEDOUT",
      `${machine} at ${address} does not answer on its SSH port.`,
      "Check that its security group lets this address in on port 22, and that it runs.",
    );
  }
  if (says(/closed by|[Cc]onnection (reset|closed|aborted)|Broken pipe|send disconnect|Received disconnect/)) {
    return weather("FAR_SIDE_CLOSED", `${machine} closed the link.`, RECONNECT);
  }
  const said = lastSaid(last);
  if (said === undefined) return undefined;
  return {
    kind: "refused",
    code: "SSH_SAID",
    sentence: sentence(`ssh to ${machine} ended with these words`, said),
    action: "Mend what they name, here or on the machine, then try again.",
  };
}

/** What ssh on this side will not do, whatever the far side and the network are like. */
function refusedHere(words: string, { machine, address }: LinkFacts): Failure | undefined {
  const line = (pattern: RegExp) => pattern.exec(words)?.[0].trim();
  if (/terminating, \d+ bad configuration|^command-line:? line 0:|Bad owner or permissions on/m.test(words)) {
    const unknown = /Bad configuration option: (\w+)/.exec(words)?.[1];
    const why = line(/^.*\bline \d+: (?!Unsupported option).*$|^Bad owner or permissions on .*$/m) ?? "";
    return {
      kind: "malformed",
      code: "SSH_CONFIG",
      sentence: sentence("ssh does not take its own configuration", why),
      action: unknown
        ? `Take that line out, or put IgnoreUnknown ${unknown} above it.`
        : "Fix that in the file it names, then try again.",
    };
  }
  const offer = line(/^Unable to negotiate with .*$/m);
  if (offer) {
    return {
      kind: "refused",
      code: "NO_COMMON_ALGORITHM",
      sentence: sentence(`${machine} and this ssh have no way of encryption in common`, offer),
      action: "Take Ciphers, KexAlgorithms and the like out of ~/.ssh/config, or bring the older ssh up to date.",
    };
  }
  const bound = line(/^bind(?: \S+)?: (?!.*in use).*$/m);
  if (bound && /^ssh: connect to host .*: failure/m.test(words)) {
    return {
      kind: "refused",
      code: "BIND_ADDRESS",
      sentence: sentence(`ssh cannot start from the address that its configuration names for ${address}`, bound),
      action: "Take BindAddress out of ~/.ssh/config, or bring that network up, then try again.",
    };
  }
  if (/^Could not request \w+ forwarding|^Error: remote port forwarding failed/m.test(words)) {
    const why = line(/^bind .*$/m) ?? line(/^.*(?:cannot listen to port|forwarding failed).*$/m) ?? "";
    return {
      kind: "conflict",
      code: "FORWARD",
      sentence: sentence("A port that your ssh configuration forwards cannot be had", why),
      action: "Close the other session that has it, or take ExitOnForwardFailure out of ~/.ssh/config.",
    };
  }
  return undefined;
}

/** A ProxyJump or ProxyCommand that ended before the machine was reached: what it said itself. */
function onTheWay(words: string, { machine }: LinkFacts): Failure {
  const said = lastSaid(
    words.replaceAll(/^.*(?:UNKNOWN port 65535|kex_exchange_identification|stdio forwarding failed).*$/gm, ""),
  );
  const way = `The way to ${machine} goes through a proxy of your ssh configuration, and that ended`;
  if (
    said === undefined ||
    /onnection (refused|timed out|closed|reset)|onnect failed|No route|unreachable|resolve/.test(said)
  )
    return weather("JUMP_DOWN", said ? sentence(way, said) : `${way}.`, NETWORK);
  return {
    kind: "refused",
    code: "JUMP_REFUSED",
    sentence: sentence(way, said),
    action: "Run ssh to that host by itself in a shell, answer what it asks, then try again.",
  };
}

/** ssh says these also where nothing is wrong. */
const NO_FAULT =
  /^(?:Warning: Permanently added|Connection to \S+ closed\.|Pseudo-terminal will not|debug\d|Disconnected from|\S+ line \d+: Unsupported option)/;

/** Its last words, as a sentence; undefined where they tell of no fault. */
function lastSaid(words: string): string | undefined {
  const line = words
    .split(/[\r\n]+/)
    .map((one) => one.trim())
    .findLast((one) => one !== "" && !NO_FAULT.test(one));
  return line === undefined ? undefined : redactLine(line) || undefined;
}

function sentence(what: string, why: string): string {
  const words = redactLine(why);
  return words ? `${what}: ${/[.!?]$/.test(words) ? words : `${words}.`}` : `${what}.`;
}

const NETWORK = "Check this machine's own network.";
const RECONNECT = "Connect again.";

function weather(code: string, sentence: string, action: string): Failure {
  return { kind: "offline", code, sentence, action };
}

/** A key that is another than before, under a name that stands for one root volume and one instance ID. */
function changedKey({ machine, address, root, knownHosts, alias }: LinkFacts): Failure {
  const where = root?.volumeId && root.instanceId ? `, ${root.volumeId} of ${root.instanceId}` : "";
  return {
    kind: "refused",
    code: "HOST_KEY_CHANGED",
    sentence: `WARNING: ${machine} at ${address} shows another host key than before on the same root volume${where}; somebody may be listening in, so the connection was refused.`,
    action: `Find out why before anything else; only if you renewed the key yourself, run ssh-keygen -R ${alias} -f ${knownHosts}.`,
  };
}

export function keyMissing(key: string): Failure {
  return {
    kind: "missing",
    code: "KEY_MISSING",
    sentence: `The key ${key} is not there.`,
    action: `Copy the private key of the EC2 key pair fcvm-ec2 to ${key}, then chmod 600 it.`,
  };
}

export function keyOpen(key: string): Failure {
  return {
    kind: "refused",
    code: "KEY_OPEN",
    sentence: `Others can read the key ${key}, so ssh will not use it.`,
    action: `Run chmod 600 ${key}.`,
  };
}
