import { afterAll, beforeAll, expect, it } from 'vitest'
import { runPrune } from '../../activities/repository/run-prune.ts'
import type { S3Server } from '../../client/s3-server/s3-server.ts'
import { day, noClusters as deps } from './support/no-clusters.ts'
import { startVaults, Vault } from './support/vault.ts'

let server: S3Server
beforeAll(async () => {
  server = await startVaults()
})
afterAll(() => server?.stop())

/** Keeps the last one only. `once`: right before the first deletion. */
async function prune({ repository }: Vault, once: () => Promise<void>) {
  const retention = { last: 1, daily: 0, weekly: 0, monthly: 0, yearly: 0 }
  let first = true
  return runPrune({
    deps,
    repository,
    input: { repository: 'vault', retention, confirmed: 'all', leftovers: false },
    progress: { deleted: 0, bytes: 0, failures: [] },
    report: () => undefined,
    signal: new AbortController().signal,
    sure: async () => {
      if (first) await once()
      first = false
    },
  })
}

it('the last good backup stays, also when the one after it is found damaged while older ones are being deleted', async () => {
  const made = await Vault.on(server, 'found-meanwhile')
  for (const n of [1, 2, 3]) await made.backup({ id: `f${n}`, finishedAt: day(n) })
  const damaged = { at: day(4), mode: 'deep' as const, ok: false, problems: [], objects: 1, bytes: 1 }
  const result = await prune(made, () => made.objects.changeVerification('f3', async () => damaged))
  expect(result.deleted).toBe(1)
  expect(await made.ids()).toEqual(['f1', 'f3'])
  expect(result.untouched).toEqual([{ label: 'f1', why: expect.stringMatching(/^it is kept now: /) }])
  expect(await made.objects.deleting()).toEqual(new Map())
})

it('what its rules still say is deleted, one after the other', async () => {
  const made = await Vault.on(server, 'as-planned')
  for (const n of [1, 2, 3]) await made.backup({ id: `f${n}`, finishedAt: day(n) })
  expect(await prune(made, async () => undefined)).toMatchObject({ deleted: 2, untouched: [] })
  expect(await made.ids()).toEqual(['f3'])
})

it.each(['torn', '{}'])('a verification that cannot be read may have found damage: %s', async (text) => {
  const made = await Vault.on(server, `unread-${text === 'torn' ? text : 'empty'}`)
  for (const n of [1, 2, 3]) await made.backup({ id: `f${n}`, finishedAt: day(n) })
  await made.store.put('__starferry_vault/verified/f3.json', text)
  expect(await prune(made, async () => undefined)).toMatchObject({ deleted: 1 })
  expect(await made.ids()).toEqual(['f2', 'f3'])
})
