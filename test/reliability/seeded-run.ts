import { seededRandom } from '../../lab/faults/random.ts'
import type { LabRunMode, LabVersion } from '../../lab/index.ts'
import { demoScenario } from '../../lab/scenario/demo.ts'
import type { TableSpec } from '../../lab/scenario/table-spec.ts'
import { Traffic, type TrafficOptions } from '../../lab/traffic/traffic.ts'
import { LabMigration, OFTEN } from '../support/lab-migration.ts'
import type { LabWorker } from '../support/lab-worker.ts'
import type { TestTemporal } from '../support/temporal.ts'
import { until } from '../support/until.ts'
import { type Begun, TROUBLES, type Trouble } from './seeded-faults.ts'

interface PairOfKinds {
  from: LabVersion
  to: LabVersion
  mode?: LabRunMode
  fromMode?: LabRunMode
}

const PAIRS: readonly PairOfKinds[] = [
  { from: '3.3', to: '3.5' },
  { from: '3.5', to: '3.5' },
  { from: '3.1', to: '3.5' },
  { from: '3.5', to: '4.1', mode: 'shared_data' },
  { from: '3.3', to: '4.1' },
  { from: '4.1', to: '4.1', mode: 'shared_data', fromMode: 'shared_data' },
  { from: '3.1', to: '3.1' },
]

const TABLES = 6
/** Writes that make partitions, columns and whole tables go back or come anew, more often than in real life. */
const WEIGHTS: TrafficOptions['weights'] = {
  insert: 30,
  truncate: 4,
  'truncate-partition': 6,
  overwrite: 6,
  'drop-and-add-partition': 6,
  'add-column': 6,
  'drop-column': 4,
  'widen-column': 3,
  'recreate-table': 2,
}

/** A run has three troubles, so that each occurs in several runs. */
const TROUBLES_A_RUN = 3

export interface SeededRun {
  seed: number
  pair: PairOfKinds
  tables: TableSpec[]
  troubles: Trouble[]
}

/** What a seed stands for: the pair of clusters, the tables, the troubles. */
export function planRun(seed: number): SeededRun {
  const random = seededRandom(seed * 7919)
  const pair = PAIRS[seed % PAIRS.length] ?? { from: '3.3', to: '3.5' }
  const scenario = demoScenario({ version: pair.from, runMode: pair.fromMode ?? 'shared_nothing' }, seed)
  // One that refers to another cannot be made without it.
  const independent = scenario.tables.filter(({ body }) => !body.includes('REFERENCES'))
  const tables = shuffled(independent, random)
  // At least one whose partitions come and go, and one whose columns do.
  const chosen = new Set([
    ...tables.filter((table) => table.partitions).slice(0, 1),
    ...tables.filter((table) => table.alterable).slice(0, 1),
    ...tables,
  ])
  const troubles = Array.from(
    { length: TROUBLES_A_RUN },
    (_, place) => TROUBLES[(seed * TROUBLES_A_RUN + place) % TROUBLES.length],
  ).filter((one) => one !== undefined)
  return { seed, pair, tables: [...chosen].slice(0, TABLES), troubles }
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  return items
    .map((item) => ({ item, order: random() }))
    .sort((a, b) => a.order - b.order)
    .map(({ item }) => item)
}

export interface RunResult {
  rowsCompared: number
  writes: number
  writesRefused: number
  struck: { name: string; times: number }[]
}

/** Runs a migration while its source is written to and its troubles come, one after the other; ends with every row compared. */
export async function runSeed(run: SeededRun, temporal: TestTemporal, worker: LabWorker): Promise<RunResult> {
  const { seed, pair, tables, troubles } = run
  const migration = await LabMigration.prepare(
    {
      name: `seed-${seed}`,
      source: { version: pair.from, runMode: pair.fromMode, frontends: 3, nodes: 3, seed, timeFactor: 100 },
      target: { version: pair.to, runMode: pair.mode, frontends: 3, nodes: 3, seed, timeFactor: 100 },
      spec: {
        parkAfter: 4,
        // What changes while troubles come is followed meanwhile.
        intervals: OFTEN,
        // What the source's operators do is followed without asking: the copies are starferry's own. Only a target that cannot tell what
        // wrote its rows needs an operator's word for that.
        allow: pair.to === '3.1' ? { recreateOnSchemaChange: true, resetDivergedPartitions: true } : {},
      },
    },
    temporal,
    worker,
  )
  const { source } = migration
  const traffic = new Traffic((sql) => source.execute(sql), tables, { seed, weights: WEIGHTS })
  const told: string[] = []
  const open: Begun[] = []
  try {
    migration.fill(tables, seed)
    await migration.start()
    // Its preflight refuses to begin with a frontend that is down: that is tested where bad input is.
    await migration.untilStatus('its preflight is over', () => migration.jobs.sent > 0)
    traffic.start(60)
    const struck: RunResult['struck'] = []
    for (const trouble of troubles) {
      const began = traffic.log.length
      const begun = await trouble.begin(migration)
      open.push(begun)
      told.push(`after ${began} writes: ${trouble.name}`)
      // Until it struck, and some writes more; not every trouble finds something to strike at once.
      await until(`${trouble.name} struck`, () => begun.struck() > 0 && traffic.log.length > began + 30, {
        withinMs: 30_000,
      }).catch(() => undefined)
      await begun.end()
      told.push(`after ${traffic.log.length} writes: over, it struck ${begun.struck()} times`)
      struck.push({ name: trouble.name, times: begun.struck() })
    }
    await traffic.stop()
    await migration.settled()
    const twice = migration.jobs.sentTwice()
    if (twice.length > 0) throw new Error(`Sent twice: ${twice.map((one) => JSON.stringify(one, text)).join('\n')}`)
    const needless = migration.jobs.needless()
    if (needless.length > 0) throw new Error(`Sent needlessly: ${JSON.stringify(needless)}`)
    const { rowsCompared } = migration.compare()
    if (rowsCompared === 0) throw new Error('No rows were compared')
    const refused = traffic.log.filter((entry) => entry.error !== undefined)
    return { rowsCompared, writes: traffic.log.length, writesRefused: refused.length, struck }
  } catch (error) {
    throw new Error(await tell(run, migration, traffic, told, error))
  } finally {
    await traffic.stop().catch(() => undefined)
    for (const one of open) await Promise.resolve(one.end()).catch(() => undefined)
    await migration.stop()
  }
}

const text = (_key: string, value: unknown) => (typeof value === 'bigint' ? String(value) : value)

async function tell(
  { seed, pair, tables, troubles }: SeededRun,
  migration: LabMigration,
  traffic: Traffic,
  told: readonly string[],
  error: unknown,
): Promise<string> {
  const differing = migration.compare().differing.map((one) => one.source)
  const involved = traffic.log.filter((entry) => differing.length === 0 || differing.includes(entry.table))
  return [
    `seed ${seed}: ${error instanceof Error ? error.message : error}`,
    `${pair.from} ${pair.fromMode ?? ''} → ${pair.to} ${pair.mode ?? ''}, tables ${tables.map((table) => `${table.db}.${table.name}`).join(', ')}`,
    `troubles: ${troubles.map((one) => one.name).join('; ')}`,
    ...told,
    `the last writes${differing.length > 0 ? ' to what differs' : ''}, of ${traffic.log.length}:`,
    ...involved
      .slice(-25)
      .map(
        ({ kind, statements, error }) =>
          `  ${kind}: ${statements.join('; ').slice(0, 200)}${error ? ` — refused: ${error}` : ''}`,
      ),
    `jobs: ${migration.target.sentJobs
      .slice(-20)
      .map((job) => `${job.tableName}/${job.jobId}`)
      .join(', ')}`,
    ...(error instanceof Error && error.message.includes('status:') ? [] : [await migration.story()]),
  ].join('\n')
}
