import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { LabWorker } from '../support/lab-worker.ts'
import { startTemporal, type TestTemporal } from '../support/temporal.ts'
import { TROUBLES } from './seeded-faults.ts'
import { planRun, runSeed } from './seeded-run.ts'

const SEEDS = process.env.STARFERRY_SEEDS?.split(',').map(Number) ?? Array.from({ length: 20 }, (_, i) => i + 1)

let temporal: TestTemporal
let worker: LabWorker
beforeAll(async () => {
  temporal = await startTemporal()
  worker = await LabWorker.start(temporal)
})
afterAll(async () => {
  await worker?.stop()
  await temporal?.stop()
})

const struck = new Map<string, number>()

describe.concurrent('in the end every row is the source’s, whatever happened on the way', () => {
  it.each(SEEDS.map(planRun))('seed $seed', async (run) => {
    const result = await runSeed(run, temporal, worker)
    if (process.env.STARFERRY_SEEDS) console.log(`seed ${run.seed}: ${JSON.stringify(result)}`)
    for (const { name, times } of result.struck) struck.set(name, (struck.get(name) ?? 0) + times)
    expect(result.rowsCompared).toBeGreaterThan(0)
    expect(result.writes).toBeGreaterThan(result.writesRefused)
  })
})

it.skipIf(process.env.STARFERRY_SEEDS !== undefined)('every kind of trouble really struck in these runs', () => {
  expect(TROUBLES.map(({ name }) => name).filter((name) => !struck.get(name))).toEqual([])
})
