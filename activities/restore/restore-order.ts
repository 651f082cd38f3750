import type { RestorePlanStep } from '../../planning/restore/restore-steps.ts'
import type { RestoreContext } from './restore-context.ts'

type JobStep = Extract<RestorePlanStep, { kind: 'restore' | 'restore-again' }>

/** The database that a RESTORE goes into; empty for external catalogs. */
export const placeOfStep = ({ outline }: Pick<RestoreContext, 'outline'>, step: JobStep): string =>
  step.kind === 'restore' ? step.database : outline.database

/** Tables and views as SHOW RESTORE lists them: by their names in the snapshot. */
export const objectsInSnapshot = (step: JobStep): string[] =>
  step.kind === 'restore'
    ? [
        ...step.parts.map(({ planned }) => planned.name),
        ...step.objects.filter(({ kind }) => kind === 'materializedView' || kind === 'view').map(({ name }) => name),
      ]
    : step.tables.map(({ as }) => as)
