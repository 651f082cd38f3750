import type { CompanionApplied, CompanionKind } from '../../contract/backup/companion-api.ts'
import type { CompanionEntry } from '../../planning/companion/script.ts'
import { maskSecrets, StarRocksCluster, StarRocksError } from '../../starrocks/index.ts'
import { isUnreachable } from '../metadata/failure.ts'

const MOST_FAILED = 100
const MOST_BY_HAND = 200
const LONGEST = 300

export interface ApplyOptions {
  kinds?: readonly CompanionKind[]
  signal?: AbortSignal
  tell?(doing: string): void
}

/**
 * Runs a script's statements one by one, in a session of their own: some change its catalog or its database. One that fails stops nothing. What is there
 * already stays as it is. Errors: StarRocksError of a cluster that cannot be talked to; all of it can then be run again.
 */
export async function applyCompanion(
  { options }: StarRocksCluster,
  entries: readonly CompanionEntry[],
  { kinds, signal, tell }: ApplyOptions = {},
): Promise<CompanionApplied> {
  const wanted = entries.filter(({ kind }) => !kinds || kinds.includes(kind))
  const result: CompanionApplied = { ok: true, applied: 0, existed: 0, failed: [], more: 0, byHand: [] }
  const session = new StarRocksCluster({ ...options, poolSize: 1 })
  try {
    for (const [at, { kind, name, statements, byHand }] of wanted.entries()) {
      signal?.throwIfAborted()
      if (byHand !== undefined) {
        if (result.byHand.length < MOST_BY_HAND) result.byHand.push({ kind, name, why: byHand })
        continue
      }
      tell?.(`${kind} ${name} (${at + 1} of ${wanted.length})`)
      let existed = false
      for (const statement of statements) {
        try {
          await session.execute(statement, { signal })
        } catch (error) {
          if (!(error instanceof StarRocksError) || (isUnreachable(error) && error.kind !== 'OutcomeUnknown'))
            throw error
          if (error.kind === 'AlreadyExists') {
            existed = true
            continue
          }
          fail(kind, name, statement, error)
          // What it left of the session must not touch the next.
          if (statements.length > 1) await session.execute('SET CATALOG default_catalog', { signal }).catch(unlessLost)
          break
        }
      }
      if (result.failed.at(-1)?.name === name && result.failed.at(-1)?.kind === kind) continue
      if (existed) result.existed++
      else result.applied++
    }
    return result
  } finally {
    await session.close()
  }

  function fail(kind: CompanionKind, name: string, statement: string, error: StarRocksError): void {
    result.ok = false
    if (result.failed.length >= MOST_FAILED) result.more++
    else {
      const text = maskSecrets(statement)
      result.failed.push({
        kind,
        name,
        statement: text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text,
        reason: error.message,
      })
    }
  }
}

function unlessLost(error: unknown): void {
  if (isUnreachable(error)) throw error
}
