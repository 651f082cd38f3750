import { OutcomeUnknownError, type StarRocksError, TimedOutError, UnreachableError } from '../errors/starrocks-error.ts'

const networkCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'ENOTFOUND',
  'EAI_AGAIN',
  'PROTOCOL_CONNECTION_LOST',
  'PROTOCOL_ENQUEUE_AFTER_FATAL_ERROR',
  'PROTOCOL_ENQUEUE_AFTER_QUIT',
  'PROTOCOL_SEQUENCE_TIMEOUT',
  'HANDSHAKE_NO_SSL_SUPPORT',
  'HANDSHAKE_SSL_ERROR',
  'ERR_STREAM_DESTROYED',
  'ERR_STREAM_PREMATURE_CLOSE',
])

/** Whether the error says that the connection is gone or was never made (and not that the frontend refused the statement). */
export function isLostConnection(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const { code, errno } = error as NodeJS.ErrnoException
  if (code !== undefined && networkCodes.has(code)) return true
  // Certificate and TLS errors of Node have codes of their own; they come without a MySQL error number.
  if (code !== undefined && /^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO)/.test(code)) return true
  if (typeof errno === 'number' && errno > 0) return false
  return /connection lost|closed state|socket hang up|server closed the connection|has been closed|fatal error has occurred/i.test(
    error.message,
  )
}

/** The error for a connection that could not be made or went away. `harmless`: losing the answer does no harm. */
export function lostConnection(
  address: string,
  harmless: boolean,
  cause: unknown,
  doing = 'read the answer',
): StarRocksError {
  const why = reason(cause)
  const source = withoutStatement(cause, why)
  if (!harmless)
    return new OutcomeUnknownError(
      `The connection to ${address} was lost before the frontend answered (${why})`,
      source,
    )
  const never = /ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT/.test(why)
  const what = never
    ? `Cannot reach the frontend at ${address}`
    : `Lost the connection to ${address}, could not ${doing}`
  return new UnreachableError(`${what} (${why})`, remedyFor(why), source)
}

export function timedOut(
  address: string,
  timeoutMs: number | undefined,
  harmless: boolean,
  doing = 'answer',
): StarRocksError {
  const what = `The frontend at ${address} did not ${doing === 'log in' ? 'let us log in' : doing} within ${timeoutMs} ms`
  return harmless ? new TimedOutError(what, 'Check its load, or allow more time') : new OutcomeUnknownError(what)
}

/** The driver hangs the statement on its errors, and loggers print causes: statements may hold secrets. */
function withoutStatement(cause: unknown, why: string): Error {
  const code = cause instanceof Error ? (cause as NodeJS.ErrnoException).code : undefined
  return Object.assign(new Error(why), code === undefined ? {} : { code })
}

function reason(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause)
  const code = (cause as NodeJS.ErrnoException).code
  // Node reports a host with several addresses as an AggregateError with an empty message.
  const message = cause.message || (cause instanceof AggregateError ? reason(cause.errors[0]) : '')
  return code && !message.includes(code) ? `${code}${message ? `: ${message}` : ''}` : message
}

function remedyFor(why: string): string | undefined {
  if (/ENOTFOUND|EAI_AGAIN/.test(why)) return 'Check the host name, or map it in the address map'
  if (/ECONNREFUSED/.test(why)) return 'Check the host, the query port (9030 by default) and whether the frontend runs'
  if (/CERT|SSL|TLS/i.test(why)) return 'Check the TLS settings of this cluster'
  if (/UNREACH|ETIMEDOUT/.test(why)) return 'Check the network, or map the address in the address map'
  return undefined
}
