import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { check } from '../../contract/check.ts'
import { migrationSpecSchema } from '../../contract/migration-spec.ts'
import { workerConfigSchema } from '../../contract/worker-config.ts'
import { KEY_TABLE } from '../../workers/properties/key-table.ts'
import { readSyncProperties } from '../../workers/properties/read-directory.ts'
import { starferry } from './run-starferry.ts'

const fixtures = path.resolve(import.meta.dirname, '../fixtures/client')
let directory: string
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'starferry-import-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

function oldFile(more: string): string {
  const text = readFileSync(path.join(fixtures, 'old/sync.properties'), 'utf8')
  writeFileSync(
    path.join(directory, 'sync.properties'),
    `${text}\nsource_fe_host=10.0.0.1\ntarget_fe_host=10.0.0.2\n${more}\n`,
  )
  return directory
}

describe('the newer file', () => {
  it('becomes clusters with the password decrypted, and a spec', () => {
    const { inputs, spec } = readSyncProperties(path.join(fixtures, 'new'), 'move')
    expect(inputs.source).toEqual({
      frontends: ['fe-1.source.example:19030'],
      user: 'migrator',
      password: 'secret',
      token: '11111111-2222-3333-4444-555555555555',
      connectTimeout: 15,
      statementTimeout: 90,
      connections: 8,
      addressMap: { '192.1.1.1': '10.1.1.1', '192.1.1.2': '10.1.1.2;9060:19060,8040:18040' },
    })
    expect(inputs.target).toMatchObject({ frontends: ['[2001:db8::7]:9030'], user: 'root', password: 'a=b!' })
    expect(inputs.target.addressMap).toEqual({ 'fe-0.starrocks.svc.cluster.local': '10.1.2.1' })
    expect(spec).toEqual({
      name: 'move',
      source: 'source',
      target: 'target',
      oneTime: true,
      include: ['shop', 'logs.events', 'odd.a[*]b'],
      exclude: ['shop.tmp'],
      placement: { replicationNumber: 3, persistentIndex: true },
      limits: { diskPercent: 85, bytesPerJob: '1024GB', ddlBatch: 20 },
      intervals: { metadata: 120, stale: 15 },
      allow: {
        dropTargetOnlyTables: false,
        recreateOnSchemaChange: true,
        resetDivergedPartitions: false,
        dropTargetOnlyPartitions: true,
        dropTargetOnlyViews: false,
        replaceViews: true,
      },
      sync: { bitmapIndexes: false, materializedViews: true, views: true, tableProperties: true },
    })
  })

  it('has a line for each key, and every key of the table is in it', () => {
    const { keys } = readSyncProperties(path.join(fixtures, 'new'))
    const named = keys.filter((key) => key.file === 'sync.properties').map((key) => key.key)
    expect(named.sort()).toEqual(Object.keys(KEY_TABLE).sort())
    expect(keys.find((key) => key.key === 'replication_job_batch_size')?.verdict).toBe('no effect')
    expect(keys.find((key) => key.key === 'meta_job_threads')?.verdict).toBe('changed in meaning')
    expect(keys.find((key) => key.key === 'include_data_list')?.verdict).toBe('kept')
  })
})

describe('the older file', () => {
  it('has other defaults: no limit of bytes per job', () => {
    const { spec } = readSyncProperties(oldFile('source_cluster_token=t-1'))
    expect(check(migrationSpecSchema, spec, 'spec').limits.bytesPerJob).toBe(1024 * 1024 ** 5)
    expect(spec.allow).toEqual({
      dropTargetOnlyTables: false,
      recreateOnSchemaChange: true,
      resetDivergedPartitions: true,
      dropTargetOnlyPartitions: true,
    })
  })

  it('is found in conf/, where the tool keeps it', () => {
    oldFile('')
    const conf = path.join(directory, 'tool/conf')
    mkdirSync(conf, { recursive: true })
    cpSync(path.join(directory, 'sync.properties'), path.join(conf, 'sync.properties'))
    expect(readSyncProperties(path.join(directory, 'tool')).inputs.source.frontends).toEqual(['10.0.0.1:9030'])
  })

  it('allows nothing that it does not say, and tells so', () => {
    writeFileSync(path.join(directory, 'sync.properties'), 'source_fe_host=a\ntarget_fe_host=b\n')
    const { spec, keys } = readSyncProperties(directory)
    expect(spec.allow).toBeUndefined()
    const told = keys.filter((key) => key.note.includes('not in the file'))
    expect(told.map((key) => key.key)).toEqual([
      'ddl_job_allow_drop_schema_change_table',
      'ddl_job_allow_drop_inconsistent_partition',
      'ddl_job_allow_drop_partition_target_only',
      'enable_bitmap_index_sync',
      'enable_materialized_view_sync',
      'enable_view_sync',
      'ddl_job_allow_drop_inconsistent_view',
    ])
  })
})

describe('bad input is one clear error', () => {
  it.each([
    [
      'an unknown key',
      'target_cluster_replication_nums=3',
      /unknown key 'target_cluster_replication_nums'; the nearest valid one is 'target_cluster_replication_num'/,
    ],
    [
      'no number',
      'meta_job_interval_seconds=soon',
      /line \d+: meta_job_interval_seconds is 'soon': write a whole number of at least 1/,
    ],
    ['no percentage', 'target_cluster_max_disk_used_percent=120', /from 1 to 100/],
    ['no truth value', 'one_time_run_mode=yes', /one_time_run_mode is 'yes': write true or false/],
    [
      'a password and key that do not fit',
      'source_cluster_password=abc\nsource_cluster_password_secret_key=k',
      /source_cluster_password cannot be decrypted with source_cluster_password_secret_key/,
    ],
    ['a broken escape', 'include_data_list=\\u00', /\\u must be followed by four hexadecimal digits/],
  ])('%s', (_, line, message) => {
    expect(() => readSyncProperties(oldFile(line))).toThrow(message)
  })

  it('a hosts.properties that is none', () => {
    oldFile('')
    writeFileSync(path.join(directory, 'hosts.properties'), 'SRC_a=b\nSOURCE_c=d;x:y\n')
    expect(() => readSyncProperties(directory)).toThrow(/line 1: unknown key 'SRC_a'.*line 2: SOURCE_c is 'd;x:y'/s)
  })
})

describe('starferry import', () => {
  it('prints two YAML documents that the product itself takes, without secrets', async () => {
    const { code, stdout, stderr } = await starferry(['import', path.join(fixtures, 'new'), '--name', 'move'])
    expect(code).toBe(0)
    const [config, spec] = parseAllDocuments(stdout).map((document) => document.toJS())
    expect(check(workerConfigSchema, config, 'config').clusters.source?.password).toBe('${env:SOURCE_PASSWORD}')
    expect(check(migrationSpecSchema, spec, 'spec').name).toBe('move')
    expect(stderr).toMatch(/^report_interval_seconds\s+no effect\s+\S/m)
    expect(stderr).toMatch(/set SOURCE_PASSWORD to the value of source_cluster_password/)
    for (const secret of ['secret"', 'a=b!', '11111111-2222']) expect(stdout + stderr).not.toContain(secret)
  })

  it('--json prints one object, --with-secrets what is decrypted', async () => {
    const plain = await starferry(['import', path.join(fixtures, 'new'), '--json'])
    expect(JSON.parse(plain.stdout)).toMatchObject({
      spec: { name: 'sync' },
      variables: [{ variable: 'SOURCE_PASSWORD' }, {}, {}],
    })
    const open = await starferry(['import', path.join(fixtures, 'new'), '--json', '--with-secrets'])
    expect(JSON.parse(open.stdout).config.clusters.target.password).toBe('a=b!')
  })

  it('--out writes both files and overwrites none', async () => {
    const out = path.join(directory, 'out')
    expect((await starferry(['import', path.join(fixtures, 'new'), '--out', out])).code).toBe(0)
    expect(readFileSync(path.join(out, 'starferry.yaml'), 'utf8')).toMatch(/^clusters:/)
    expect(readFileSync(path.join(out, 'migration.yaml'), 'utf8')).toMatch(/^name: sync/)
    const again = await starferry(['import', path.join(fixtures, 'new'), '--out', out])
    expect(again.code).toBe(2)
    expect(again.stderr).toMatch(/starferry.yaml.*exists already/)
  })

  it('exits 2 for a directory that is none', async () => {
    const { code, stderr } = await starferry(['import', path.join(directory, 'nowhere')])
    expect(code).toBe(2)
    expect(stderr).toMatch(/nowhere: is no directory/)
  })
})
