import { setTimeout as sleep } from 'node:timers/promises'
import { atMost, type Figure } from './figure.ts'
import { MigrationStage } from './migration-stage.ts'

const BAR = 3

/** Statements that both clusters get: while many tables replicate and none starts or ends; and while nothing moves in very many databases. */
export async function run(scale: number): Promise<Figure[]> {
  return [...(await replicating(scale)), ...(await following(scale))]
}

async function replicating(scale: number): Promise<Figure[]> {
  const tables = Math.max(1, Math.round(100 * scale))
  const seconds = Math.max(3, 30 * Math.min(1, scale))
  const stage = await MigrationStage.set()
  try {
    const database = 'large'
    await stage.lab.ask('build', { database, tables, partitions: 2, version: 3n, bytes: 2 ** 32, copies: 'empty' })
    // The other figure has a metadata difference inside; when one comes is the Schedule's.
    const intervals = { metadata: 3_600 }
    const spec = { name: 'statements', source: 'source', target: 'target', include: [database], intervals }
    await stage.migrate(spec, async () => (await stage.lab.ask('runningJobs')) >= tables)
    // What belongs to starting them has ended then.
    await sleep(5_000 * Math.min(1, scale))
    return await figures(stage, seconds, `${tables} tables replicating, ${seconds} s`)
  } finally {
    await stage.stop()
  }
}

/** As long as it takes from one metadata difference to the next, with one of them inside. */
async function following(scale: number): Promise<Figure[]> {
  const databases = Math.max(1, Math.round(200 * scale))
  const seconds = Math.max(20, 180 * Math.min(1, scale))
  const stage = await MigrationStage.set()
  try {
    const one = { tables: 1, partitions: 2, version: 3n, bytes: 1e6, copies: 'in-sync' } as const
    for (let i = 0; i < databases; i++) await stage.lab.ask('build', { ...one, database: `d${i}` })
    const spec = { name: 'following', source: 'source', target: 'target', include: ['d*'] }
    await stage.migrate(spec, ({ state }) => state === 'caughtUp')
    return await figures(
      stage,
      seconds,
      `${databases} databases followed, nothing moves, ${seconds} s`,
      'idle statements',
    )
  } finally {
    await stage.stop()
  }
}

async function figures(stage: MigrationStage, seconds: number, size: string, what = 'statements'): Promise<Figure[]> {
  await stage.lab.ask('statements')
  await sleep(seconds * 1000)
  const statements = await stage.lab.ask('statements')
  return (['source', 'target'] as const).map((side) => {
    const kinds = Object.entries(statements[side])
    if (process.env.BENCH_VERBOSE) console.error(side, kinds)
    const count = kinds.reduce((sum, [, times]) => sum + times, 0)
    return atMost(`${what} on the ${side}`, count / seconds, BAR, 'statements/s', size)
  })
}
