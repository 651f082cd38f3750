import { setTimeout as sleep } from 'node:timers/promises'
import { atMost, type Figure } from './figure.ts'
import { MigrationStage } from './migration-stage.ts'

const WATCH_S = 30

/** Statements that both clusters get while many tables replicate and none starts or ends. */
export async function run(scale: number): Promise<Figure[]> {
  const tables = Math.max(1, Math.round(100 * scale))
  const seconds = Math.max(3, WATCH_S * Math.min(1, scale))
  const stage = await MigrationStage.set()
  try {
    const database = 'large'
    await stage.lab.ask('build', { database, tables, partitions: 2, version: 3n, bytes: 2 ** 32, copies: 'empty' })
    const spec = { name: 'statements', source: 'source', target: 'target', include: [database] }
    await stage.migrate(spec, async () => (await stage.lab.ask('runningJobs')) >= tables)
    // What belongs to starting them has ended then.
    await sleep(5_000 * Math.min(1, scale))
    await stage.lab.ask('statements')
    await sleep(seconds * 1000)
    const statements = await stage.lab.ask('statements')
    return (['source', 'target'] as const).map((side) => {
      const kinds = Object.entries(statements[side])
      if (process.env.BENCH_VERBOSE) console.error(side, kinds)
      const count = kinds.reduce((sum, [, times]) => sum + times, 0)
      const size = `${tables} tables replicating, ${seconds} s`
      return atMost(`statements on the ${side}`, count / seconds, 3, 'statements/s', size)
    })
  } finally {
    await stage.stop()
  }
}
