import { afterEach, expect, test } from 'vitest'
import { compareClusters } from '../../lab/compare.ts'
import { Lab } from '../../lab/lab.ts'
import { demoScenario } from '../../lab/scenario/demo.ts'
import { Traffic } from '../../lab/traffic/traffic.ts'
import { RightClient } from './support/right-client.ts'
import { waitFor } from './support/wait.ts'

let lab: Lab | undefined
afterEach(async () => {
  await lab?.stop()
  lab = undefined
})

test.each([
  [1, '3.3', '3.5', 'shared_nothing'],
  [2, '3.5', '3.5', 'shared_nothing'],
  [3, '3.1', '4.1', 'shared_nothing'],
  [4, '3.3', '4.1', 'shared_data'],
] as const)(
  'seed %i, %s to %s %s: a right client ends with equal rows through traffic and faults',
  async (seed, version, newer, runMode) => {
    lab = await Lab.start(
      { name: 'source', version, seed },
      { name: 'target', version: newer, runMode, seed, timeFactor: 20 },
    )
    const [source, target] = [lab.get('source'), lab.get('target')]
    const scenario = demoScenario({ version, runMode: 'shared_nothing' }, seed)
    for (const sql of scenario.statements) source.execute(sql)
    const client = new RightClient(source, target)
    const traffic = new Traffic((sql) => source.execute(sql), scenario.tables, { seed })
    const faults = [
      target.faults.inject({ kind: 'drop-rpc', cut: 'after', probability: 0.1, times: 5 }),
      target.faults.inject({ kind: 'abort-job', error: 'injected', probability: 0.02, times: 5 }),
      target.faults.inject({ kind: 'lose-job', probability: 0.1, times: 5 }),
      target.faults.inject({ kind: 'fail-snapshot', probability: 0.02, times: 5 }),
    ]
    traffic.start(1)
    for (let round = 0; round < 4; round++) await client.pass()
    const log = await traffic.stop()
    expect(log.filter((one) => one.error)).toEqual([])
    expect(faults.reduce((sum, one) => sum + one.struck, 0)).toBeGreaterThan(0)
    target.faults.clear()
    for (let left = 20; (await client.pass()) > 0 && left > 0; left--);
    const result = compareClusters(source, target)
    expect(result.differing).toEqual([])
    expect(result.rowsCompared).toBeGreaterThan(500)
  },
)

test.each([11, 12])('seed %i: the target frontend is killed and started again under way', async (seed) => {
  lab = await Lab.start(
    { name: 'source', version: '3.3', seed },
    { name: 'target', version: '3.5', seed, timeFactor: 20 },
  )
  const [source, target] = [lab.get('source'), lab.get('target')]
  const scenario = demoScenario({ version: '3.3', runMode: 'shared_nothing' }, seed)
  for (const sql of scenario.statements) source.execute(sql)
  const client = new RightClient(source, target)
  const traffic = new Traffic((sql) => source.execute(sql), scenario.tables, { seed })
  traffic.start(1)
  for (let round = 0; round < 3; round++) {
    const sent = target.sentJobs.length
    // Calls that the kill cuts off fail; the next pass makes up for them.
    const pass = client.pass().catch(() => 0)
    await waitFor(() => target.sentJobs.length > sent, 'a job to be sent')
    await target.killFrontend(0)
    await target.restartFrontend(0)
    await pass
  }
  await traffic.stop()
  for (let left = 20; (await client.pass()) > 0 && left > 0; left--);
  expect(compareClusters(source, target).differing).toEqual([])
})
