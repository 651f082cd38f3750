/**
 * What an error means for the one who must act on it.
 *
 * - `Stale`: ids, versions or addresses changed under us; read them again and plan again.
 * - `Busy`: a limit is reached or another job holds the object; wait and send the same again.
 * - `Aborted`: the job ran and failed; plan again with fresh versions.
 * - `Unreachable`: nothing was sent, or only a read was lost; try again.
 * - `OutcomeUnknown`: something that changes the cluster was sent and no answer came; look before sending again.
 * - `NotLeader`: this frontend cannot answer for the cluster at the moment.
 * - `NothingToReplicate`, `TargetAhead`: the replication RPC's own verdicts on versions.
 * - `Denied`: login or privilege; `privilege` names what is missing.
 * - `WrongToken`: the source cluster's token is not the one that was given.
 * - `BackendCannotAnswer`: the statement needs a living backend; use the SHOW form.
 * - `Unsupported`: this version or run mode does not have it.
 * - `UnknownProperties`: `names` holds the properties that CREATE or ALTER refused.
 * - `Syntax`, `NotFound`, `AlreadyExists`, `Refused`: the statement can never work as it is.
 * - `UnexpectedAnswer`: an answer without what must be there.
 * - `Unknown`: none of the known texts.
 */
export type ErrorKind =
  | 'Stale'
  | 'Busy'
  | 'Aborted'
  | 'Unreachable'
  | 'OutcomeUnknown'
  | 'NotLeader'
  | 'NothingToReplicate'
  | 'TargetAhead'
  | 'Denied'
  | 'WrongToken'
  | 'BackendCannotAnswer'
  | 'Unsupported'
  | 'UnknownProperties'
  | 'Syntax'
  | 'NotFound'
  | 'AlreadyExists'
  | 'Refused'
  | 'UnexpectedAnswer'
  | 'Unknown'

export interface StarRocksErrorInit {
  kind: ErrorKind
  /** What happened, in StarRocks' own words where there are any; without secrets. */
  detail: string
  /** What to do about it. */
  remedy?: string
  /** When trying again makes sense. */
  retryAfterMs?: number
  /** MySQL error number, where the error came over a session. */
  errno?: number
  /** The missing privilege, e.g. `OPERATE on SYSTEM`. */
  privilege?: string
  /** Names that the error is about: unknown properties, missing objects, the limit that is reached. */
  names?: readonly string[]
  cause?: unknown
}

/** Every error of this library. `message` is for people; programs look at `kind`. */
export class StarRocksError extends Error {
  readonly kind: ErrorKind
  readonly detail: string
  readonly remedy: string | undefined
  readonly retryAfterMs: number | undefined
  readonly errno: number | undefined
  readonly privilege: string | undefined
  readonly names: readonly string[]

  constructor(init: StarRocksErrorInit) {
    super(init.remedy ? `${init.detail.replace(/\.?\s*$/, '')}. ${init.remedy}` : init.detail, { cause: init.cause })
    this.name = 'StarRocksError'
    this.kind = init.kind
    this.detail = init.detail
    this.remedy = init.remedy
    this.retryAfterMs = init.retryAfterMs
    this.errno = init.errno
    this.privilege = init.privilege
    this.names = init.names ?? []
  }
}

/** Something was sent and no answer came: it may or may not have happened. Look before sending again. */
export class OutcomeUnknownError extends StarRocksError {
  constructor(detail: string, cause?: unknown) {
    super({
      kind: 'OutcomeUnknown',
      detail,
      remedy: 'Check on the cluster whether it took effect before sending it again',
      cause,
    })
    this.name = 'OutcomeUnknownError'
  }
}

/** Not one byte of the request left, or only a read was lost: trying again is safe. */
export class UnreachableError extends StarRocksError {
  constructor(detail: string, remedy?: string, cause?: unknown) {
    super({ kind: 'Unreachable', detail, remedy, retryAfterMs: 1000, cause })
    this.name = 'UnreachableError'
  }
}

/** A read that took too long. Not sent again by itself: the next time would take as long. */
export class TimedOutError extends UnreachableError {
  constructor(detail: string, remedy?: string) {
    super(detail, remedy)
    this.name = 'TimedOutError'
  }
}
