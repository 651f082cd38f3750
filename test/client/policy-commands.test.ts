import { beforeAll, describe, expect, it, vi } from 'vitest'
import { commandStage, fillShop, PASSWORD, PATIENCE } from './command-stage.ts'

const stage = commandStage(['production'])
const NIGHTLY = {
  name: 'nightly',
  cluster: 'production',
  repository: 'vault',
  objects: { databases: ['*'] },
  schedule: { cron: '15 2 * * *', timeZone: 'Europe/Berlin' },
  retention: { last: 1 },
}
const policy = (...args: string[]) => stage.run('policy', ...args)

beforeAll(() => fillShop(stage.cluster('production')))

describe('policies from the command line', () => {
  it('apply: made, then changed; what cannot be is exit 2 with the nearest key, and changes nothing', async () => {
    expect((await policy('list')).stdout).toBe('no policies\n')
    const { schedule, ...rest } = NIGHTLY
    stage.file('bad.yaml', { ...rest, shedule: schedule })
    const bad = await policy('apply', 'bad.yaml')
    expect(bad).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/'shedule'; the nearest valid one is 'schedule'/),
    })
    stage.file('zone.yaml', { ...NIGHTLY, schedule: { cron: '15 2 * * *', timeZone: 'Europe/Belrin' } })
    expect(await policy('apply', 'zone.yaml')).toMatchObject({ code: 2, stderr: expect.stringMatching(/Belrin/) })
    stage.file('cron.yaml', { ...NIGHTLY, schedule: { cron: 'at night' } })
    expect(await policy('apply', 'cron.yaml')).toMatchObject({ code: 2 })
    expect(await stage.json('policy', 'list')).toEqual([])
    stage.file('nightly.yaml', NIGHTLY)
    expect((await policy('apply', 'nightly.yaml')).stdout).toMatch(/^made nightly {2}next \d{4}-/)
    stage.file('nightly.yaml', { ...NIGHTLY, parallelDatabases: 3 })
    expect((await policy('apply', 'nightly.yaml')).stdout).toMatch(/^changed nightly {2}next /)
    expect((await stage.json('policy', 'show', 'nightly')).spec.parallelDatabases).toBe(3)
  })

  it('pause and resume, with a reason that is shown', async () => {
    expect((await policy('pause', 'nightly', '--note', 'maintenance')).stdout).toMatch(/^paused nightly/)
    expect((await policy('list')).stdout).toMatch(/^nightly +production +vault +paused /m)
    expect((await policy('show', 'nightly')).stdout).toMatch(/^nightly {2}paused {2}maintenance$/m)
  })

  it('trigger: also while paused; the backup is followed by the name of the policy', async () => {
    expect((await policy('trigger', 'nightly')).stdout).toMatch(/^started nightly .*backup status nightly --watch/)
    const followed = await stage.run('backup', 'status', 'nightly', '--watch')
    expect(followed.stdout).toMatch(/^backed up nightly {2}/m)
    expect(followed.code).toBe(0)
    expect((await policy('list')).stdout).toMatch(/^nightly .* paused +\d{4}-\S+ \S+ +finished /m)
    expect((await policy('resume', 'nightly')).stdout).toMatch(/^resumed nightly {2}next /)
  })

  it('run --from-policy, --kind full; retention of the policy deletes what nothing needs, and prune plans by it', async () => {
    const again = await stage.json('backup', 'run', '--from-policy', 'nightly', '--full', '--watch')
    expect(again).toMatchObject({ ok: true, pruned: { backups: 1 } })
    expect(await stage.json('policy', 'trigger', 'nightly', '--kind', 'full')).toMatchObject({
      name: 'nightly',
      workflowId: 'backup/nightly',
    })
    expect((await stage.run('backup', 'status', 'nightly', '--watch')).code).toBe(0)
    const plan = await stage.run('backup', 'prune', '--repository', 'vault', '--policy', 'nightly')
    expect(plan.stdout).toMatch(/^keep +sf_shop_\w+ +shop +the last$/m)
    expect(plan.stdout).toMatch(/^0 backups would be deleted/m)
    const wrong = await stage.run('backup', 'run', '--from-policy', 'nightly', '--cluster', 'other')
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringMatching(/--from-policy alone/) })
  })

  it('list and show: the last run, also one that the schedule started, and not one of a policy with a similar name', async () => {
    stage.file('often.yaml', { ...NIGHTLY, name: 'often', schedule: { everyMinutes: 0.05 } })
    for (const name of ['often-2026', 'often-2026-03-01T02Z']) {
      stage.file(`${name}.yaml`, { ...NIGHTLY, name })
      expect((await policy('apply', `${name}.yaml`)).code).toBe(0)
    }
    expect((await policy('apply', 'often.yaml')).code).toBe(0)
    const last = async (name: string) => (await stage.json('policy', 'show', name)).last
    await vi.waitFor(async () => expect(await last('often')).toBeDefined(), PATIENCE)
    expect((await policy('pause', 'often')).code).toBe(0)
    await vi.waitFor(async () => expect(await last('often')).toMatchObject({ state: 'finished' }), PATIENCE)
    expect((await last('often')).workflowId).toMatch(/^backup\/often-\d{4}-\d\d-\d\dT/)
    expect((await policy('list')).stdout).toMatch(/^often +production .* \d{4}-\S+ \S+ +finished /m)
    for (const name of ['often-2026', 'often-2026-03-01T02Z']) expect(await last(name)).toBeUndefined()
    for (const name of ['often', 'often-2026', 'often-2026-03-01T02Z']) await policy('delete', name)
  })

  it('trigger: nothing incremental where every backup is a full one', async () => {
    stage.file('whole.yaml', { ...NIGHTLY, name: 'whole', incremental: 'off' })
    expect((await policy('apply', 'whole.yaml')).code).toBe(0)
    const refused = await policy('trigger', 'whole', '--kind', 'incremental')
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringMatching(/whole: .*incremental: off/) })
    const run = await stage.run('backup', 'run', '--from-policy', 'whole', '--incremental')
    expect(run).toMatchObject({ code: 2, stderr: expect.stringMatching(/incremental: off/) })
    expect((await policy('delete', 'whole')).code).toBe(0)
  })

  it('delete: the policy goes, its backups stay; one that is not there is named, with the nearest', async () => {
    const typo = await policy('show', 'nighly')
    expect(typo).toMatchObject({ code: 1, stderr: expect.stringMatching(/no policy nighly; did you mean nightly/) })
    expect((await policy('delete', 'nightly')).stdout).toMatch(/^deleted nightly; its backups stay$/m)
    expect(await policy('trigger', 'nightly')).toMatchObject({ code: 1, stderr: expect.stringMatching(/no policy/) })
    const { rows } = await stage.json('backup', 'list', '--repository', 'vault', '--policy', 'nightly')
    expect(rows).toHaveLength(1)
  })

  it('none of it showed a secret', () => {
    for (const secret of [PASSWORD, stage.s3.secretKey]) {
      expect(stage.printed).not.toContain(secret)
      expect(stage.workerLog()).not.toContain(secret)
    }
  })
})
