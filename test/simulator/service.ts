/** The seam between the simulator's HTTP server and the services behind it. */

export interface SimRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
  /** The same body undecoded, for protocols that are not text. */
  readonly bytes: Buffer;
  /** The service of the SigV4 credential scope (`ec2`, `sts`, `monitoring`), where the request is signed. */
  readonly signedFor: string | undefined;
  /** The access key of the signature, already known to be issued by us and not expired. */
  readonly accessKeyId: string | undefined;
  /** Where set, whatever is read is to be read as it was then: eventual consistency on request. */
  readonly stale: Staleness | undefined;
}

/** As it was `ms` of simulated time ago, or as it was before the last so many changes. */
export type Staleness = { readonly ms: number } | { readonly changes: number };

export interface SimReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
}

export interface ServiceError {
  readonly code: string;
  readonly message: string;
  readonly status: number;
}

/** What can be wrong with a signature: `late` and `early` are its date against the service's clock. */
export type SignatureProblem =
  | "unsigned"
  | "malformed"
  | "unknown-key"
  /** The key's session token is missing or another one's. */
  | "wrong-token"
  /** Signed with another secret, or something else was signed. */
  | "mismatch"
  | "expired-key"
  | "late"
  | "early";

/** One AWS service. The server asks each in turn, the first that answers `operation` with a name gets the request. */
export interface Service {
  readonly name: string;
  /** The operation that this request is for ("DescribeInstances", "CreateToken"), or undefined where it is none of this service's. */
  readonly operation: (request: SimRequest) => string | undefined;
  readonly handle: (request: SimRequest, operation: string) => SimReply | Promise<SimReply>;
  /** Writes an error in the service's own protocol: for faults, and for signatures that are refused. */
  readonly refuse?: (request: SimRequest, error: ServiceError) => SimReply;
  /** Where set, the server checks the signature first and refuses with these. */
  readonly signature?: Readonly<Record<SignatureProblem, ServiceError>>;
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
  /** What goes with a key that was issued. */
  readonly keysOf: (accessKeyId: string) => Pick<IssuedKeys, "secretAccessKey" | "sessionToken"> | undefined;
  readonly roleOf: (accessKeyId: string) => string | undefined;
  /** Every key issued so far is refused as expired from now on. */
  readonly expireAll: () => void;
}

interface IssuedKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiration: number;
}
