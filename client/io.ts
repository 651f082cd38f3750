import { AsyncLocalStorage } from 'node:async_hooks'

interface Screen {
  isTTY?: boolean
  columns?: number
  write(text: string): unknown
}

/** What a command prints to and is told by its surroundings: those of the process, unless a program runs the command line inside itself. */
export interface Io {
  stdout: Screen
  stderr: Screen
  env: NodeJS.ProcessEnv
  /** Ends what watches, as Ctrl-C does. */
  interrupted?: AbortSignal
}

const given = new AsyncLocalStorage<Io>()

export const io = (): Io => given.getStore() ?? process

/** Runs with these instead of the process's. */
export const withIo = <T>(instead: Io, run: () => T): T => given.run(instead, run)
