import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Stage, setStage } from '../../client/demo/stage.ts'
import type { MigrationStatus } from '../../contract/migration-api.ts'
import { starferryHere } from './run-starferry.ts'

const PATIENCE = { timeout: 200_000, interval: 500 }
const PASSWORD = 'unspeakable-password'

let stage: Stage
let directory: string
let everything = ''

async function run(...args: string[]) {
  const result = await starferryHere(args, {
    env: { TEMPORAL_ADDRESS: stage.server.address, STARFERRY_CONFIG: '' },
    cwd: directory,
  })
  everything += result.stdout + result.stderr
  return result
}
const json = async (...args: string[]) => JSON.parse((await run(...args, '--json')).stdout)
const status = (): Promise<MigrationStatus> => json('migrate', 'status', 'shop')

beforeAll(async () => {
  directory = mkdtempSync(path.join(tmpdir(), 'starferry-commands-'))
  stage = await setStage({
    sourceVersion: '3.3',
    targetVersion: '3.5',
    sharedData: false,
    timeFactor: 20,
    seed: 3,
    password: PASSWORD,
    say: () => {},
  })
  writeFileSync(
    path.join(directory, 'shop.yaml'),
    'name: shop\nsource: source\ntarget: target\ninclude: [shop]\nexclude: [shop.ext_mysql, shop.v_cross]\nintervals: {metadata: 3, stale: 1}\n',
  )
})
afterAll(async () => {
  await stage.stop()
  rmSync(directory, { recursive: true, force: true })
})

describe('a migration from the command line', () => {
  it('doctor: nothing in the way; with a cluster that is not configured: exit 1 and its name', async () => {
    const good = await run('doctor', 'shop.yaml')
    expect(good.stdout).toMatch(/^shop {2}source → target$/m)
    expect(good.stdout).toMatch(/Nothing is in the way/)
    expect(good.code).toBe(0)
    writeFileSync(path.join(directory, 'bad.yaml'), 'name: bad\nsource: sourc\ntarget: target\n')
    const bad = await run('doctor', 'bad.yaml')
    expect(bad.code).toBe(1)
    expect(bad.stdout + bad.stderr).toMatch(/sourc.*source/s)
  })

  it('plan: what would be created and copied; changes nothing', async () => {
    const plan = await json('plan', 'shop.yaml')
    expect(plan.totals.create).toBeGreaterThan(15)
    expect(plan.items.map((item: { object: string }) => item.object)).toContain('shop.uniq')
    const text = await run('plan', 'shop.yaml', '--sql')
    expect(text.stdout).toMatch(/\+ create +table +shop\.uniq/)
    expect(text.stdout).toMatch(/CREATE TABLE `shop`\.`uniq`/)
    expect(stage.pair.target.state.databases.has('shop')).toBe(false)
  })

  it('start, status, list, tables: until everything is confirmed', async () => {
    const started = await run('migrate', 'start', 'shop.yaml')
    expect(started.stdout).toMatch(/^started shop {2}source → target, workflow migrate\/shop/)
    await expect.poll(async () => (await status()).state, PATIENCE).toBe('caughtUp')
    await expect.poll(async () => (await status()).progress, PATIENCE).toBe(1)
    const text = (await run('migrate', 'status', 'shop')).stdout
    expect(text).toMatch(/100 % {2}\d+ of \d+ partitions/)
    for (const counter of [
      'ddlPending',
      'jobPending',
      'sent',
      'running',
      'finished',
      'failed',
      'unknown',
      'finishedTableRatio',
    ]) {
      expect(text).toContain(counter)
    }
    await expect
      .poll(
        async () =>
          (await json('migrate', 'list')).map((each: { name: string; state: string }) => [each.name, each.state]),
        PATIENCE,
      )
      .toEqual([['shop', 'caughtUp']])
    const page = await json('migrate', 'tables', 'shop', '--match', 'shop.u*')
    expect(page.rows).toMatchObject([{ table: 'shop.uniq', state: 'in sync', laggingPartitions: 0 }])
    const all = await json('migrate', 'tables', 'shop', '--limit', '5', '--all')
    expect(all.rows).toHaveLength(all.counts.tables)
    expect((await run('migrate', 'tables', 'shop')).stdout).toMatch(/^TABLE +STATE +BEHIND +SIZE/)
  })

  it('changes: what was created, and what is to be undone', async () => {
    const { done } = await json('migrate', 'changes', 'shop')
    expect(done).toEqual(expect.arrayContaining([expect.objectContaining({ outcome: 'created', table: 'shop.uniq' })]))
    expect((await run('migrate', 'changes', 'shop')).stdout).toMatch(/created +shop\.uniq/)
  })

  it('pause and resume tell what is then true', async () => {
    const paused = await run('migrate', 'pause', 'shop')
    expect(paused.code).toBe(0)
    expect(paused.stdout).toMatch(/^shop: paus(ed; nothing runs|ing)/)
    await expect.poll(async () => (await status()).state, PATIENCE).toBe('paused')
    expect((await run('migrate', 'resume', 'shop')).stdout).toBe('shop: resumed\n')
    await expect.poll(async () => (await status()).state, PATIENCE).toBe('caughtUp')
  })

  it('configure changes limits, and refuses what is none', async () => {
    expect((await json('migrate', 'configure', 'shop', '--set', 'limits.tables=7')).limits.tables).toBe(7)
    const bad = await run('migrate', 'configure', 'shop', '--set', 'limits.tables=0')
    expect(bad.code).toBe(2)
    expect(bad.stderr).toMatch(/limits.tables/)
  })

  it('retry and approve reject tables that there are not, with a reason, and exit 1', async () => {
    for (const command of ['retry', 'approve']) {
      const { code, stdout, stderr } = await run('migrate', command, 'shop', 'shop.uniqq')
      expect(code).toBe(1)
      expect(stdout + stderr).toMatch(/shop\.uniqq/)
    }
  })

  it('stop ends it; afterwards commands say that it has ended, and the status can still be read', async () => {
    const stopped = await run('migrate', 'stop', 'shop')
    expect(stopped.code).toBe(0)
    expect(stopped.stdout).toMatch(/^shop: stopp(ed; nothing runs|ing)/)
    await expect.poll(async () => (await status()).state, PATIENCE).toBe('stopped')
    const late = await run('migrate', 'pause', 'shop')
    expect(late.code).toBe(1)
    expect(late.stderr).toMatch(/The migration 'shop' has ended/)
  })

  it('--one-time --watch follows to the end and exits 0', async () => {
    const { code, stdout } = await run('migrate', 'start', 'shop.yaml', '--name', 'once', '--one-time', '--watch')
    expect(code).toBe(0)
    expect(stdout.trim().split('\n').at(-1)).toMatch(/^once {2}finished {2}100 %/)
  })

  it('--one-time --watch exits 1 when a table was refused, and tells how many', async () => {
    writeFileSync(
      path.join(directory, 'part.yaml'),
      'name: part\nsource: source\ntarget: target\ninclude: [shop.uniq, shop.ext_mysql]\noneTime: true\nintervals: {metadata: 3, stale: 1}\n',
    )
    const { code, stderr } = await run('migrate', 'start', 'part.yaml', '--watch')
    expect(stderr).toMatch(/has finished, but 1 table was not copied: it is an external table/)
    expect(code).toBe(1)
  })

  it('--properties takes StarRocks’ own files; a fatal finding ends --watch with exit 1', async () => {
    writeFileSync(
      path.join(directory, 'sync.properties'),
      'source_fe_host=ignored\ntarget_fe_host=ignored\ninclude_data_list=shop.uniq\none_time_run_mode=true\n',
    )
    const { code } = await run('migrate', 'start', '--properties', directory, '--watch')
    expect(code).toBe(0)
    writeFileSync(path.join(directory, 'bad.yaml'), 'name: bad\nsource: source\ntarget: nowhere\n')
    const bad = await run('migrate', 'start', 'bad.yaml', '--watch')
    expect(bad.code).toBe(1)
    expect(bad.stderr).toMatch(/nowhere/)
  })

  it('none of it showed a secret', () => {
    const { source } = stage.pair
    for (const secret of [PASSWORD, source.state.token]) {
      expect(everything).not.toContain(secret)
      expect(readFileSync(path.join(stage.directory, 'worker.log'), 'utf8')).not.toContain(secret)
    }
  })
})
