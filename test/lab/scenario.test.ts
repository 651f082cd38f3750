import { afterEach, describe, expect, test } from 'vitest'
import { LabCluster } from '../../lab/index.ts'
import { demoScenario } from '../../lab/scenario/demo.ts'

let cluster: LabCluster | undefined
afterEach(async () => {
  await cluster?.stop()
  cluster = undefined
})

describe.each([
  ['3.1', 'shared_nothing'],
  ['3.3', 'shared_nothing'],
  ['3.5', 'shared_nothing'],
  ['4.1', 'shared_nothing'],
  ['4.1', 'shared_data'],
] as const)('the demo scenario on %s %s', (version, runMode) => {
  test('every statement is taken, and every table has its rows', async () => {
    const running = await LabCluster.start({ name: 'demo', version, runMode })
    cluster = running
    const scenario = demoScenario({ version, runMode })
    const refused: string[] = []
    for (const sql of scenario.statements) {
      try {
        running.execute(sql)
      } catch (error) {
        refused.push(`${sql.slice(0, 200)}\n  => ${error instanceof Error ? error.message : error}`)
      }
    }
    expect(refused).toEqual([])
  })
})
