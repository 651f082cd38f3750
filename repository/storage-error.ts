export type StorageErrorKind =
  | 'NotFound'
  | 'Denied'
  | 'ExpiredCredentials'
  | 'NoSuchBucket'
  | 'Unreachable'
  | 'ObjectLocked'
  | 'Throttled'
  | 'TooLarge'
  | 'Unsupported'
  | 'Unknown'

/** Kinds that no other object of the same store would escape: going on is useless. */
const WHOLE_STORE: ReadonlySet<StorageErrorKind> = new Set([
  'ExpiredCredentials',
  'NoSuchBucket',
  'Unreachable',
  'Unsupported',
])

/** The storage refused or failed; `message` is for people and names store and object, never a secret. */
export class StorageError extends Error {
  override name = 'StorageError'
  readonly kind: StorageErrorKind
  /** What to do; part of the message, too. */
  readonly remedy: string | undefined

  constructor(kind: StorageErrorKind, what: string, remedy?: string) {
    super(remedy ? `${what} – ${remedy}` : what)
    this.kind = kind
    this.remedy = remedy
  }

  /** Whether the next object would fare the same. */
  get concernsWholeStore(): boolean {
    return WHOLE_STORE.has(this.kind)
  }
}

/** One object is there and is not what it should be; the store is well. */
export class DamagedObject extends StorageError {
  constructor(what: string) {
    super('Unknown', what)
  }
}

/** Whether it is only this object that cannot be read. */
export const isUnreadable = (error: unknown): error is StorageError =>
  error instanceof DamagedObject || (error instanceof StorageError && error.kind === 'TooLarge')

export function isNotFound(error: unknown): boolean {
  return error instanceof StorageError && error.kind === 'NotFound'
}

/** Network errors of Node, by their code: a word for people. Undefined for what is no network error. */
export function networkTrouble(error: unknown): string | undefined {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    const code = (at as NodeJS.ErrnoException).code
    const known = typeof code === 'string' ? NETWORK[code] : undefined
    if (known) return known
    if (typeof code === 'string' && /^(CERT_|ERR_TLS|ERR_SSL|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_)/.test(code)) {
      return `its TLS certificate is not accepted (${code})`
    }
    if (at.name === 'TimeoutError') return 'no answer in time'
    if (at instanceof AggregateError) {
      const inner = at.errors.map(networkTrouble).find((word) => word !== undefined)
      if (inner) return inner
    }
  }
  return undefined
}

const NETWORK: Record<string, string> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EPIPE: 'connection broken',
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'the host name cannot be looked up',
  ETIMEDOUT: 'no answer in time',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'no route to the network',
  UND_ERR_CONNECT_TIMEOUT: 'no answer in time',
  UND_ERR_HEADERS_TIMEOUT: 'no answer in time',
  UND_ERR_BODY_TIMEOUT: 'the answer broke off',
  UND_ERR_SOCKET: 'connection broken',
  EPROTO: 'it does not speak TLS as expected',
  ERR_STREAM_PREMATURE_CLOSE: 'the answer broke off',
}
