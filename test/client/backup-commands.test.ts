import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { commandStage, fillShop, PASSWORD, PATIENCE } from './command-stage.ts'

const stage = commandStage(['production'])
const WHERE = ['--cluster', 'production', '--repository', 'vault']
const REPOSITORY = ['--repository', 'vault']
const cluster = () => stage.cluster('production')
const ids = async (...args: string[]): Promise<string[]> =>
  (await stage.json('backup', 'list', ...REPOSITORY, ...args)).rows.map(({ id }: { id: string }) => id)

beforeAll(() => {
  fillShop(cluster())
  cluster().execute('CREATE DATABASE logs')
  cluster().execute(
    "CREATE TABLE logs.events (id INT NOT NULL) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES ('replication_num' = '1')",
  )
  cluster().execute('INSERT INTO logs.events VALUES (1)')
})
afterEach(() => cluster().faults.clear())

describe('backups from the command line', () => {
  it('nothing is there yet, and said so', async () => {
    expect((await stage.run('backup', 'list', ...REPOSITORY)).stdout).toMatch(/^no backups$/m)
    expect((await stage.run('backup', 'status')).stdout).toBe('no backups\n')
    expect((await stage.run('status')).stdout).toBe('nothing runs\n')
    expect(await stage.json('status')).toEqual({ migrations: [], backups: [], restores: [], others: [] })
  })

  it('run --watch: follows to the end, says what came of each database', async () => {
    const { code, stdout } = await stage.run('backup', 'run', ...WHERE, '--database', 'shop', '--watch')
    expect(stdout).toMatch(/^started manual-production {2}production → vault, workflow backup\/manual-production$/m)
    expect(stdout).toMatch(/^backed up manual-production {2}1 database, /m)
    expect(stdout).toMatch(
      /^ {2}shop {2}full {2}sf_shop_\w+ {2}\d.* verified: ok {2}not in it: \d+ things that snapshots do not hold$/m,
    )
    expect(code).toBe(0)
    cluster().execute("INSERT INTO shop.orders PARTITION (p1) VALUES (2, 'c')")
    const second = await stage.json('backup', 'run', ...WHERE, '--database', 'shop', '--watch')
    expect(second).toMatchObject({ ok: true, backups: [{ database: 'shop', kind: 'differential', chain: 2 }] })
  })

  it('a file amended by flags; --full; tables and partitions by glob', async () => {
    stage.file('once.yaml', {
      name: 'once',
      cluster: 'production',
      repository: 'vault',
      objects: { databases: ['shop'] },
    })
    const whole = await stage.json('backup', 'run', 'once.yaml', '--full', '--database', 'logs', '--watch')
    expect(whole.backups).toMatchObject([{ database: 'logs', kind: 'full' }])
    const part = ['--table', 'shop.ord*', '--partition', 'p1', '--name', 'part']
    const some = await stage.json('backup', 'run', ...WHERE, ...part, '--watch')
    const { objects } = await stage.json('backup', 'show', some.backups[0].id, ...REPOSITORY)
    expect(objects).toMatchObject([{ name: 'orders', partitions: [{ name: 'p1' }] }])
  })

  it('list, show, verify: from the repository, and the same without Temporal and worker', async () => {
    const text = (await stage.run('backup', 'list', ...REPOSITORY, '--database', 'shop')).stdout
    expect(text).toMatch(/^BACKUP +DATABASE +KIND +FINISHED +TABLES +PARTITIONS +SIZE +CHAIN +STATE +FROM$/m)
    expect(text).toMatch(/^sf_shop_\w+ +shop +differential .* 2 +complete, verified \(sample\) +production/m)
    const all = await ids()
    expect(all).toHaveLength(4)
    const [, differential = ''] = await ids('--database', 'shop')
    const shown = await stage.run('backup', 'show', differential, ...REPOSITORY)
    expect(shown.stdout).toMatch(/^snapshots {2}sf_shop_\w+, then sf_shop_\w+$/m)
    expect(shown.stdout).toMatch(/^ {2}p1 {2}version \d+, in sf_shop_\w+, 2 rows$/m)
    const verified = await stage.run('backup', 'verify', ...REPOSITORY, '--deep')
    expect(verified).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^whole {2}4 of 4 backups can be restored/),
    })

    const direct = [...REPOSITORY, '--direct', '--config', stage.configFile]
    const alone = { TEMPORAL_ADDRESS: '127.0.0.1:9' }
    const { starferryHere } = await import('./run-starferry.ts')
    const here = async (...args: string[]) => starferryHere([...args, ...direct], { env: alone, cwd: stage.directory })
    const listed = await here('backup', 'list', '--json')
    expect(JSON.parse(listed.stdout).rows.map(({ id }: { id: string }) => id)).toEqual(all)
    // It has been verified meanwhile.
    const same = (text: string) => text.slice(text.indexOf('snapshots')).replace(/^verified .*$/m, '')
    expect(same((await here('backup', 'show', differential)).stdout)).toBe(same(shown.stdout))
    expect((await here('backup', 'verify')).stdout).toMatch(/^whole {2}4 of 4 backups/)
  })

  it('a damaged object: verify exits 1 and names it, the list shows what cannot be restored', async () => {
    const { readdirSync, rmSync } = await import('node:fs')
    const [id = ''] = await ids('--database', 'logs')
    const data = readdirSync(stage.s3.dir, { recursive: true, encoding: 'utf8' }).find(
      (file) => file.includes(`__ss_${id}/`) && file.includes('.hdr.'),
    )
    rmSync(`${stage.s3.dir}/${data}`)
    const { code, stdout } = await stage.run('backup', 'verify', ...REPOSITORY, '--backup', id)
    expect(code).toBe(1)
    expect(stdout).toMatch(new RegExp(`^damaged {2}${id}: `, 'm'))
    expect(stdout).toMatch(new RegExp(`^cannot be restored {2}${id}$`, 'm'))
    expect((await stage.run('backup', 'list', ...REPOSITORY, '--database', 'logs')).stdout).toMatch(
      / damaged: verification \(sample\) found damage/,
    )
  })

  it('status while it works: the job, its state; cancel ends it, and its job on the cluster', async () => {
    cluster().execute("INSERT INTO shop.orders PARTITION (p2) VALUES (12, 'd')")
    cluster().faults.inject({ kind: 'stick-snapshot', state: 'UPLOADING' })
    const before = await ids()
    await stage.run('backup', 'run', ...WHERE, '--database', 'shop', '--name', 'long')
    const again = await stage.run('backup', 'run', ...WHERE, '--database', 'shop', '--name', 'long')
    expect(again).toMatchObject({ code: 1, stderr: expect.stringMatching(/'long' runs already/) })
    await expect
      .poll(async () => (await stage.json('backup', 'status', 'long')).jobs[0]?.state, PATIENCE)
      .toBe('UPLOADING')
    const status = (await stage.run('backup', 'status', 'long')).stdout
    expect(status).toMatch(/^long {2}running {2}production → vault$/m)
    expect(status).toMatch(/0 of 1 database/)
    expect(status).toMatch(/^ {2}shop {2}UPLOADING {2}sf_shop_/m)
    expect((await stage.run('status')).stdout).toBe(status)
    const cancelled = await stage.run('backup', 'cancel', 'long')
    expect(cancelled).toMatchObject({ code: 0, stdout: expect.stringMatching(/^cancelling long/) })
    await expect
      .poll(async () => (await stage.json('backup', 'status', 'long')).status.state, PATIENCE)
      .toBe('cancelled')
    expect(await ids()).toEqual(before)
    expect((await stage.run('backup', 'status')).stdout).toMatch(/^long +cancelled /m)
    const late = await stage.run('backup', 'cancel', 'long')
    expect(late).toMatchObject({ code: 1, stderr: expect.stringMatching(/The backup 'long' has ended/) })
  })

  it("somebody else's job: waited for and named; never cancelled", async () => {
    const fault = cluster().faults.inject({ kind: 'stick-snapshot', job: 'backup', label: 'theirs' })
    await cluster().run('BACKUP DATABASE shop SNAPSHOT theirs TO vault ON (TABLE customers)')
    const refused = await stage.run('backup', 'cancel', 'theirs')
    expect(refused).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/no backup called 'theirs'.*other clients/s),
    })
    await stage.run('backup', 'run', ...WHERE, '--database', 'shop', '--full', '--name', 'patient')
    await expect.poll(async () => (await stage.run('backup', 'status', 'patient')).stdout, PATIENCE).toMatch(/theirs/)
    fault.clear()
    const end = await stage.json('backup', 'status', 'patient', '--watch')
    expect(end).toMatchObject({ ok: true, backups: [{ database: 'shop', kind: 'full' }] })
  })

  it('a database that is not there: exit 1 before anything is sent, unless that is to be gone on in spite of', async () => {
    const both = [...WHERE, '--database', 'shop', '--database', 'shp', '--watch']
    const refused = await stage.run('backup', 'run', ...both, '--name', 'half')
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringMatching(/no database shp.*database-missing/) })
    const { code, stdout } = await stage.run('backup', 'run', ...both, '--name', 'rest', '--ignore', 'database-missing')
    expect(code).toBe(1)
    expect(stdout).toMatch(/^incomplete rest {2}1 of 2 databases failed$/m)
    expect(stdout).toMatch(/^ {2}shp: .*no such database/m)
    expect(stdout).toMatch(/^ {2}shop {2}/m)
  })

  it('wrong input: exit 2, one clear error, nothing is started', async () => {
    const cases: [string[], RegExp][] = [
      [['backup', 'run', ...WHERE], /says not what to back up/],
      [['backup', 'run', '--database', 'shop'], /cluster|name/],
      [['backup', 'run', ...WHERE, '--database', 'shop', '--full', '--incremental'], /not both/],
      [['backup', 'run', ...WHERE, '--database', 'shop', '--incremental', 'sometimes'], /neither differential nor/],
      [['backup', 'run', ...WHERE, '--database', 'shop', '--timeout', '5'], /timeout/],
      [['backup', 'prune', ...REPOSITORY], /says not what to keep/],
      [['backup', 'list'], /--repository/],
    ]
    for (const [args, message] of cases)
      expect(await stage.run(...args)).toMatchObject({ code: 2, stderr: expect.stringMatching(message) })
    stage.file('typo.yaml', { name: 'x', cluster: 'production', repository: 'vault', objects: { database: ['shop'] } })
    expect((await stage.run('backup', 'run', 'typo.yaml')).stderr).toMatch(
      /objects\.database'; the nearest valid one is 'databases'/,
    )
    const unknown = await stage.run('backup', 'show', 'nothing', ...REPOSITORY)
    expect(unknown).toMatchObject({ code: 1, stderr: expect.stringMatching(/no backup .*'nothing'/) })
  })

  it('prune: a plan; only with --yes it deletes', async () => {
    const before = await ids()
    const plan = await stage.run('backup', 'prune', ...REPOSITORY, '--policy', 'manual-production', '--last', '1')
    expect(plan.code).toBe(0)
    expect(plan.stdout).toMatch(/^keep +sf_shop_/m)
    expect(await ids()).toEqual(before)
    const rules = [...REPOSITORY, '--policy', 'part', '--last', '1']
    const done = await stage.json('backup', 'prune', ...rules, '--yes')
    expect(done).toMatchObject({ deleted: 0, failures: [], delete: [] })
  })

  it('none of it showed a secret', () => {
    for (const secret of [PASSWORD, stage.s3.secretKey]) {
      expect(stage.printed).not.toContain(secret)
      expect(stage.workerLog()).not.toContain(secret)
    }
  })
})
