import { expect, test } from 'vitest'
import type { RestoreResult } from '../../../contract/backup/restore-api.ts'
import type { RestoreSpecInput } from '../../../contract/backup/restore-spec.ts'
import { restoreId, TASK_QUEUE } from '../../../contract/names.ts'
import { type BackupStage, backupStage, REPOSITORY } from '../../backup/support/backup-stage.ts'
import { pictureOf, seededHistory } from '../../support/backup-history.ts'
import { unlessStuck } from '../../support/stuck.ts'

async function restore(stage: BackupStage, spec: RestoreSpecInput): Promise<RestoreResult> {
  const handle = await stage.temporal.client.workflow.start<(spec: RestoreSpecInput) => Promise<RestoreResult>>(
    'restore',
    { workflowId: restoreId(spec.name), taskQueue: TASK_QUEUE, args: [spec] },
  )
  return handle.result()
}

/** Seeded lives with backups: the points between are restored beside what is live, the first and the last over it, and compared row by row. */
export function livesComeBack(seeds: readonly number[]): void {
  const stage = backupStage({ sideBySide: true })
  test.each(seeds)('seed %i', (seed) => unlessStuck(stage.temporal.client, `seed ${seed}`, live(stage, seed), 500_000))
}

async function live(stage: BackupStage, seed: number): Promise<void> {
  // What is behind differs from seed to seed: version, how chains are made and how long they are, how far apart backups are.
  const version = (['3.5', '4.1', '3.5', '3.3'] as const)[seed % 4] ?? '3.5'
  const incremental = seed % 2 === 0 ? ('incremental' as const) : ('differential' as const)
  const cluster = await stage.cluster({ timeFactor: 300, version })
  const name = `life${seed}`
  const database = name
  const spec = stage.spec(cluster, {
    name,
    objects: { databases: [database] },
    incremental,
    snapshot: { tables: 0 },
  })
  const history = await seededHistory({
    cluster,
    database,
    seed: seed + 1_000,
    points: seed % 3 === 0 ? 4 : 3,
    changes: 10,
    lists: version !== '3.3',
    backup: () => stage.backup(spec, database),
  })
  const common = { cluster: cluster.state.name, repository: REPOSITORY, publish: 'auto' as const }
  // Beside it, under another name: the points between, of long lives the first as well.
  const beside = history.slice(history.length > 3 ? 0 : 1, -1)
  for (const [at, { result, picture }] of beside.entries()) {
    const was = `was${at}`
    const from = { label: result.id }
    await restore(stage, { ...common, name: `${name}-${at}`, from, rename: { database: was } })
    expect({ at, picture: pictureOf(cluster, was) }).toEqual({ at, picture })
    cluster.execute(`DROP DATABASE ${was} FORCE`)
  }
  // Over what is live: the last, after the database lived on from the first.
  const [first, last] = [history[0], history.at(-1)]
  if (!first || !last) throw new Error('the history has no points')
  await restore(stage, { ...common, name: `${name}-back`, from: { label: first.result.id }, replaced: 'drop' })
  expect(pictureOf(cluster, database)).toEqual(first.picture)
  const tables = Object.keys(last.picture)
  await restore(stage, {
    ...common,
    name: `${name}-forth`,
    from: { label: last.result.id },
    tables,
    replaced: 'drop',
  })
  const live = pictureOf(cluster, database)
  for (const table of tables) expect({ [table]: live[table] }).toEqual({ [table]: last.picture[table] })
  expect([...cluster.state.databases.keys()].filter((one) => one.includes('__sf_'))).toEqual([])
}
