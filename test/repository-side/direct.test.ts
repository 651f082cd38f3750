import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import type { S3Server } from '../../client/s3-server/s3-server.ts'
import { type Direct, openDirect } from '../../workers/direct.ts'
import { startVaults, Vault } from './support/vault.ts'

let server: S3Server
let made: Vault
let direct: Direct
const directory = mkdtempSync(path.join(tmpdir(), 'starferry-test-direct-'))
beforeAll(async () => {
  server = await startVaults()
  made = await Vault.on(server, 'direct')
  const file = path.join(directory, 'starferry.yaml')
  const wrong = { ...server.properties, 'aws.s3.secret_key': 'not-the-secret-key' }
  // A cluster that is lost, as its Temporal is.
  const clusters = { east: { frontends: ['127.0.0.1:9'], connectTimeout: 1 } }
  const denied = { location: made.location, properties: wrong }
  writeFileSync(file, stringify({ clusters, repositories: { ...made.config, denied } }))
  direct = await openDirect({ config: file })
  await made.backup({ id: 'f1', finishedAt: '2026-03-01T00:00:00.000Z' })
  await made.backup({ id: 'd2', labels: ['f1', 'd2'], finishedAt: '2026-03-02T00:00:00.000Z', base: 'f1' })
  await made.backup({ id: 'f3', finishedAt: '2026-03-03T00:00:00.000Z' })
})
afterAll(async () => {
  await direct?.close()
  await server?.stop()
  rmSync(directory, { recursive: true, force: true })
})

describe('without Temporal, worker and cluster', () => {
  it('backups are listed, shown and verified, and nothing is written', async () => {
    const before = await made.ownKeys()
    expect((await direct.backups({ repository: 'vault' })).rows.map(({ id }) => id)).toEqual(['f3', 'd2', 'f1'])
    expect((await direct.backups({ repository: 'vault', id: 'd2' })).objects).toMatchObject([
      { name: 't' },
      { name: 'v' },
    ])
    const labels: string[] = []
    const verified = await direct.verify(
      { repository: 'vault', deep: true },
      { onProgress: (label) => labels.at(-1) !== label && labels.push(label) },
    )
    expect(verified).toMatchObject({ ok: true, backups: 3, whole: 3 })
    expect([...new Set(labels)].sort()).toEqual(['d2', 'f1', 'f3'])
    expect(await made.ownKeys()).toEqual(before)
  })

  it('retention is planned, and what is announced counts as needed', async () => {
    await made.intent({ id: 'new', labels: ['f1', 'new'], baseline: 'f1', base: 'f1' })
    const plan = await direct.planPrune({ repository: 'vault', retention: { last: 1 } })
    // Of the lost cluster nobody knows whether it reads.
    expect(plan.delete).toEqual([])
    const why = expect.stringMatching(/whether a job on east reads it cannot be told/)
    expect(plan.untouched).toEqual([
      { label: 'f1', why: expect.stringMatching(/needed by a backup that is being made/) },
      { label: 'd2', why },
    ])
    expect(plan.waits).toEqual([why])
  })

  it('a record that cannot be read is told, and a filter that fits nothing', async () => {
    const key = '__starferry_vault/records/torn.json.gz'
    await made.store.put(key, 'no gzip')
    const verified = await direct.verify({ repository: 'vault' })
    expect(verified).toMatchObject({ ok: false, backups: 4, whole: 3, broken: ['torn'], problems: [{ object: key }] })
    await made.store.deleteMany([key])
    await expect(direct.verify({ repository: 'vault', policy: 'hourly' })).rejects.toThrow(/no backup of policy hourly/)
  })

  it('errors are clear and hide secrets', async () => {
    await expect(direct.backups({ repository: 'valt' })).rejects.toThrow(/no repository 'valt'; did you mean 'vault'/)
    const error: Error = await direct.backups({ repository: 'denied' }).then(
      () => new Error('it was let in'),
      (caught) => caught,
    )
    expect(error.message).toMatch(/key|denied|signature/i)
    expect(error.message).not.toContain('not-the-secret-key')
    await expect(openDirect({ config: path.join(directory, 'absent.yaml') })).rejects.toThrow(/absent.yaml/)
  })
})
