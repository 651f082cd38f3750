import { afterAll, beforeAll } from 'vitest'
import { LabWorker } from './lab-worker.ts'
import { startTemporal, type TestTemporal, type TestTemporalOptions } from './temporal.ts'

export interface OnTemporal {
  readonly temporal: TestTemporal
  readonly worker: LabWorker
  /** Ends the worker as a deploy does, and starts another. */
  replaceWorker(): Promise<void>
}

/** A Temporal server and a worker for the tests of one file. `instead`: see `LabWorker.start`. */
export function onTemporal(options?: TestTemporalOptions, instead?: Parameters<typeof LabWorker.start>[1]): OnTemporal {
  let temporal: TestTemporal
  let worker: LabWorker
  beforeAll(async () => {
    temporal = await startTemporal(options)
    worker = await LabWorker.start(temporal, instead)
  })
  afterAll(async () => {
    await worker?.stop()
    await temporal?.stop()
  })
  return {
    get temporal() {
      return temporal
    },
    get worker() {
      return worker
    },
    async replaceWorker() {
      await worker.stop()
      worker = await LabWorker.start(temporal, instead)
    },
  }
}
