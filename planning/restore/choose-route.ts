import type { RestoreRoute, RestoreSpec } from '../../contract/backup/restore-api.ts'
import type { Choice, ChosenObject } from './choose-objects.ts'
import type { RestoreBasis } from './restore-basis.ts'
import type { TablePart } from './table-parts.ts'

export interface RouteChoice {
  route: RestoreRoute
  why: string
  /** What users of the live name notice, and how long. */
  outage: string
}

export interface RouteFacts {
  spec: Pick<RestoreSpec, 'mode' | 'publish'>
  basis: Pick<RestoreBasis, 'databaseExisted' | 'writable'>
  choice: Pick<Choice, 'whole'>
  object: ChosenObject
  /** The target name exists. */
  taken: boolean
  parts: readonly TablePart[]
  /** Of everything that is restored with it. */
  anyTaken: boolean
  anyChain: boolean
}

const none = 'none: the name does not exist yet'
const swapOutage = 'none: the name changes hands in one moment; queries that run then may fail once'

/** The way by which a table gets to the name it is meant for: the one with the shortest outage that its snapshots and the target allow. */
export function chooseRoute(facts: RouteFacts): RouteChoice {
  const { spec, basis, choice, object, taken, parts, anyTaken, anyChain } = facts
  const several = `it is spread over ${parts.length} snapshots`
  const renamed = object.target !== object.name
  if (spec.mode === 'in-place' && taken) {
    return {
      route: 'in-place',
      why: 'asked for',
      outage: 'the table can be neither read nor written until all of it has been restored',
    }
  }
  if (spec.mode === 'aside' && choice.whole && (basis.databaseExisted ? anyTaken : anyChain)) {
    if (!basis.databaseExisted) {
      return { route: 'rename-database', why: 'the database appears at once, complete', outage: none }
    }
    if (spec.publish === 'never') {
      return { route: 'leave', why: 'it is not to be published: it stays in a database of its own', outage: 'none' }
    }
    return {
      route: 'rename-database',
      why: 'the whole database is replaced: two renames, whatever its size',
      outage: 'between the two renames the database does not exist; views and materialized views follow one by one',
    }
  }
  if (!taken) {
    if (parts.length <= 1) return { route: 'direct', why: 'the name is free', outage: none }
    if (!renamed)
      return { route: 'direct', why: `the name is free; ${several}, restored one after another`, outage: none }
    if (spec.publish === 'never') return left(`${several}, and is not to be published`)
    if (!basis.writable)
      return left(`${several}, and this cluster cannot write to the repository, by which it would be moved`)
    return { route: 'rebackup', why: `${several}, and StarRocks adds to a renamed table nothing`, outage: none }
  }
  if (object.partitions) {
    if (spec.publish === 'never') return left('it is not to be published')
    return {
      route: 'overwrite-partitions',
      why: 'only some partitions of a table that lives on: INSERT OVERWRITE from the restored ones',
      outage: 'none: each table’s partitions change at once; what they hold now cannot be had back',
    }
  }
  if (parts.length <= 1)
    return { route: 'swap', why: 'the name is taken: restored beside it, then swapped', outage: swapOutage }
  if (spec.publish === 'never') return left(`${several}, and is not to be published`)
  if (!basis.writable) {
    return left(
      `${several}, and this cluster cannot write to the repository, by which it would get beside the live table`,
    )
  }
  return {
    route: 'rebackup-swap',
    why: `${several}: put together in a database of its own, moved by another snapshot, then swapped`,
    outage: swapOutage,
  }

  function left(why: string): RouteChoice {
    return { route: 'leave', why: `${why}: it stays in a database of its own`, outage: 'none' }
  }
}
