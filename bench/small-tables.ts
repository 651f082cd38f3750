import { setTimeout as sleep } from 'node:timers/promises'
import { atLeast, atMost, type Figure } from './figure.ts'
import { peakResidentMiB, residentMiB } from './memory.ts'
import { MigrationStage } from './migration-stage.ts'

/** Migrates many small tables, once onto copies that are there, once making them: what starferry itself costs a table. */
export async function run(scale: number): Promise<Figure[]> {
  const tables = Math.max(1, Math.round(1000 * scale))
  const figures: Figure[] = []
  const stage = await MigrationStage.set()
  try {
    // What starting left behind has gone by then.
    await sleep(5_000)
    figures.push(atMost('worker memory idle', residentMiB(stage.workerPid), 300, 'MiB', 'nothing to do'))
    for (const copies of ['empty', 'none'] as const) {
      const name = `bench-${copies}`
      await stage.lab.ask('build', { database: name, tables, partitions: 2, version: 3n, bytes: 1e6, copies })
      const started = performance.now()
      let seconds = 0
      const last = await stage.migrate(
        { name, source: 'source', target: 'target', include: [name], oneTime: true },
        ({ jobs, state }) => {
          // As many tables have ended with every version confirmed by the target.
          if (jobs.finished >= tables && seconds === 0) seconds = (performance.now() - started) / 1000
          return state === 'finished'
        },
      )
      if (last.progress !== 1 || last.tables.finished !== tables) {
        throw new Error(`not everything was copied: ${JSON.stringify(last)}`)
      }
      const size = `${tables} tables x 2 partitions, ${copies === 'none' ? 'made on the target first' : 'copies there and empty'}`
      figures.push(
        atLeast(`small-tables ${copies === 'none' ? 'made' : 'moved'}`, tables / seconds, 25, 'tables/s', size),
      )
      const events = await stage.parentEvents(name)
      figures.push(atMost('history events in the parent', events / tables, 8, 'events/table', size))
    }
    figures.push(
      atMost('worker memory moving', peakResidentMiB(stage.workerPid), 500, 'MiB', `${tables} tables, twice; peak`),
    )
    return figures
  } finally {
    await stage.stop()
  }
}
