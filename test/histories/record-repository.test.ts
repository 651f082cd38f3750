import { expect, test } from 'vitest'
import { TASK_QUEUE } from '../../contract/names.ts'
import { LabCluster } from '../../lab/index.ts'
import { startVaults, Vault } from '../repository-side/support/vault.ts'
import { accessTo, LabWorker } from '../support/lab-worker.ts'
import { startTemporal } from '../support/temporal.ts'
import { saveHistories } from './support/save-histories.ts'

/** As record.test.ts, of what is done with a repository: `RECORD_HISTORIES=1 npx vitest run test/histories/record-repository.test.ts`. */
test.skipIf(!process.env.RECORD_HISTORIES)(
  'record',
  async () => {
    const temporal = await startTemporal()
    const worker = await LabWorker.start(temporal)
    const server = await startVaults()
    const east = await LabCluster.start({ name: 'east', version: '3.5', timeFactor: 100 })
    let count = 0
    const execute = (type: string, input: object) =>
      temporal.client.workflow.execute<(input: object) => Promise<unknown>>(type, {
        workflowId: `${type}/${++count}`,
        taskQueue: TASK_QUEUE,
        args: [input],
      })
    try {
      const made = await Vault.on(server, 'recorded')
      worker.configure({ east: accessTo(east) })
      worker.configureRepositories(made.config)
      for (const op of ['list', 'create', 'check', 'drop']) {
        await execute('repositories', { op, cluster: 'east', ...(op === 'list' ? {} : { repository: 'vault' }) })
      }
      for (let i = 0; i < 60; i++) {
        const labels = i % 5 === 0 ? [`b${i}`] : [`b${i - (i % 5)}`, `b${i}`]
        await made.backup({ id: `b${i}`, labels, finishedAt: new Date(Date.UTC(2026, 0, 1 + i)).toISOString() })
      }
      await execute('backups', { repository: 'vault', limit: 10 })
      await execute('backups', { repository: 'vault', id: 'b7' })
      await execute('verifyBackups', { repository: 'vault' })
      await execute('verifyBackups', { repository: 'vault', ids: ['b7'], deep: true })
      await execute('prune', { repository: 'vault', retention: { last: 50 } })
      await execute('prune', { repository: 'vault', retention: { last: 50 }, leftovers: true, confirmed: 'all' })
      await expect(execute('backups', { repository: 'other' })).rejects.toThrow()
      expect(await saveHistories(temporal.client, ['backups', 'prune', 'repositories', 'verifyBackups'])).toBe(11)
    } finally {
      await worker.stop()
      await east.stop()
      await temporal.stop()
      await server.stop()
    }
  },
)
