import { afterEach, expect, test } from 'vitest'
import { createReplicateActivities } from '../../activities/replicate.ts'
import { stepJobPrefix, tableWorkflowId } from '../../contract/index.ts'
import { LabCluster } from '../../lab/index.ts'
import { addressMapOf, StarRocksCluster } from '../../starrocks/index.ts'
import { quietEnvironment } from '../metadata/lab-pair.ts'
import { StepPair } from './support/step-pair.ts'

const TABLE = `CREATE TABLE app.t (id INT NOT NULL, v INT) DUPLICATE KEY(id)
  DISTRIBUTED BY HASH(id) BUCKETS 2 PROPERTIES ("replication_num" = "1")`

let pair: StepPair
let other: LabCluster
afterEach(async () => {
  await pair.stop()
  await other.stop()
})

test('a migration of the same name into another target believes nothing of what is remembered of the first', async () => {
  pair = await StepPair.start({ version: '3.1' }, { version: '3.1' })
  pair.make(TABLE)
  pair.source.execute('INSERT INTO app.t VALUES (1, 1)')
  const first = await pair.step('app.t')
  expect(first).toMatchObject({ state: 'in-sync', memory: expect.any(String) })

  other = await LabCluster.start({ name: 'other', version: '3.1', timeFactor: 1000 })
  const [user, password] = ['root', '']
  const frontends = other.endpoints.frontends.map(({ host, queryPort }) => ({ host, port: queryPort }))
  const cluster = new StarRocksCluster({ name: 'other', frontends, user, password })
  pair.lab.handles.set('other', { cluster, token: other.state.token, addressMap: addressMapOf({}), user, password })
  other.execute('CREATE DATABASE app')
  other.execute(TABLE)
  // At the same version, in a partition of the same id.
  other.execute('INSERT INTO app.t VALUES (2, 666)')
  const idOf = (lab: LabCluster) => lab.execute('SHOW PARTITIONS FROM app.t').rows[0]?.[0]
  expect(idOf(other)).toBe(idOf(pair.target))

  // What the last closed run of the table's workflow left, as Temporal lists it by migration and table; in a process that copied nothing itself.
  const spec = pair.lab.spec({ target: 'other' })
  const deps = { ...pair.lab.deps }
  Object.assign(deps.client.workflow, {
    async *list() {
      yield { workflowId: tableWorkflowId(spec.name, 'app.t'), runId: 'first' }
    },
    getHandle: () => ({ result: async () => ({ table: 'app.t', outcome: 'in-sync', ...first }) }),
  })
  const input = { spec, table: 'app.t', jobPrefix: stepJobPrefix(spec.name, 'second', 1) }
  await expect(quietEnvironment().run(createReplicateActivities(deps).replicate, input)).rejects.toMatchObject({
    type: 'NeedsApproval',
  })
  expect(other.execute('SELECT v FROM app.t').rows.map(String)).toEqual(['666'])
})
