import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { commandStage, fillShop, PASSWORD, PATIENCE } from './command-stage.ts'

const stage = commandStage(['production', 'other'])
const FROM = ['--repository', 'vault', '--database', 'shop']
const HERE = ['--cluster', 'production', ...FROM]
const cluster = () => stage.cluster('production')
const rows = (sql: string, name = 'production') => stage.cluster(name).execute(sql).rows
const orders = () => rows('SELECT id FROM shop.orders ORDER BY id').map(([id]) => String(id))

let backup = ''
beforeAll(async () => {
  fillShop(cluster())
  const made = await stage.json('backup', 'run', ...HERE, '--watch')
  backup = made.backups[0].id
  cluster().execute("INSERT INTO shop.orders PARTITION (p1) VALUES (2, 'c')")
  await stage.run('backup', 'run', ...HERE, '--watch')
  cluster().execute('DELETE FROM shop.orders WHERE id < 5')
})
afterEach(() => {
  cluster().faults.clear()
})

describe('restores from the command line', () => {
  it('plan: route, outage, every statement in order; changes nothing', async () => {
    const { code, stdout } = await stage.run('restore', 'plan', ...HERE, '--table', 'orders', '--label', backup)
    expect(code).toBe(0)
    expect(stdout).toMatch(new RegExp(`^${backup} {2}full of shop on production, `, 'm'))
    expect(stdout).toMatch(/^swap {2}.*beside it/m)
    expect(stdout).toMatch(/^ {2}1 object: shop\.orders$/m)
    expect(stdout).toMatch(/^1\. [\s\S]*RESTORE SNAPSHOT [\s\S]*^3\. [\s\S]*SWAP WITH/m)
    const chain = await stage.json('restore', 'plan', ...HERE, '--table', 'orders')
    expect(chain).toMatchObject({ routes: [{ object: 'shop.orders', route: 'rebackup-swap' }] })
    expect(chain.chain).toHaveLength(2)
    expect(await stage.run('restore', 'run', ...HERE, '--table', 'orders', '--plan')).toMatchObject({ code: 0 })
    expect((await stage.run('restore', 'status')).stdout).toBe('no restores\n')
    expect(orders()).toEqual(['11'])
  })

  it('run --watch until it waits; status; publish takes the name, once', async () => {
    const run = await stage.run('restore', 'run', ...HERE, '--table', 'orders', '--name', 'rescue', '--watch')
    expect(run.code).toBe(0)
    expect(run.stdout).toMatch(/^started rescue {2}vault → production, workflow restore\/rescue$/m)
    expect(run.stdout).toMatch(/^ {4}starferry restore publish rescue$/m)
    expect(orders()).toEqual(['11'])
    expect((await stage.run('restore', 'status', 'rescue')).stdout).toMatch(/^rescue {2}ready /m)
    expect((await stage.run('status')).stdout).toMatch(/^rescue {2}ready /m)
    const twice = await stage.run('restore', 'run', ...HERE, '--table', 'orders', '--name', 'rescue')
    expect(twice).toMatchObject({ code: 1, stderr: expect.stringMatching(/'rescue' runs already/) })
    const published = await stage.run('restore', 'publish', 'rescue')
    expect(published.stdout).toMatch(
      /^restored rescue {2}1 table, 2 partitions, .*rows of \d+ partitions counted and equal$/m,
    )
    expect(published.code).toBe(0)
    expect(orders()).toEqual(['1', '2', '11'])
    const late = await stage.run('restore', 'publish', 'rescue')
    expect(late).toMatchObject({ code: 1, stderr: expect.stringMatching(/'rescue' has ended \(finished\)/) })
    expect(await stage.run('restore', 'discard', 'rescu')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/did you mean 'rescue'/),
    })
  })

  it('discard: what was restored is gone, live data never moved', async () => {
    const args = ['--table', 'orders', '--label', backup, '--name', 'no-thanks', '--watch']
    expect(await stage.json('restore', 'run', ...HERE, ...args)).toMatchObject({ status: { state: 'ready' } })
    const tables = () => rows('SHOW TABLES FROM shop').map(([name]) => String(name))
    expect(tables().some((name) => /^orders__sf_/.test(name))).toBe(true)
    const { code, stdout } = await stage.run('restore', 'discard', 'no-thanks')
    expect(stdout).toMatch(/^taken back no-thanks {2}it was discarded; everything that it made was removed/m)
    expect(code).toBe(0)
    expect(tables().some((name) => /^orders__sf_/.test(name))).toBe(false)
    expect(orders()).toEqual(['1', '2', '11'])
  })

  it('discard of a restore over the live table that has not begun: nothing is left, and it says so', async () => {
    const label = `foreign_${Date.now()}`
    cluster().faults.inject({ kind: 'stick-snapshot', job: 'backup', label })
    await cluster().run(`BACKUP DATABASE shop SNAPSHOT ${label} TO vault`)
    await stage.run('restore', 'run', ...HERE, '--table', 'orders', '--label', backup, '--in-place', '--name', 'over')
    await expect
      .poll(async () => (await stage.json('restore', 'status', 'over')).status.stepsDone, PATIENCE)
      .toBeGreaterThan(0)
    const { code, stdout } = await stage.run('restore', 'discard', 'over')
    expect(stdout).toMatch(/^taken back over {2}it was discarded; .*live tables are as they were$/m)
    expect(code).toBe(0)
    expect(orders()).toEqual(['1', '2', '11'])
    cluster().faults.clear()
  })

  it('cancel while a job runs: its job is cancelled, what it made is removed', async () => {
    cluster().faults.inject({ kind: 'stick-snapshot', job: 'restore', state: 'DOWNLOADING' })
    await stage.run('restore', 'run', ...HERE, '--table', 'orders', '--label', backup, '--name', 'long')
    await expect
      .poll(async () => (await stage.json('restore', 'status', 'long')).job?.state, PATIENCE)
      .toBe('DOWNLOADING')
    const status = (await stage.run('restore', 'status', 'long')).stdout
    expect(status).toMatch(/^long {2}restoring /m)
    expect(status).toMatch(/^ {2}shop {2}DOWNLOADING {2}/m)
    expect((await stage.run('restore', 'cancel', 'long')).stdout).toMatch(/^cancelling long/)
    await expect
      .poll(async () => (await stage.json('restore', 'status', 'long')).status.state, PATIENCE)
      .toBe('cancelled')
    expect(await stage.run('restore', 'cancel', 'theirs')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/no restore called 'theirs'.*other clients/s),
    })
  })

  it('to another cluster, under another name, published at once', async () => {
    const { code, stdout } = await stage.run(
      ...['restore', 'run', '--cluster', 'other', ...FROM, '--from-cluster', 'production', '--as', 'shop_again'],
      ...['--as-of', '2999-01-01', '--publish', 'auto', '--name', 'moved', '--watch'],
    )
    expect(stdout).toMatch(/^restored moved {2}2 tables/m)
    expect(code).toBe(0)
    expect(rows('SELECT COUNT(*) FROM shop_again.orders', 'other').map(([n]) => String(n))).toEqual(['3'])
  })

  it('companion: printed as a script, run on a cluster, what is there already stays', async () => {
    const printed = await stage.run('restore', 'companion', backup, '--repository', 'vault')
    expect(printed.code).toBe(0)
    expect(printed.stdout).toMatch(/^-- starferry companion 1/)
    expect(printed.stdout).toMatch(/CREATE VIEW/)
    const where = ['--repository', 'vault', '--cluster', 'production', '--apply', '--kind', 'database']
    const applied = await stage.run('restore', 'companion', backup, ...where)
    expect(applied).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\d+ made, \d+ were there already, 0 failed$/m),
    })
    const nowhere = await stage.run('restore', 'companion', backup, '--repository', 'vault', '--apply')
    expect(nowhere).toMatchObject({ code: 2, stderr: expect.stringMatching(/give --cluster/) })
    const unknown = await stage.run('restore', 'companion', 'nothing', '--repository', 'vault')
    expect(unknown).toMatchObject({ code: 1, stderr: expect.stringMatching(/no companion file/) })
  })

  it('wrong input: exit 2; what is not in a backup: exit 1; nothing is changed', async () => {
    const cases: [string[], number, RegExp][] = [
      [['--cluster', 'production', '--repository', 'vault'], 2, /says not what to restore/],
      [[...HERE, '--aside', '--in-place'], 2, /not both/],
      [[...HERE, '--as-of', 'yesterday'], 2, /'yesterday' is no time/],
      [[...HERE, '--label', backup, '--as-of', '2026-01-01'], 2, /not both/],
      [[...HERE, '--partition', 'orders'], 2, /table=partition/],
      [[...HERE, '--rename-table', 'orders'], 2, /old=new/],
      [[...HERE, '--as-of', '2001-01-01'], 1, /2001/],
      [[...HERE, '--table', 'ordres'], 1, /ordres/],
      [['--cluster', 'prod', ...FROM], 1, /no cluster 'prod'/],
    ]
    for (const [args, code, message] of cases) {
      const { stdout, stderr, ...run } = await stage.run('restore', 'plan', ...args)
      expect({ args, ...run, text: stdout + stderr }).toMatchObject({ code, text: expect.stringMatching(message) })
    }
  })

  it('none of it showed a secret', () => {
    for (const secret of [PASSWORD, stage.s3.secretKey]) {
      expect(stage.printed).not.toContain(secret)
      expect(stage.workerLog()).not.toContain(secret)
    }
  })
})
