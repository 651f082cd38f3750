import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { noteBackup } from '../../activities/backup/note-backup.ts'
import { type Dependencies, systemClock } from '../../activities/dependencies.ts'
import { putPolicy } from '../../client/policies.ts'
import type { S3Server } from '../../client/s3-server/s3-server.ts'
import { workerConfigSchema } from '../../contract/worker-config.ts'
import { LabCluster } from '../../lab/index.ts'
import { catalogueFigures } from '../../planning/backup/catalogue-figures.ts'
import type { RecordHead } from '../../planning/backup/head.ts'
import { CatalogueMetrics } from '../../workers/catalogue-metrics.ts'
import { createClusters } from '../../workers/clusters.ts'
import { createMetrics } from '../../workers/metrics.ts'
import { createRepositories } from '../../workers/repositories.ts'
import { accessTo } from '../support/lab-worker.ts'
import { startTemporal, type TestTemporal } from '../support/temporal.ts'
import { startVaults, Vault } from './support/vault.ts'

describe('figures of a catalogue', () => {
  const head = (id: string, finishedAt: string, more: Partial<RecordHead> = {}): RecordHead => ({
    id,
    cluster: 'east',
    database: 'shop',
    name: 'nightly',
    set: 's',
    kind: 'full',
    startedAt: finishedAt,
    finishedAt,
    labels: [id],
    own: 1,
    tables: 1,
    partitions: 1,
    ...more,
  })
  const figures = (records: RecordHead[], databases?: string[], gone: string[] = []) =>
    catalogueFigures(
      {
        records,
        labels: new Set(records.flatMap(({ labels }) => labels).filter((one) => !gone.includes(one))),
        marked: new Set(),
      },
      [{ name: 'nightly', cluster: 'east', ...(databases ? { databases } : {}) }],
    )
  const time = (iso: string) => Date.parse(iso) / 1000

  it('tell the last good one: not what is damaged, lacks something, has lost a snapshot, or holds nothing', () => {
    const good = head('a', '2026-03-01T00:00:00Z', {
      bytes: 7,
      labels: ['f', 'a'],
      verified: { at: '1', mode: 'deep', ok: true },
    })
    const records = [
      good,
      head('b', '2026-03-02T00:00:00Z', { verified: { at: '2', mode: 'deep', ok: false } }),
      head('c', '2026-03-03T00:00:00Z', { lacking: ['orders'] }),
      head('d', '2026-03-04T00:00:00Z'),
      head('e', '2026-03-05T00:00:00Z', { labels: [], own: 0 }),
    ]
    expect(figures(records, ['shop'], ['d'])).toEqual([
      {
        cluster: 'east',
        database: 'shop',
        policy: 'nightly',
        lastGood: time('2026-03-01T00:00:00Z'),
        bytes: 7,
        chain: 2,
        verifiedOk: false,
      },
    ])
  })

  it('name databases that have none, leave out those that are not wanted any more, and keep what no policy made', () => {
    const at = '2026-03-01T00:00:00Z'
    const records = [head('a', at), head('b', at, { database: 'dropped' }), head('c', at, { name: 'by-hand' })]
    const seen = (databases?: string[]) =>
      figures(records, databases).map(({ policy, database, lastGood }) => `${policy} ${database} ${lastGood > 0}`)
    expect(seen(['shop', 'fresh']).sort()).toEqual(['by-hand shop true', 'nightly fresh false', 'nightly shop true'])
    // A cluster that cannot be asked: what the repository has.
    expect(seen().sort()).toEqual(['by-hand shop true', 'nightly dropped true', 'nightly shop true'])
  })
})

it('what is no good backup is counted by what it is, and is the last good one for nobody', async () => {
  const metrics = createMetrics()
  const note = { policy: 'p', cluster: 'east', database: 'shop', seconds: 1 }
  const deps = { metrics, clock: systemClock } as unknown as Dependencies
  for (const outcome of ['nothing', 'incomplete', 'ok'] as const) await noteBackup(deps, { ...note, outcome })
  await noteBackup(deps, { ...note, outcome: 'incomplete', recordless: true })
  const good = /^starferry_last_good_backup_timestamp_seconds\{/m
  const before = await metrics.registry.metrics()
  expect(before).not.toMatch(good)
  for (const outcome of ['nothing', 'ok']) expect(before).toContain(`{policy="p",outcome="${outcome}"} 1`)
  expect(before).toMatch(/^starferry_backup_seconds_count\{policy="p"\} 1$/m)
  // Of one without a record nobody but this worker will ever know.
  await noteBackup(deps, { ...note, outcome: 'ok', recordless: true })
  expect(await metrics.registry.metrics()).toMatch(good)
})

describe('metrics of the catalogue', () => {
  let server: S3Server
  let temporal: TestTemporal
  let east: LabCluster
  beforeAll(async () => {
    ;[server, temporal, east] = await Promise.all([
      startVaults(),
      startTemporal(),
      LabCluster.start({ name: 'east', version: '3.5' }),
    ])
  })
  afterAll(() => Promise.all([server?.stop(), temporal?.stop(), east?.stop()]))

  it('are the same from a worker that has just started; weekly policies are due weekly; what cannot be read is told', async () => {
    const made = await Vault.on(server, 'figures')
    await made.backup({ id: 'a', database: 'shop', name: 'weekly', finishedAt: '2026-03-01T00:00:00.000Z', bytes: 9 })
    for (const database of ['shop', 'fresh']) east.execute(`CREATE DATABASE ${database}`)
    const config = workerConfigSchema.parse({
      clusters: { east: accessTo(east) },
      repositories: {
        ...made.config,
        lost: { location: 's3a://nowhere/base', properties: server.properties },
        unseen: { location: 's3a://nowhere/base', access: { enabled: false } },
      },
    })
    await putPolicy(temporal.client, {
      name: 'weekly',
      cluster: 'east',
      repository: 'vault',
      objects: { databases: ['*'] },
      schedule: { cron: '0 3 * * 0' },
      paused: true,
    })
    const clusters = createClusters(config)
    const repositories = createRepositories(config)
    const scrape = async () => {
      const metrics = createMetrics()
      const catalogue = new CatalogueMetrics(
        {
          cluster: clusters.get,
          repository: repositories.get,
          repositoryNames: repositories.names,
          client: temporal.client,
          clock: systemClock,
        },
        metrics,
      )
      await catalogue.refresh()
      const text = await metrics.registry.metrics()
      return {
        catalogue,
        lines: text.split('\n').filter((line) => /^starferry_(last_|backup_|policy_|catalogue_)/.test(line)),
        metrics,
      }
    }
    try {
      const { lines, metrics, catalogue } = await scrape()
      // Born at 0: that the first one fails is an increase, and an alert.
      expect(await metrics.registry.metrics()).toContain('_backups_total{policy="weekly",outcome="failed"} 0')
      const figure = (of: string[], name: string, labels: string) =>
        Number(
          of
            .find((line) => line.startsWith(`starferry_${name}{${labels}}`))
            ?.split(' ')
            .at(-1) ?? Number.NaN,
        )
      const shop = 'cluster="east",database="shop",policy="weekly"'
      const good = 'last_good_backup_timestamp_seconds'
      expect(figure(lines, good, shop)).toBe(Date.parse('2026-03-01T00:00:00Z') / 1000)
      expect(figure(lines, good, 'cluster="east",database="fresh",policy="weekly"')).toBe(0)
      expect(figure(lines, 'backup_bytes', shop)).toBe(9)
      const due = new Date(figure(lines, 'policy_last_due_timestamp_seconds', 'policy="weekly"') * 1000)
      expect([due.getUTCDay(), due.getUTCHours(), due.getUTCMinutes()]).toEqual([0, 3, 0])
      expect(Date.now() - due.getTime()).toBeLessThan(7 * 86_400_000)
      expect(figure(lines, 'catalogue_read_timestamp_seconds', 'repository="vault"')).toBeGreaterThan(0)
      expect(figure(lines, 'catalogue_read_timestamp_seconds', 'repository="lost"')).toBe(0)
      expect(lines.join()).not.toContain('unseen')
      const read = /^starferry_catalogue_read/
      expect((await scrape()).lines.filter((line) => !read.test(line))).toEqual(
        lines.filter((line) => !read.test(line)),
      )

      // A database that is gone is gone here, too.
      east.execute('DROP DATABASE fresh FORCE')
      await catalogue.refresh()
      expect(await metrics.registry.metrics()).not.toContain('fresh')
    } finally {
      await Promise.all([clusters.close(), repositories.close()])
    }
  })
})
