import type { LabState } from '../model.ts'

/** A copy of what a frontend knows; clock and counters are those of the original. */
export function snapshotState(state: LabState): LabState {
  const { nextId, nextEpoch, now, ...data } = state
  return { ...structuredClone(data), nextId, nextEpoch, now }
}
