import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RepositoryHandle } from '../../activities/dependencies.ts'
import { listBackups } from '../../activities/repository/list-backups.ts'
import type { S3Server } from '../../client/s3-server/s3-server.ts'
import type { PruneInput, PruneResult } from '../../contract/backup/repository-api.ts'
import { TASK_QUEUE } from '../../contract/names.ts'
import { HeldStore } from '../support/held-store.ts'
import { startTemporal, type TestTemporal } from '../support/temporal.ts'
import { startWorkerProcess, type WorkerStage } from '../support/worker-stage.ts'
import { startVaults, Vault } from './support/vault.ts'

let server: S3Server
let temporal: TestTemporal
let held: HeldStore
let made: Vault
let stage: WorkerStage
beforeAll(async () => {
  ;[server, temporal] = await Promise.all([startVaults(), startTemporal()])
  held = await HeldStore.before(server.endpoint)
  made = await Vault.on(server, 'killed')
  const properties = { ...made.config.vault.properties, 'aws.s3.endpoint': held.endpoint }
  const repositories = { vault: { location: made.location, properties } }
  stage = await startWorkerProcess(temporal, [], { repositories })
})
afterAll(async () => {
  await stage?.stop()
  await held?.stop()
  await temporal?.stop()
  await server?.stop()
})

const statesOf = async () => {
  const handle = { open: async () => made.repository } as unknown as RepositoryHandle
  const { rows } = await listBackups(handle, { repository: 'vault' })
  return Object.fromEntries(rows.map(({ id, state, whole }) => [id, [state, whole]]))
}

describe('a worker that is killed while it deletes', () => {
  it('leaves nothing that looks whole and is not, and the next one goes on', async () => {
    await made.backup({ id: 'f1', finishedAt: '2026-03-01T02:00:00.000Z' })
    await made.backup({ id: 'd2', labels: ['f1', 'd2'], finishedAt: '2026-03-02T02:00:00.000Z', base: 'f1' })
    await made.backup({ id: 'f3', finishedAt: '2026-03-03T02:00:00.000Z' })
    await made.backup({ id: 'd4', labels: ['f3', 'd4'], finishedAt: '2026-03-04T02:00:00.000Z', base: 'f3' })
    const killed = held.hold((text) => /^POST .*delete/.test(text) && text.includes('__ss_d2/__ss_content'))
    const retention = { last: 2, daily: 0, weekly: 0, monthly: 0, yearly: 0 }
    const input: PruneInput = { repository: 'vault', retention, confirmed: 'all' }
    const handle = await temporal.client.workflow.start<(input: PruneInput) => Promise<PruneResult>>('prune', {
      workflowId: 'prune-killed',
      taskQueue: TASK_QUEUE,
      args: [input],
    })
    await killed
    await stage.worker.kill()

    // The manifest has gone, so no cluster restores from it; the content is still there.
    expect(await made.repository.lookAt('d2')).toMatchObject({ state: 'incomplete', hasContent: true })
    expect(await statesOf()).toEqual({
      d4: ['complete', true],
      f3: ['complete', true],
      d2: ['being deleted', false],
      f1: ['complete', true],
    })

    await stage.worker.start()
    expect(await handle.result()).toMatchObject({ deleted: 2, failures: [] })
    expect(await made.labels()).toEqual(['d4', 'f3'])
    expect(await statesOf()).toEqual({ d4: ['complete', true], f3: ['complete', true] })
    expect(await made.ownKeys()).toEqual(['records/d4.json.gz', 'records/f3.json.gz'])
  })
})
