import type { Starferry } from './api.ts'
import type { Connected, TemporalOptions } from './connection.ts'
import { io } from './io.ts'
import { type Style, styleFor } from './terminal/style.ts'

/** What every command gets: where to print, and how. */
export interface Terminal {
  json: boolean
  style: Style
  /** Columns for human output; a wide page where it is no terminal. */
  columns: number
  /** Data. */
  out(line: string): void
  /** What is not data: notes, progress. */
  note(line: string): void
}

export function terminalFor(options: { json?: boolean }): Terminal {
  const { stdout, stderr } = io()
  return {
    json: options.json ?? false,
    style: styleFor(stdout),
    columns: stdout.isTTY ? stdout.columns || 80 : 160,
    out: (line) => stdout.write(`${line}\n`),
    note: (line) => stderr.write(`${line}\n`),
  }
}

/** `--json`: one object; otherwise lines. */
export function show(terminal: Terminal, data: unknown, lines: () => string[]): void {
  if (terminal.json) terminal.out(JSON.stringify(data))
  else for (const line of lines()) terminal.out(line)
}

/** Runs with a connection, and closes it however it ends. */
export async function withStarferry<T>(
  options: TemporalOptions,
  use: (starferry: Starferry, connected: Connected) => Promise<T>,
): Promise<T> {
  // Loaded when needed: Temporal's client takes longer to load than most commands to run.
  const [{ connectTemporal }, { Starferry: Api }] = await Promise.all([import('./connection.ts'), import('./api.ts')])
  const connected = await connectTemporal(options)
  try {
    return await use(new Api(connected.client), connected)
  } finally {
    await connected.close()
  }
}

/** Aborted by Ctrl-C or SIGTERM, or when the process of ours that started this one is gone; a second Ctrl-C ends the process at once. */
export function untilInterrupted(): AbortSignal {
  const { interrupted } = io()
  if (interrupted) return interrupted
  const controller = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (controller.signal.aborted) process.exit(signal === 'SIGINT' ? 130 : 143)
      controller.abort()
    })
  }
  if (process.channel) {
    process.once('disconnect', () => controller.abort())
    process.channel.unref()
  }
  return controller.signal
}
