import {
  ActivityFailure,
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  isCancellation,
  log,
  patched,
  setCurrentDetails,
  setHandler,
  sleep,
  workflowInfo,
} from '@temporalio/workflow'
// Not from the contract's index: that would load the schemas.
import {
  type ClusterSettingsInput,
  type LeaseAnswer,
  type LeasedSetting,
  type LeaseRequest,
  leasesQuery,
  leaseUpdate,
  type ReleaseAnswer,
  type ReleaseRequest,
  releaseUpdate,
} from '../contract/cluster-settings.ts'
import type { ChangedSetting } from '../contract/migration-api.ts'
import { control, guards, restores, waits } from './activities.ts'
import { badInput } from './bad-input.ts'
import { setSearchAttributes } from './search-attributes.ts'

/**
 * The frontend settings of one cluster that somebody needs changed. It remembers what they were – before it changes them – and puts that back
 * with the last lease: when it is released, or when its holder is found closed, however it ended. What cannot be put back is not forgotten: it
 * is tried again until it can. A value that somebody else set meanwhile is left alone; one that a frontend forgot when it started is set again. Ends when nobody holds anything and nothing is open.
 */
export async function clusterSettings(input: ClusterSettingsInput): Promise<void> {
  if (typeof input?.cluster !== 'string') throw badInput('clusterSettings: give {"cluster": …}')
  const { cluster } = input
  const carried = workflowInfo().continuedFromExecutionRunId ? input.carried : undefined
  const leases = new Map<string, LeasedSetting>((carried ?? []).map((lease) => [lease.key, lease]))
  setSearchAttributes({ kind: 'settings', cluster })
  // One change after the other: two migrations must not both take the changed value for the original.
  let turn: Promise<unknown> = Promise.resolve()
  const inTurn = <T>(act: () => Promise<T>): Promise<T> => {
    const mine = turn.then(async () => {
      await restBeside()
      return act()
    })
    turn = mine.catch(() => undefined)
    return mine
  }
  /** What could not be put back at once is tried again beside everything else, but not while something is changed. */
  let restoring: { scope: CancellationScope; ended: Promise<void> } | undefined
  /** So is what frontends forgot. */
  let keeping: { scope: CancellationScope; ended: Promise<void> } | undefined
  const restBeside = async () => {
    for (const one of [restoring, keeping]) one?.scope.cancel()
    await restoring?.ended
    await keeping?.ended
  }
  let generation = 0
  let started = carried !== undefined
  const changed = () => {
    generation++
    started = true
    setCurrentDetails(describe(leases.values()))
  }

  setHandler(leasesQuery, () => [...leases.values()])
  setHandler(leaseUpdate, (request) => inTurn(() => lease(request)), { validator: validLease })
  setHandler(releaseUpdate, (request) => inTurn(() => release(request)), { validator: validRelease })

  try {
    await untilNothingIsOpen()
  } catch (error) {
    if (!isCancellation(error)) throw error
    await CancellationScope.nonCancellable(async () => {
      await inTurn(async () => {
        for (const { key } of [...leases.values()]) await giveBack(key, EVERYBODY)
        changed()
      })
      await untilNothingIsOpen()
    })
    throw error
  }

  async function untilNothingIsOpen(): Promise<void> {
    for (;;) {
      await condition(() => started && allHandlersFinished())
      if (leases.size === 0) return
      if (workflowInfo().continueAsNewSuggested) {
        await restBeside()
        await continueAsNew<typeof clusterSettings>({ cluster, carried: [...leases.values()] })
      }
      keepRestoring()
      keepSet()
      await watchHolders()
    }
  }

  /** Until the leases change, or a holder is closed; its leases end then. */
  async function watchHolders(): Promise<void> {
    const seen = generation
    const holders = [...new Set([...leases.values()].flatMap((one) => one.holders))]
    if (holders.length === 0) return condition(() => generation !== seen)
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

  /** Attempts, and the growing pauses between them, are the activity's. */
  function keepRestoring(): void {
    const open = [...leases.values()].filter((one) => one.restoring)
    if (restoring || open.length === 0) return
    const scope = new CancellationScope()
    const ended = scope
      .run(() => Promise.all(open.map(restoreInTheEnd)))
      .catch((error: unknown) => {
        if (!isCancellation(error)) log.error('settings could not be put back', { cluster, error: reasonOf(error) })
      })
      .then(() => {
        restoring = undefined
      })
    restoring = { scope, ended }
  }

  function keepSet(): void {
    const held = [...leases.values()].filter(
      (one) => one.holders.length > 0 && !one.restoring && one.original !== one.value,
    )
    const leader = held.find((one) => one.leader !== undefined)?.leader
    if (keeping || leader === undefined) return
    const settings = held.filter((one) => one.leader === leader)
    const scope = new CancellationScope()
    const ended = scope
      .run(() => guards.keepSettings({ cluster, leader, settings }))
      .then((found) => {
        for (const { key } of settings) {
          const lease = leases.get(key)
          // Without a leader it is not watched any more.
          if (lease) leases.set(key, { ...lease, leader: found.taken?.includes(key) ? undefined : found.leader })
        }
        changed()
      })
      .catch((error: unknown) => (isCancellation(error) ? undefined : watchAgain(scope, error)))
      .then(() => {
        keeping = undefined
      })
    keeping = { scope, ended }
  }

  /** It ended as it should not have: what is leased is watched again after a pause, which a lease or a release ends. */
  async function watchAgain(scope: CancellationScope, error: unknown): Promise<void> {
    log.error('settings could not be watched', { cluster, error: reasonOf(error) })
    if (!patched('settings-are-watched-again')) return
    try {
      await scope.run(() => sleep(WATCH_AGAIN))
      changed()
    } catch (cancelled) {
      if (!isCancellation(cancelled)) throw cancelled
    }
  }

  async function restoreInTheEnd({ key, original, value }: LeasedSetting): Promise<void> {
    await restores.restoreSetting({ cluster, key, value, original })
    leases.delete(key)
    changed()
  }

  async function lease({ holder, settings }: LeaseRequest): Promise<LeaseAnswer> {
    const answer: LeaseAnswer = { changed: [], refused: [] }
    for (const { key, value } of settings) {
      const held = leases.get(key)
      if (held && held.value !== value) {
        const reason = held.restoring
          ? `it is being put back to ${held.original} after ${held.restoring.holder}: ${held.restoring.reason}`
          : `${held.holders.join(', ')} needs ${key} = ${held.value} on ${cluster}`
        answer.refused.push({ key, reason })
        continue
      }
      try {
        const original = held?.original ?? (await control.readSetting({ cluster, key }))
        if (original === null) {
          answer.refused.push({ key, reason: `this version of StarRocks has no setting ${key}` })
          continue
        }
        // Asked before it is set: one that starts in between has forgotten it.
        const asked = original !== value && held?.leader === undefined && isAsked(held)
        const leader = asked ? ((await control.leaderProcess({ cluster })) ?? undefined) : held?.leader
        // Written down before it is changed: whatever happens in between, it will be put back.
        const holders = [...new Set([...(held?.holders ?? []), holder])]
        leases.set(key, { key, original, value, holders, ...(leader === undefined ? {} : { leader }) })
        if (original !== value) {
          await control.writeSetting({ cluster, key, value })
          answer.changed.push({ cluster, key, from: original, to: value })
        }
      } catch (error) {
        // Some frontends may have taken it before one failed.
        await giveBack(key, holder)
        answer.refused.push({ key, reason: reasonOf(error) })
      }
    }
    changed()
    return answer
  }

  async function release({ holder, keep }: ReleaseRequest): Promise<ReleaseAnswer> {
    const answer: ReleaseAnswer = { restored: [], left: [] }
    for (const { key, holders, restoring: open } of [...leases.values()]) {
      // Asked once more, after an answer was lost: still open.
      if (open?.holder === holder) answer.left.push({ key, reason: open.reason, goesOn: true })
      if (!holders.includes(holder)) continue
      if (holders.length > 1) {
        await giveBack(key, holder)
        answer.left.push({ key, reason: 'somebody else needs it' })
        continue
      }
      if (keep) {
        leases.delete(key)
        answer.left.push({ key, reason: 'it was asked to be kept' })
        continue
      }
      const restored = await giveBack(key, holder)
      if (typeof restored === 'string') {
        answer.left.push({ key, reason: restored, ...(leases.has(key) ? { goesOn: true } : {}) })
      } else if (restored) answer.restored.push(restored)
    }
    changed()
    return answer
  }

  /** Ends one holder's lease. With the last one the value is put back; until that is done the lease stays, or says why it could not be. */
  async function giveBack(key: string, holder: string): Promise<ChangedSetting | string | undefined> {
    const held = leases.get(key)
    if (!held || held.restoring) return undefined
    const holders = held.holders.filter((one) => one !== holder)
    if (holders.length > 0 && holder !== EVERYBODY) {
      leases.set(key, { ...held, holders })
      return undefined
    }
    try {
      const restored = await restore(held)
      leases.delete(key)
      return restored
    } catch (error) {
      const reason = `it could not be put back to ${held.original} yet, and is tried again: ${reasonOf(error)}`
      leases.set(key, { ...held, holders: [], restoring: { holder, reason } })
      return reason
    }
  }

  async function restore({ key, original, value }: LeasedSetting): Promise<ChangedSetting | string | undefined> {
    if (original === value) return undefined
    const now = await control.readSetting({ cluster, key })
    if (now !== value) return `somebody set it to ${now} meanwhile`
    await control.writeSetting({ cluster, key, value: original })
    return { cluster, key, from: value, to: original }
  }
}

const WATCH_AGAIN = '30 seconds'

/** Whether to ask who leads, of a setting of which that is not known; runs of former versions did not, or not again. */
const isAsked = (held: LeasedSetting | undefined) => patched(held ? 'leader-is-asked-again' : 'settings-are-kept')

/** Whose leases end when the workflow itself is cancelled. */
const EVERYBODY = 'everybody'

function validLease(request: LeaseRequest): void {
  const isSetting = (one: Partial<LeaseRequest['settings'][number]> | null) =>
    isText(one?.key) && typeof one?.value === 'string'
  if (!isText(request?.holder) || !Array.isArray(request.settings) || !request.settings.every(isSetting)) {
    throw badInput('lease: give {"holder": WORKFLOW_ID, "settings": [{"key": …, "value": …}, …]}, all of them texts')
  }
}

function validRelease(request: ReleaseRequest): void {
  if (!isText(request?.holder)) throw badInput('release: give {"holder": WORKFLOW_ID}')
}

const isText = (value: unknown): boolean => typeof value === 'string' && value !== ''

function describe(leases: Iterable<LeasedSetting>): string {
  return [...leases]
    .map(({ key, value, original, holders, restoring }) => {
      return `\`${key}\` = ${value} (was ${original}) ${restoring ? `– ${restoring.reason}` : `for ${holders.join(', ')}`}`
    })
    .join('\n\n')
}

function reasonOf(error: unknown): string {
  const cause = error instanceof ActivityFailure ? error.cause : error
  return cause instanceof Error ? cause.message : String(cause)
}
