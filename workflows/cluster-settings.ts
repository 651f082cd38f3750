import {
  ActivityFailure,
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  isCancellation,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow'
import {
  type ChangedSetting,
  type ClusterSettingsInput,
  type LeaseAnswer,
  type LeasedSetting,
  type LeaseRequest,
  leasesQuery,
  leaseUpdate,
  type ReleaseAnswer,
  type ReleaseRequest,
  releaseUpdate,
} from '../contract/index.ts'
import { control, waits } from './activities.ts'
import { badInput } from './check-input.ts'
import { setSearchAttributes } from './search-attributes.ts'

/**
 * The frontend settings of one cluster that somebody needs changed. It remembers what they were – before it changes them – and puts that back
 * with the last lease: when it is released, or when its holder is found closed, however it ended. A value that somebody else set meanwhile
 * is left alone. Ends when nobody holds anything.
 */
export async function clusterSettings(input: ClusterSettingsInput): Promise<void> {
  if (typeof input?.cluster !== 'string') throw badInput('clusterSettings: give {"cluster": …}')
  const { cluster } = input
  const leases = new Map<string, LeasedSetting>((input.carried ?? []).map((lease) => [lease.key, lease]))
  setSearchAttributes({ kind: 'settings', cluster })
  // One change after the other: two migrations must not both take the changed value for the original.
  let turn: Promise<unknown> = Promise.resolve()
  const inTurn = <T>(act: () => Promise<T>): Promise<T> => {
    const mine = turn.then(act)
    turn = mine.catch(() => undefined)
    return mine
  }
  let generation = 0
  let started = input.carried !== undefined
  const changed = () => {
    generation++
    started = true
    setCurrentDetails(describe(leases.values()))
  }

  setHandler(leasesQuery, () => [...leases.values()])
  setHandler(leaseUpdate, (request) => inTurn(() => lease(request)), { validator: validLease })
  setHandler(releaseUpdate, (request) => inTurn(() => release(request)), { validator: validRelease })

  try {
    for (;;) {
      await condition(() => started && allHandlersFinished())
      if (leases.size === 0) return
      if (workflowInfo().continueAsNewSuggested) {
        await continueAsNew<typeof clusterSettings>({ cluster, carried: [...leases.values()] })
      }
      await watchHolders()
    }
  } catch (error) {
    if (isCancellation(error)) await CancellationScope.nonCancellable(restoreAll)
    throw error
  }

  /** Until the leases change, or a holder is closed; its leases end then. */
  async function watchHolders(): Promise<void> {
    const seen = generation
    const holders = [...new Set([...leases.values()].flatMap((one) => one.holders))]
    const scope = new CancellationScope()
    const watching = scope
      .run(() => waits.awaitClosed({ workflowIds: holders }))
      .then(async (closed) => {
        for (const holder of closed) await inTurn(() => release({ holder }))
      })
      .catch((error: unknown) => {
        if (!isCancellation(error)) throw error
      })
    await Promise.race([watching, condition(() => generation !== seen)])
    scope.cancel()
    await watching
  }

  async function lease({ holder, settings }: LeaseRequest): Promise<LeaseAnswer> {
    const answer: LeaseAnswer = { changed: [], refused: [] }
    for (const { key, value } of settings) {
      const held = leases.get(key)
      if (held && held.value !== value) {
        const reason = `${held.holders.join(', ')} needs ${key} = ${held.value} on ${cluster}`
        answer.refused.push({ key, reason })
        continue
      }
      try {
        const original = held?.original ?? (await control.readSetting({ cluster, key }))
        if (original === null) {
          answer.refused.push({ key, reason: `this version of StarRocks has no setting ${key}` })
          continue
        }
        // Written down before it is changed: whatever happens in between, it will be put back.
        const holders = [...new Set([...(held?.holders ?? []), holder])]
        leases.set(key, { key, original, value, holders })
        if (original !== value) {
          await control.writeSetting({ cluster, key, value })
          answer.changed.push({ cluster, key, from: original, to: value })
        }
      } catch (error) {
        const last = dropHolder(key, holder)
        // Some frontends may have taken it before one failed.
        if (last) await restore(last).catch(() => undefined)
        answer.refused.push({ key, reason: reasonOf(error) })
      }
    }
    changed()
    return answer
  }

  async function release({ holder, keep }: ReleaseRequest): Promise<ReleaseAnswer> {
    const answer: ReleaseAnswer = { restored: [], left: [] }
    for (const { key, holders } of [...leases.values()]) {
      if (!holders.includes(holder)) continue
      const last = dropHolder(key, holder)
      if (!last) {
        answer.left.push({ key, reason: 'somebody else needs it' })
        continue
      }
      if (keep) {
        answer.left.push({ key, reason: 'it was asked to be kept' })
        continue
      }
      const restored = await restore(last)
      if (typeof restored === 'string') answer.left.push({ key, reason: restored })
      else if (restored) answer.restored.push(restored)
    }
    changed()
    return answer
  }

  /** The lease when it was the last one, which is then forgotten. */
  function dropHolder(key: string, holder: string): LeasedSetting | undefined {
    const held = leases.get(key)
    if (!held) return undefined
    const holders = held.holders.filter((one) => one !== holder)
    if (holders.length > 0) {
      leases.set(key, { ...held, holders })
      return undefined
    }
    leases.delete(key)
    return held
  }

  async function restoreAll(): Promise<void> {
    const all = [...leases.values()]
    leases.clear()
    for (const one of all) await restore(one)
  }

  async function restore({ key, original, value }: LeasedSetting): Promise<ChangedSetting | string | undefined> {
    if (original === value) return undefined
    const now = await control.readSetting({ cluster, key })
    if (now !== value) return `somebody set it to ${now} meanwhile`
    await control.writeSetting({ cluster, key, value: original })
    return { cluster, key, from: value, to: original }
  }
}

function validLease(request: LeaseRequest): void {
  if (!request?.holder || !Array.isArray(request.settings)) throw badInput('lease: give a holder and settings')
}

function validRelease(request: ReleaseRequest): void {
  if (!request?.holder) throw badInput('release: give the holder')
}

function describe(leases: Iterable<LeasedSetting>): string {
  return [...leases]
    .map((one) => `\`${one.key}\` = ${one.value} (was ${one.original}) for ${one.holders.join(', ')}`)
    .join('\n\n')
}

function reasonOf(error: unknown): string {
  const cause = error instanceof ActivityFailure ? error.cause : error
  return cause instanceof Error ? cause.message : String(cause)
}
