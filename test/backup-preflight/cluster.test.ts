import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { S3Server } from '../../client/s3-server/s3-server.ts'
import { StarRocksCluster } from '../../starrocks/index.ts'
import { fill } from '../metadata/lab-pair.ts'
import { startTestS3 } from '../support/s3-server.ts'
import { until } from '../support/until.ts'
import { codes, fatalCodes, find, PreflightStage } from './stage.ts'

let s3: S3Server
let stage: PreflightStage
beforeAll(async () => {
  s3 = await startTestS3()
})
afterEach(() => stage.stop())
afterAll(() => s3?.stop())

const start = async (options: Parameters<typeof PreflightStage.start>[1] = {}) => {
  stage = await PreflightStage.start(s3, options)
  stage.execute(
    'CREATE DATABASE shop',
    "CREATE TABLE shop.t (id INT) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 2 PROPERTIES ('replication_num' = '1')",
  )
}

describe('a sound cluster', () => {
  test.each(['3.1', '3.3', '3.5', '4.1'] as const)(
    'of %s has nothing fatal, and is not changed by looking',
    async (version) => {
      await start({ version })
      stage.execute('DROP DATABASE shop')
      fill(stage.lab)
      const before = JSON.stringify([[...stage.lab.state.databases.keys()], [...stage.lab.state.config]])
      const result = await stage.look()
      expect(fatalCodes(result)).toEqual([])
      expect(result.ok).toBe(true)
      expect(result.facts).toMatchObject({ databases: '3', repository: 'vault', data: expect.stringMatching(/KB$/) })
      expect(find(result, 'external-table').message).toContain('shop.ext_mysql')
      expect(JSON.stringify([[...stage.lab.state.databases.keys()], [...stage.lab.state.config]])).toBe(before)
      expect(stage.lab.backupJobs).toEqual([])
    },
  )
})

describe('clusters that cannot be used: one clear finding', () => {
  test('unknown', async () => {
    await start()
    const result = await stage.look({ databases: ['*'] }, { cluster: 'nowhere' })
    expect(codes(result)).toEqual(['unknown-cluster'])
  })

  test('a wrong password', async () => {
    await start()
    stage.lab.state.users.set('root', { name: 'root', password: 'right', privileges: new Set(['ALL']) })
    const result = await stage.look()
    expect(codes(result)).toEqual(['login-refused'])
    expect(JSON.stringify(result)).not.toContain('right')
  })

  test('not there: told to a person; a policy waits', async () => {
    await start()
    const gone = new StarRocksCluster({
      name: 'lab',
      frontends: [{ host: '127.0.0.1', port: 9 }],
      user: 'root',
      password: '',
    })
    stage.use(gone)
    expect(codes(await stage.look())).toEqual(['cluster-unreachable'])
    await expect(stage.lookPatiently()).rejects.toMatchObject({ type: 'Unreachable' })
  })

  test('shared data: the reason, and what exists instead', async () => {
    stage = await PreflightStage.start(s3, { version: '4.1', runMode: 'shared_data', repository: false })
    const result = await stage.look()
    expect(codes(result)).toEqual(['shared-data'])
    expect(result.ok).toBe(false)
    expect(find(result, 'shared-data').remedy).toContain('ADMIN SET AUTOMATED CLUSTER SNAPSHOT ON')
  })
})

describe('the repository', () => {
  test('is not on the cluster, and its definition has mistakes', async () => {
    await start({ repository: false })
    expect(find(await stage.look(), 'repository-missing')).toMatchObject({
      level: 'fatal',
      remedy: 'Create it: starferry repo create vault --cluster lab',
    })
    const crooked = await stage.look({ databases: ['*'] }, { repository: 'crooked' })
    expect(fatalCodes(crooked)).toContain('repository-definition')
    expect(crooked.findings.map(({ message }) => message).join()).toContain('slash at the end')
  })

  test('is unknown to the worker', async () => {
    await start()
    const result = await stage.look({ databases: ['*'] }, { repository: 'valut' })
    expect(find(result, 'unknown-repository').message).toContain("did you mean 'vault'")
  })

  test('lies elsewhere on the cluster', async () => {
    await start({ repository: false })
    await stage.createRepository('vault', { location: 's3a://backups/other' })
    expect(find(await stage.look(), 'repository-elsewhere')).toMatchObject({
      level: 'fatal',
      message: expect.stringContaining('s3a://backups/other'),
    })
  })

  test('is read-only', async () => {
    await start({ repository: false })
    await stage.createRepository('vault', { readOnly: true })
    expect(fatalCodes(await stage.look())).toEqual(['repository-read-only'])
  })

  test('cannot be reached from here: what then does not work', async () => {
    await start({ repository: false })
    await stage.createRepository('away', { location: 's3a://backups/away' })
    const result = await stage.look({ databases: ['*'] }, { repository: 'away' })
    expect(find(result, 'store-unreachable')).toMatchObject({
      level: 'warning',
      remedy: expect.stringContaining('nothing is incremental, verified or counted'),
    })
    expect(result.ok).toBe(true)
  })

  test('nothing answers at its endpoint', async () => {
    await start({ repository: false })
    await stage.createRepository('dead', { location: 's3a://backups/dead' })
    expect(find(await stage.look({ databases: ['*'] }, { repository: 'dead' }), 'store-unreachable').level).toBe(
      'warning',
    )
  })

  test('is not where the worker looks', async () => {
    const other = await startTestS3()
    try {
      await start({ repository: false, otherEndpoint: other.endpoint })
      await stage.createRepository('elsewhere', { location: 's3a://backups/one' })
      const result = await stage.look({ databases: ['*'] }, { repository: 'elsewhere' })
      expect(fatalCodes(result)).toEqual(['store-elsewhere'])
    } finally {
      await other.stop()
    }
  })
})

describe('privileges', () => {
  const login = (privileges: string[], ...grants: string[]) => {
    stage.execute(
      "CREATE USER weak IDENTIFIED BY 'pw'",
      ...privileges.map((one) => `GRANT ${one} ON SYSTEM TO USER weak`),
      ...grants,
    )
    stage.loginAs('weak', 'pw')
  }

  test('OPERATE is missing', async () => {
    await start()
    login([])
    const result = await stage.look()
    expect(new Set(codes(result))).toEqual(new Set(['privilege-missing']))
    expect(result.findings[0]?.remedy).toContain('GRANT OPERATE ON SYSTEM')
  })

  test('REPOSITORY is missing', async () => {
    await start()
    login(['OPERATE'], 'GRANT SELECT, EXPORT ON ALL TABLES IN ALL DATABASES TO USER weak')
    const result = await stage.look()
    expect(find(result, 'privilege-missing')).toMatchObject({
      level: 'fatal',
      remedy: expect.stringContaining("GRANT REPOSITORY ON SYSTEM TO USER 'weak'"),
    })
    expect(codes(result)).not.toContain('privilege-unproven')
  })

  test.each([
    ['none', [], true],
    ['on another database', ['GRANT EXPORT ON ALL TABLES IN DATABASE other TO USER weak'], true],
    ['on the database', ['GRANT SELECT, EXPORT ON ALL TABLES IN DATABASE shop TO USER weak'], false],
    ['on the table', ['GRANT EXPORT ON TABLE shop.t TO USER weak'], false],
    [
      'by a role',
      ['CREATE ROLE r', 'GRANT EXPORT ON ALL TABLES IN ALL DATABASES TO ROLE r', 'GRANT r TO USER weak'],
      false,
    ],
    ['by the builtin role', ['GRANT db_admin TO USER weak'], false],
  ])('EXPORT: %s', async (_, grants, told) => {
    await start()
    stage.execute('CREATE DATABASE other')
    login(['OPERATE', 'REPOSITORY', 'GRANT'], 'GRANT SELECT ON ALL TABLES IN ALL DATABASES TO USER weak', ...grants)
    const result = await stage.look({ databases: ['shop'] })
    expect(fatalCodes(result)).toEqual([])
    expect(codes(result).includes('privilege-unproven')).toBe(told)
    if (told) expect(find(result, 'privilege-unproven').remedy).toContain('GRANT EXPORT ON ALL TABLES IN')
  })

  test('accounts cannot be read for the companion file', async () => {
    await start()
    login(['OPERATE', 'REPOSITORY'], 'GRANT SELECT, EXPORT ON ALL TABLES IN ALL DATABASES TO USER weak')
    expect(find(await stage.look(), 'accounts-unreadable')).toMatchObject({ level: 'warning' })
    expect(codes(await stage.look({ databases: ['*'] }, { companion: false }))).not.toContain('accounts-unreadable')
  })
})

describe('nodes, jobs and settings', () => {
  test('backends that are down, and all of them', async () => {
    await start()
    stage.lab.faults.inject({ kind: 'node-down', node: 1, how: 'dead' })
    const one = await stage.look()
    expect(one.ok).toBe(true)
    expect(find(one, 'backend-down').level).toBe('warning')
    for (const node of [0, 2]) stage.lab.faults.inject({ kind: 'node-down', node, how: 'dead' })
    expect(fatalCodes(await stage.look())).toEqual(['no-backends'])
  })

  test('a disk that is nearly full', async () => {
    await start()
    stage.lab.faults.inject({ kind: 'disk-usage', node: 0, percent: 96 })
    expect(find(await stage.look(), 'backend-disk-full').message).toContain('96')
  })

  test('somebody’s job in the database; one elsewhere is nobody’s business', async () => {
    await start()
    stage.execute('CREATE DATABASE other')
    stage.lab.faults.inject({ kind: 'stick-snapshot' })
    await stage.lab.run('BACKUP SNAPSHOT shop.someones TO vault')
    const found = find(await stage.look(), 'job-running')
    expect(found).toMatchObject({ level: 'warning', subject: 'shop' })
    expect(found.message).toMatch(/database shop of lab is taken by backup someones \([A-Z_]+\)/)
    expect(codes(await stage.look({ databases: ['other'] }))).not.toContain('job-running')
    stage.execute('CANCEL BACKUP FROM shop')
    await until('the job has ended', async () => !codes(await stage.look()).includes('job-running') || undefined)
  })

  test('a job with our own prefix is told as such', async () => {
    await start()
    stage.lab.faults.inject({ kind: 'stick-snapshot' })
    await stage.lab.run('BACKUP SNAPSHOT shop.sf_shop_1 TO vault')
    expect(find(await stage.look(), 'job-running').level).toBe('info')
  })

  test.each([
    ['3.1', true],
    ['3.5', false],
  ] as const)('one thread for uploads: %s', async (version, told) => {
    await start({ version })
    expect(codes(await stage.look()).includes('one-upload-thread')).toBe(told)
  })

  test('a job may take longer than local snapshots live', async () => {
    await start()
    const found = find(await stage.look({ databases: ['*'] }, { timeout: 300_000 }), 'snapshots-expire')
    expect(found.message).toContain('172800')
  })

  test('uploads are throttled', async () => {
    await start()
    const setting = { type: 'int', mutable: true, aliases: '[]', comment: '' }
    stage.lab.state.config.set('max_upload_task_per_be', { ...setting, value: '4' })
    expect(find(await stage.look(), 'uploads-throttled').message).toContain('4 tasks')
  })

  test('bugs of the version, and only those that matter', async () => {
    await start({ version: '3.1' })
    const result = await stage.look()
    const bugs = result.findings.filter(({ code }) => code === 'known-bug')
    expect(bugs.map(({ message }) => message).join()).toContain('curlCode: 28')
    expect(bugs.map(({ message }) => message).join()).not.toContain('same time for two databases')
    await stage.stop()
    await start({ version: '4.1' })
    expect(codes(await stage.look())).not.toContain('known-bug')
  })

  test('clocks differ', async () => {
    await start()
    stage.clockIs(() => Date.now() + 600_000)
    const found = (await stage.look()).findings.filter(({ code }) => code === 'clock-difference')
    expect(found.map(({ message }) => message).sort()).toEqual([
      expect.stringContaining('The clock of lab is 10 minutes behind'),
      expect.stringContaining('The clock of storage of vault is 10 minutes behind'),
    ])
  })

  test('a webhook that nobody knows', async () => {
    await start()
    const notify = { webhook: '${webhook:oncall}' }
    const result = await stage.lookAt(stage.policy({ databases: ['*'] }, { notify }))
    expect(find(result, 'unknown-webhook').level).toBe('warning')
  })
})
