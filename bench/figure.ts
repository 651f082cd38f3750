/** One measured figure beside its bar, as `npm run bench` prints it: a JSON line. */
export interface Figure {
  bench: string
  value: number
  unit: string
  /** What the design asks for, with its direction. */
  bar: string
  ok: boolean
  /** What was measured on: sizes, so that a small run is not mistaken for the real one. */
  scale: string
}

/** A figure that must not be more than the bar. */
export function atMost(bench: string, value: number, bar: number, unit: string, scale: string): Figure {
  return { bench, value: round(value), unit, bar: `<= ${bar}`, ok: round(value) <= bar, scale }
}

/** A figure that must not be less than the bar. */
export function atLeast(bench: string, value: number, bar: number, unit: string, scale: string): Figure {
  return { bench, value: round(value), unit, bar: `>= ${bar}`, ok: round(value) >= bar, scale }
}

const round = (value: number) => Number(value.toPrecision(4))
