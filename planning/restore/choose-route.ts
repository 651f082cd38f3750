import type { RestoreRoute } from '../../contract/backup/restore-api.ts'
import type { RestoreSpec } from '../../contract/backup/restore-spec.ts'
import type { Choice, ChosenObject } from './choose-objects.ts'
import type { RestoreBasis } from './restore-basis.ts'

export interface RouteChoice {
  route: RestoreRoute
  why: string
  /** What users of the live name notice, and how long. */
  outage: string
}

export interface RouteFacts {
  spec: Pick<RestoreSpec, 'mode' | 'publish'>
  basis: Pick<RestoreBasis, 'databaseExisted' | 'writable' | 'bare'>
  choice: Pick<Choice, 'whole'>
  object: ChosenObject
  /** The target name exists. */
  taken: boolean
  /** That give something to the table. */
  snapshots: number
  /** Of everything that is restored with it. */
  anyTaken: boolean
}

const none = 'none: the name does not exist until the table has it, complete and compared'
const unpublished = 'none: it is not published'

/**
 * The way by which a table gets to the name it is meant for: the one with the shortest outage that its snapshots and the target allow. Unless somebody asks for
 * `in-place`, no table has that name before all of it is there and has been compared: whoever finds the name may write to it.
 */
export function chooseRoute(facts: RouteFacts): RouteChoice {
  const { spec, basis, choice, object, taken, snapshots, anyTaken } = facts
  const several = `it is spread over ${snapshots} snapshots`
  const never = spec.publish === 'never'
  if (spec.mode === 'in-place' && taken) {
    return {
      route: 'in-place',
      why: 'asked for',
      outage: 'the table can be neither read nor written until all of it has been restored',
    }
  }
  if (!basis.databaseExisted) {
    if (never) return left('it is not to be published')
    return {
      route: 'rename-database',
      why: 'the database is new: it appears at once, complete',
      outage: 'none: the database does not exist until then',
    }
  }
  if (spec.mode === 'aside' && choice.whole && anyTaken) {
    if (never) return left('it is not to be published')
    return {
      route: 'rename-database',
      why: 'the whole database is replaced: two renames, whatever its size',
      outage: 'between the two renames the database does not exist; views and materialized views follow one by one',
    }
  }
  return taken ? replace() : fill()

  /** Under a name that is free. */
  function fill(): RouteChoice {
    if (basis.bare && choice.whole && !anyTaken && !never) {
      return {
        route: 'direct',
        why: 'the snapshot has no record: everything that is in it is restored, under its own names',
        outage: 'none before; each name can be used as soon as it is restored',
      }
    }
    if (snapshots <= 1) {
      return never
        ? { route: 'rename', why: 'the name is free; restored beside it', outage: unpublished }
        : { route: 'rename', why: 'the name is free: restored beside it, compared, then renamed', outage: none }
    }
    if (spec.mode === 'in-place') {
      return {
        route: 'direct',
        why: `asked for: the name is free, and ${several}, restored one after another`,
        outage: `incomplete until the last of ${snapshots} snapshots has been restored, and can be read and written meanwhile`,
      }
    }
    if (never) return left(`${several}, and is not to be published`)
    if (!basis.writable) {
      return left(
        `${several}, and this cluster cannot write to the repository, by which it would be moved to its name (mode in-place puts it together there)`,
      )
    }
    return {
      route: 'rebackup',
      why: `${several}: put together in a database of its own, moved by another snapshot, then renamed`,
      outage: none,
    }
  }

  /** Under a name that is live. */
  function replace(): RouteChoice {
    if (object.partitions) {
      if (never) return left('it is not to be published')
      return {
        route: 'overwrite-partitions',
        why: 'only some partitions of a table that lives on: INSERT OVERWRITE from the restored ones',
        outage: 'none: each table’s partitions change at once; what they hold now cannot be had back',
      }
    }
    const outage = 'none: the name changes hands in one moment; queries that run then may fail once'
    if (snapshots <= 1) {
      return never
        ? { route: 'swap', why: 'the name is taken; restored beside it', outage: unpublished }
        : { route: 'swap', why: 'the name is taken: restored beside it, then swapped', outage }
    }
    if (never) return left(`${several}, and is not to be published`)
    if (!basis.writable) {
      return left(
        `${several}, and this cluster cannot write to the repository, by which it would get beside the live table`,
      )
    }
    return {
      route: 'rebackup-swap',
      why: `${several}: put together in a database of its own, moved by another snapshot, then swapped`,
      outage,
    }
  }

  function left(why: string): RouteChoice {
    return { route: 'leave', why: `${why}: it stays in a database of its own`, outage: 'none' }
  }
}
