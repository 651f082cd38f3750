import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { acquireDeleting, whileRenewed } from '../../activities/repository/leases.ts'
import { objectsOf } from '../../activities/repository/repository-objects.ts'
import { runPrune } from '../../activities/repository/run-prune.ts'
import type { S3Server } from '../../client/s3-server/s3-server.ts'
import type { PruneOrder } from '../../contract/backup/repository-api.ts'
import { openStore } from '../../repository/index.ts'
import { day, noClusters as deps } from './support/no-clusters.ts'
import { startVaults, Vault } from './support/vault.ts'

let server: S3Server
beforeAll(async () => {
  server = await startVaults()
})
afterAll(async () => {
  vi.restoreAllMocks()
  await server?.stop()
})

/** Two processes on one repository: each has a store of its own. */
async function twoWorkers(path: string) {
  const mine = await Vault.on(server, path)
  await mine.backup({ id: 'f1', finishedAt: day(1) })
  await mine.backup({ id: 'f2', finishedAt: day(2) })
  const { location, store } = mine
  const theirs = await Vault.at(server, location, openStore({ location, properties: server.properties }))
  return { mine, theirs, store }
}

let runs = 0

/** What retention does in a worker that has the lease, as far as it is not Temporal's. */
async function prune(vault: Vault, last: number, still?: () => Promise<void>) {
  const held = await acquireDeleting(vault.repository, `prune/${++runs}`)
  if ('heldBy' in held) throw new Error('somebody else prunes')
  const lost = new AbortController()
  return whileRenewed(
    held,
    (why) => lost.abort(why),
    async (sure) => {
      const retention = { last, daily: 0, weekly: 0, monthly: 0, yearly: 0 }
      const wanted: PruneOrder = { repository: 'vault', retention, confirmed: 'all', leftovers: false }
      const progress = { deleted: 0, bytes: 0, failures: [] }
      return runPrune({
        deps,
        repository: vault.repository,
        input: wanted,
        progress,
        report: () => undefined,
        signal: lost.signal,
        sure: async () => {
          await sure()
          await still?.()
        },
      })
    },
  ).finally(() => held.release())
}

/** As if its time had run out while nobody renewed it. */
async function takeLeaseFrom(vault: Vault): Promise<void> {
  await vault.repository.own.delete(['leases/write/retention.json'])
}

describe('a process that stood still', () => {
  it('deletes nothing that another kept meanwhile, wherever between its looks and its writes that was', async () => {
    const { mine, theirs } = await twoWorkers('kept')
    // Right after it was sure, and right before it deletes: the others see its mark, keep the backup, and build on it.
    const late = prune(mine, 1, async () => {
      await takeLeaseFrom(theirs)
      expect(await prune(theirs, 9)).toMatchObject({ deleted: 0 })
      expect(await theirs.intent({ id: 'd3', labels: ['f1', 'd3'], base: 'f1', baseline: 'f1' })).toBeDefined()
    })
    await expect(late).rejects.toThrow(/mark deleting\/f1.json was changed by somebody else/)
    expect(await theirs.labels()).toEqual(['f1', 'f2'])
    expect(await theirs.ids()).toEqual(['f1', 'f2'])
  })

  it('asks the store whether it still may, since its own clocks may have stood still with it', async () => {
    const { mine, theirs } = await twoWorkers('lease')
    const held = await acquireDeleting(mine.repository, 'prune/vault')
    if ('heldBy' in held) throw new Error('somebody else prunes')
    await whileRenewed(
      held,
      () => undefined,
      async (sure) => {
        await sure()
        await takeLeaseFrom(theirs)
        expect(await acquireDeleting(theirs.repository, 'prune/other')).toMatchObject({ exclusive: true })
        await expect(sure()).rejects.toThrow(/lease retention was lost/)
      },
    )
  })

  it('finds what it had decided to delete deleted, by whoever came after it', async () => {
    const { mine, theirs } = await twoWorkers('decided')
    const { marks } = mine.objects
    const announced = await marks.announce('f1', ['f1'], undefined)
    const decided = await marks.decide(announced)
    // Whole as it is: nobody can know how far the other one has come.
    expect(await prune(theirs, 9)).toMatchObject({
      deleted: 1,
      delete: [{ id: 'f1', why: 'its deletion was begun before' }],
    })
    expect(await theirs.labels()).toEqual(['f2'])
    expect(await marks.release(decided)).toBe(false)
    expect(await theirs.ownKeys()).toEqual(['records/f2.json.gz'])
  })

  it('and a mark that somebody else made is not taken for its own', async () => {
    const { mine, theirs } = await twoWorkers('marks')
    const first = await mine.objects.marks.announce('f1', ['f1'], undefined)
    await expect(theirs.objects.marks.announce('f1', ['f1'], undefined)).rejects.toThrow(/somebody else/)
    const seen = (await theirs.objects.marks.list()).get('f1')
    const taken = await theirs.objects.marks.announce('f1', ['f1'], seen)
    await expect(mine.objects.marks.decide(first)).rejects.toThrow(/somebody else/)
    expect(await mine.objects.marks.release(first)).toBe(false)
    expect(await theirs.objects.marks.release(taken)).toBe(true)
    expect(await mine.objects.deleting()).toEqual(new Map())
    await mine.objects.marks.announce('f1', ['f1'], undefined)
    expect([...(await theirs.objects.deleting()).keys()]).toEqual(['f1'])
  })
})

describe('what was begun to be deleted', () => {
  it('stays marked, even while somebody holds a lease on it', async () => {
    const { mine, theirs } = await twoWorkers('torn')
    const { marks } = mine.objects
    await marks.decide(await marks.announce('f1', ['f1'], undefined))
    const { infos } = await mine.repository.lookAt('f1')
    await mine.store.deleteMany(infos.map(({ key }) => key))
    await theirs.repository.leases.acquire('read', 'v~1', { holder: 'v', why: 'verified', labels: '["f1"]' }, 600)
    const result = await prune(mine, 9)
    expect(result).toMatchObject({ deleted: 0, untouched: [{ label: 'f1' }] })
    expect([...(await objectsOf(theirs.repository).deleting()).keys()]).toEqual(['f1'])
  })
})
