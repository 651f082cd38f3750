import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findBackup } from '../../activities/restore/find-backup.ts'
import type { S3Server } from '../../client/s3-server/s3-server.ts'
import type { TableRecord } from '../../contract/backup/record.ts'
import { type RestoreSpecInput, restoreSpecSchema } from '../../contract/backup/restore-spec.ts'
import { startVaults, Vault } from '../repository-side/support/vault.ts'

let server: S3Server
let made: Vault
beforeAll(async () => {
  server = await startVaults()
  made = await Vault.on(server, 'chosen')
  const backup = (id: string, day: number, more: object = {}) =>
    made.backup({ id, finishedAt: `2026-03-0${day}T00:00:00.000Z`, recordOnly: true, more })
  const table = (partitions: string[], more: Partial<TableRecord> = {}): TableRecord => ({
    id: '11',
    partitioning: 'range',
    fingerprint: 'f',
    ddl: 'CREATE TABLE t',
    whole: [],
    partitions: Object.fromEntries(partitions.map((name) => [name, { physical: [['13', '7']], at: 0 }])),
    ...more,
  })
  await backup('whole', 1, { tables: { t: table(['p1']), u: table(['p1']) } })
  await backup('lacking', 2, { tables: { t: table(['p1']) }, lacking: { u: { reason: 'none', since: '' } } })
  await backup('filtered', 3, { partial: true, tables: { t: table(['p2'], { partial: true }) } })
  await backup('tables', 4, { partial: true, tables: { t: table(['p1', 'p2']) } })
  await backup('nothing', 5, { labels: [], own: 0, tables: {} })
  await made.backup({ id: 'part', database: 'e', recordOnly: true, more: { partial: true } })
})
afterAll(() => server?.stop())

const find = async (more: Partial<RestoreSpecInput>) => {
  const spec = { name: 'r', cluster: 'east', repository: 'vault', from: { database: 'd' }, ...more }
  const { record, warnings } = await findBackup(made.repository, restoreSpecSchema.parse(spec))
  return { id: record?.id, warnings: warnings.join() }
}

describe('the backup of a restore that names none', () => {
  it('of a whole database is the newest of the whole database, and newer ones are named with the reason', async () => {
    const { id, warnings } = await find({})
    expect(id).toBe('whole')
    expect(warnings).toMatch(
      /whole of 2026-03-01.* is taken; newer ones were passed over: nothing of .* holds nothing;/,
    )
    expect(warnings).toMatch(
      /tables of .* is of a part of d only; filtered of .*; lacking of .* lacks u, which a backup before it has/,
    )
  })

  it('of a table is the newest that has it whole; of a partition the newest that has that', async () => {
    expect(await find({ tables: ['u'] })).toMatchObject({ id: 'whole' })
    expect(await find({ tables: ['t'] })).toMatchObject({
      id: 'tables',
      warnings: expect.stringContaining('holds no table t'),
    })
    const before = { database: 'd', asOf: '2026-03-03T12:00:00Z' }
    expect(await find({ tables: ['t'], from: before })).toEqual({
      id: 'lacking',
      warnings: expect.stringMatching(/passed over: filtered of .* holds only some partitions of t$/),
    })
    expect(await find({ partitions: { t: ['p2'] }, from: before })).toEqual({ id: 'filtered', warnings: '' })
    expect(await find({ tables: ['*'], from: { database: 'd', asOf: '2026-03-02T12:00:00Z' } })).toMatchObject({
      id: 'whole',
    })
  })

  it('is refused when there is none, and taken when it is named', async () => {
    const from = { database: 'e' }
    await expect(find({ from })).rejects.toThrow(/part of 2026.* is of a part of e only\. Give one by --label/)
    await expect(find({ tables: ['nope'] })).rejects.toThrow(/holds no table nope/)
    expect(await find({ from: { ...from, label: 'part' } })).toEqual({ id: 'part', warnings: '' })
  })
  it('is refused by one of several labels, too, when its record cannot be read', async () => {
    const [first, id] = ['sf_d_20260301T020000000_abc1231', 'sf_d_20260301T020000000_def4561']
    const other = await Vault.on(server, 'unread')
    await other.backup({ id, labels: [first, id], own: 2, recordOnly: true })
    const from = { label: first }
    const spec = restoreSpecSchema.parse({ name: 'r', cluster: 'east', repository: 'vault', from })
    expect((await findBackup(other.repository, spec)).record?.id).toBe(id)
    await other.store.put(`__starferry_vault/records/${id}.json.gz`, 'no gzip')
    await expect(findBackup(other.repository, spec)).rejects.toThrow(/record of snapshot .* cannot be read: records/)
    const foreign = restoreSpecSchema.parse({ ...spec, from: { label: 'by_hand' } })
    expect((await findBackup(other.repository, foreign)).record).toBeUndefined()
  })
})
