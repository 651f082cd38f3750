import { expect, test } from 'vitest'
import { cancelRestoreSignal } from '../../contract/backup/restore-api.ts'
import { restoreId } from '../../contract/names.ts'
import { REPOSITORY, restoreStage } from '../restore/support/restore-stage.ts'
import { takeBackup } from '../restore/support/take-backup.ts'
import { until } from '../support/until.ts'
import { saveHistories } from './support/save-histories.ts'

const stage = restoreStage()

/** As record.test.ts, of restores: `RECORD_HISTORIES=1 npx vitest run test/histories/record-restore.test.ts`. */
test.skipIf(!process.env.RECORD_HISTORIES)(
  'record',
  async () => {
    const cluster = await stage.cluster('east')
    for (const statement of [
      'CREATE DATABASE shop',
      "CREATE TABLE shop.orders (id INT NOT NULL, v VARCHAR(20)) DUPLICATE KEY(id) PARTITION BY RANGE(id) (PARTITION p1 VALUES LESS THAN ('10'), PARTITION p2 VALUES LESS THAN ('20')) DISTRIBUTED BY HASH(id) BUCKETS 2 PROPERTIES ('replication_num' = '1')",
      "INSERT INTO shop.orders VALUES (1,'a'),(11,'c')",
      'CREATE VIEW shop.v AS SELECT id FROM shop.orders',
    ]) {
      cluster.execute(statement)
    }
    const full = await takeBackup(stage, cluster, { label: 'full', database: 'shop' })
    cluster.execute("INSERT INTO shop.orders PARTITION (p2) VALUES (12,'d')")
    await takeBackup(stage, cluster, { label: 'inc', database: 'shop', baseline: full })
    const common = { cluster: 'east', repository: REPOSITORY, from: { label: 'inc' } }
    const handle = (name: string) => stage.temporal.client.workflow.getHandle(restoreId(name))

    await stage.plan({ ...common, name: 'plan' })
    await stage.start({ ...common, name: 'asked', tables: ['orders'] })
    await stage.state('asked', 'ready')
    await stage.publish('asked')
    await stage.result('asked')
    await stage.restore({ ...common, name: 'database', publish: 'auto', replaced: 'drop' })
    await stage.restore({ ...common, name: 'place', tables: ['orders'], mode: 'in-place' })
    await stage.restore({ ...common, name: 'partitions', partitions: { orders: ['p1'] }, publish: 'auto' })
    cluster.execute('DROP TABLE shop.orders FORCE')
    await stage.restore({ ...common, name: 'dropped', tables: ['orders'], publish: 'auto' })
    await stage.start({ ...common, name: 'discarded', tables: ['orders'] })
    await stage.state('discarded', 'ready')
    await handle('discarded').executeUpdate('discard')
    await stage.result('discarded')
    const stuck = cluster.faults.inject({ kind: 'stick-snapshot', job: 'restore', state: 'DOWNLOADING' })
    await stage.start({ ...common, name: 'cancelled', tables: ['orders'] })
    await until('it runs', () => stuck.struck > 0)
    await handle('cancelled').signal(cancelRestoreSignal)
    await expect(stage.result('cancelled')).rejects.toThrow()
    stuck.clear()
    await expect(stage.restore({ ...common, name: 'refused', tables: ['nothing'] })).rejects.toThrow()
    expect(await saveHistories(stage.temporal.client, ['restore', 'restorePlan'])).toBe(9)
  },
)
