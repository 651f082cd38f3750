import { type ChildProcess, fork } from 'node:child_process'
import path from 'node:path'
import type { Answer, Question } from './lab-child.ts'
import type { LabCommands } from './lab-commands.ts'

type Commands = { [K in keyof LabCommands]: LabCommands[K] }

/** Two lab clusters in a process of their own. It ends with this process. */
export class LabProcess {
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>()
  #next = 0

  constructor() {
    this.#child = fork(path.resolve(import.meta.dirname, 'lab-child.js'), {
      serialization: 'advanced',
      // Much of what large answers are made of is dead at once.
      execArgv: [...process.execArgv, '--max-semi-space-size=32', '--initial-heap-size=2048'],
    })
    this.#child.on('message', ({ id, result, error }: Answer) => {
      const waiter = this.#waiting.get(id)
      this.#waiting.delete(id)
      if (error === undefined) waiter?.resolve(result)
      else waiter?.reject(new Error(`The lab failed: ${error}`))
    })
    this.#child.on('exit', (code) => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`The lab's process ended (${code})`))
      this.#waiting.clear()
    })
  }

  ask<K extends keyof Commands>(
    command: K,
    ...given: Parameters<Commands[K]>
  ): Promise<Awaited<ReturnType<Commands[K]>>> {
    return new Promise((resolve, reject) => {
      const question: Question = { id: this.#next++, command, arguments: given }
      this.#waiting.set(question.id, { resolve: resolve as (value: unknown) => void, reject })
      this.#child.send(question)
    })
  }

  async stop(): Promise<void> {
    if (!this.#child.connected) return
    const ended = new Promise((resolve) => this.#child.once('exit', resolve))
    this.#child.disconnect()
    await ended
  }
}
