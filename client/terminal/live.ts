import { width } from './style.ts'

interface Screen {
  isTTY?: boolean
  columns?: number
  write(text: string): unknown
}

/**
 * Some lines at the end of the terminal that are painted over, with lines above that stay. Where there is no terminal, nothing is painted over:
 * only what stays is printed.
 */
export class Live {
  readonly #screen: Screen
  #painted: string[] = []

  constructor(screen: Screen) {
    this.#screen = screen
  }

  /** A line that stays, above the painted ones. */
  print(line: string): void {
    const painted = this.#painted
    this.#erase()
    this.#screen.write(`${line}\n`)
    if (painted.length > 0) this.paint(painted)
  }

  /** Replaces the painted lines. Lines must fit the terminal's width, or rows would be miscounted: longer ones are left out of the count by wrapping. */
  paint(lines: string[]): void {
    if (!this.#screen.isTTY) return
    this.#erase()
    this.#painted = lines
    this.#screen.write(lines.map((line) => `${line}\n`).join(''))
  }

  /** Leaves what is painted where it is and goes on below it. */
  keep(): void {
    this.#painted = []
  }

  /** Takes the painted lines away. */
  clear(): void {
    this.#erase()
  }

  #erase(): void {
    if (this.#painted.length === 0) return
    // A terminal that does not know its size says 0.
    const columns = this.#screen.columns || 80
    const rows = this.#painted.reduce((sum, line) => sum + Math.max(1, Math.ceil(width(line) / columns)), 0)
    // Up so many rows, then clear to the end of the screen.
    this.#screen.write(`\u001b[${rows}A\r\u001b[J`)
    this.#painted = []
  }
}
