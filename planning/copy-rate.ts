/** Bytes copied in total at one moment. */
export interface RateSample {
  atMs: number
  bytes: number
}

const WINDOW_MS = 5 * 60_000
const MOST_SAMPLES = 30

/** Adds a sample; old ones fall out, and those close together are thinned, so that a window of minutes needs few. */
export function addSample(samples: readonly RateSample[], sample: RateSample): RateSample[] {
  const recent = samples.filter((one, place) => sample.atMs - one.atMs <= WINDOW_MS || place === samples.length - 1)
  const last = recent.at(-1)
  const spacing = WINDOW_MS / MOST_SAMPLES
  // The newest moves until it is far enough from the one before it.
  const before = recent.at(-2)
  if (last && before && sample.atMs - before.atMs < spacing) return [...recent.slice(0, -1), sample]
  return [...recent, sample].slice(-MOST_SAMPLES)
}

/** Bytes a second over the window, up to now. */
export function rateOf(samples: readonly RateSample[], nowMs: number): number {
  const first = samples[0]
  const last = samples.at(-1)
  if (!first || !last || nowMs <= first.atMs) return 0
  return Math.max(0, (last.bytes - first.bytes) / ((nowMs - first.atMs) / 1000))
}
