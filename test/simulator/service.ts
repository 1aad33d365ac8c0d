/** The seam between the simulator's HTTP server and the services behind it. */

export interface SimRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
  /** The service of the SigV4 credential scope (`ec2`, `sts`, `monitoring`), where the request is signed. */
  readonly signedFor: string | undefined;
  /** The access key of the signature, already known to be issued by us and not expired. */
  readonly accessKeyId: string | undefined;
}

export interface SimReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
}

/** One AWS service. The server asks each in turn, the first that answers `operation` with a name gets the request. */
export interface Service {
  readonly name: string;
  /** The operation that this request is for ("DescribeInstances", "CreateToken"), or undefined where it is none of this service's. */
  readonly operation: (request: SimRequest) => string | undefined;
  readonly handle: (request: SimRequest, operation: string) => SimReply | Promise<SimReply>;
}

/** Time inside the simulated account: milliseconds since the epoch, running at `speed` times the real pace. */
export interface SimClock {
  readonly now: () => number;
  readonly speed: () => number;
  readonly setSpeed: (speed: number) => void;
  readonly advance: (ms: number) => void;
  /** Calls back once at or just after simulated time `at`; returns the function that cancels it. Never keeps the process alive. */
  readonly at: (at: number, callback: () => void) => () => void;
}

/** The access keys that the portal has issued and that the other services check. */
export interface CredentialBook {
  readonly issue: (durationMs: number, role: string) => IssuedKeys;
  readonly look: (accessKeyId: string) => "good" | "expired" | "unknown";
  readonly roleOf: (accessKeyId: string) => string | undefined;
  /** Every key issued so far is refused as expired from now on. */
  readonly expireAll: () => void;
}

export interface IssuedKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiration: number;
}
