import type { MigrationStatus } from '../../contract/migration-api.ts'
import type { Terminal } from '../context.ts'
import { io } from '../io.ts'
import { bar } from '../terminal/bar.ts'
import { formatRatio } from '../terminal/format.ts'
import { Live } from '../terminal/live.ts'
import { clip } from '../terminal/style.ts'

/** The demo as it is told: a line for each thing that happens, with the time, and one live line of progress below. */
export class Story {
  readonly #terminal: Terminal
  readonly #live: Live
  readonly #started = Date.now()
  #said = 0
  #status: MigrationStatus | undefined
  #work: string | undefined

  constructor(terminal: Terminal) {
    this.#terminal = terminal
    // With --json the story goes to standard error, so that standard output holds the result alone.
    this.#live = new Live(terminal.json ? io().stderr : io().stdout)
  }

  get seconds(): number {
    return (Date.now() - this.#started) / 1000
  }

  /** What the demo does now. */
  chapter(text: string): void {
    if (this.#said++ > 0) this.#print('')
    this.#print(this.#terminal.style.bold(text))
  }

  /** Something that happened. */
  tell(text: string): void {
    this.#print(`  ${this.#time()}  ${text}`)
  }

  /** Something that went wrong on purpose. */
  hurt(text: string): void {
    this.#print(`  ${this.#time()}  ${this.#terminal.style.yellow('⚡')} ${text}`)
  }

  good(text: string): void {
    this.#print(`  ${this.#time()}  ${this.#terminal.style.green('✓')} ${text}`)
  }

  bad(text: string): void {
    this.#print(`  ${this.#time()}  ${this.#terminal.style.red('✗')} ${text}`)
  }

  /** Lines as they are, indented. */
  lines(lines: string[]): void {
    for (const line of lines) this.#print(`          ${line}`)
  }

  progress(status: MigrationStatus): void {
    this.#status = status
    const { style, columns } = this.#terminal
    const { tables, jobs, slots } = status
    const text = `${formatRatio(status.progress).padStart(6)}  ${status.state.padEnd(8)}  ${tables.finished}/${tables.total} tables  ${slots.used} running  ${jobs.failed} failed`
    this.#live.paint([
      `  ${this.#time()}  ${bar(status.progress, 24, style)} ${clip(text, Math.max(20, columns - 40))}`,
    ])
  }

  /** Something that goes on, in the live line. */
  working(text: string): void {
    this.#work = text
    this.#live.paint([
      `  ${this.#time()}  ${this.#terminal.style.cyan('…')} ${clip(text, Math.max(20, this.#terminal.columns - 14))}`,
    ])
  }

  /** Takes the live line away. */
  quiet(): void {
    this.#status = undefined
    this.#work = undefined
    this.#live.clear()
  }

  #print(line: string): void {
    this.#live.print(line)
    // The clock of the live line goes on with the story's.
    if (this.#status) this.progress(this.#status)
    else if (this.#work) this.working(this.#work)
  }

  #time(): string {
    return this.#terminal.style.dim(`${this.seconds.toFixed(1).padStart(5)} s`)
  }
}
