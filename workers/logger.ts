import { type LogLevel, type LogMetadata, SdkComponent } from '@temporalio/common'
import type { Logger as SdkLogger } from '@temporalio/worker'
import { type DestinationStream, type Logger, pino } from 'pino'
import type { Mask } from './secrets.ts'

/** JSON lines on stdout. Secrets are masked twice: known keys by name, known values wherever they stand. */
export function createLogger(level: string, mask: Mask, destination?: DestinationStream): Logger {
  return pino(
    {
      level,
      base: undefined,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: {
        paths: ['password', 'token', 'apiKey', '*.password', '*.token', '*.apiKey', '*.*.password', '*.*.token'],
        censor: '***',
      },
      hooks: { streamWrite: mask },
    },
    destination ?? pino.destination({ fd: 1, sync: true }),
  )
}

const LEVELS = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const

/** The SDK's logger, writing through ours. */
export function sdkLogger(logger: Logger): SdkLogger {
  const log = (level: LogLevel, message: string, meta?: LogMetadata) => {
    logger[LEVELS[level]](presentable(meta), message)
  }
  return {
    log,
    trace: (message, meta) => log('TRACE', message, meta),
    debug: (message, meta) => log('DEBUG', message, meta),
    info: (message, meta) => log('INFO', message, meta),
    warn: (message, meta) => log('WARN', message, meta),
    error: (message, meta) => log('ERROR', message, meta),
  }
}

/** Errors as pino prints them, and nothing that JSON cannot hold. */
function presentable(meta: LogMetadata | undefined): Record<string, unknown> {
  if (!meta) return {}
  const { error, taskToken: _long, sdkComponent, timestampNanos: _same, ...rest } = meta as Record<string, unknown>
  const plain = Object.fromEntries(
    Object.entries(rest).map(([key, value]) => [key, typeof value === 'bigint' ? String(value) : value]),
  )
  return {
    ...(sdkComponent && sdkComponent !== SdkComponent.worker ? { component: sdkComponent } : {}),
    ...plain,
    ...(error === undefined ? {} : { err: error }),
  }
}
