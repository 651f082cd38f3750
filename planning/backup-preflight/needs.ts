import type { RestoreOutline } from '../restore/restore-plan.ts'
import { restoreSteps } from '../restore/restore-steps.ts'
import { grantedObjects, plainName } from './grants.ts'

/** A privilege that a statement needs. Without a name: on all of them, because what it is for does not exist yet. */
export interface Need {
  privilege: string
  on: 'SYSTEM' | 'CATALOG' | 'DATABASE' | 'TABLE' | 'FUNCTION'
  database?: string
  name?: string
  /** StarRocks is known to ask for it; of others it is only likely. */
  certain: boolean
}

/** Whether grants, as SHOW GRANTS prints them, give it. */
export function isGranted(need: Need, grants: readonly string[]): boolean {
  return [...grantedObjects(grants, need.privilege)].some((on) => covers(need, on))
}

function covers({ on, database, name }: Need, granted: string): boolean {
  if (on === 'SYSTEM') return /^SYSTEM$/i.test(granted)
  const plural = `${on.replace(/Y$/, 'IE')}S`
  const all = new RegExp(`^ALL ${plural}(?: IN (?:ALL DATABASES|DATABASE (.+)))?$`, 'is').exec(granted)
  if (all) return all[1] === undefined || all[1].split(',').some((one) => plainName(one) === database)
  const single = new RegExp(`^${on}S? (.+)$`, 'is').exec(granted)
  const whole = [database, name].filter((part) => part !== undefined).join('.')
  if (!single || name === undefined) return false
  return on === 'FUNCTION'
    ? plainName(single[1] ?? '').startsWith(`${whole}(`)
    : (single[1] ?? '').split(',').some((one) => plainName(one) === whole)
}

/** What an administrator types. */
export function grantStatement({ privilege, on, database, name }: Need, user: string): string {
  const quote = (text: string) => `\`${text}\``
  const what =
    on === 'SYSTEM'
      ? 'SYSTEM'
      : on === 'TABLE' || on === 'FUNCTION'
        ? `ALL ${on}S IN ${database === undefined ? 'ALL DATABASES' : `DATABASE ${quote(database)}`}`
        : name === undefined
          ? `ALL ${on}S`
          : `${on} ${on === 'CATALOG' ? name : quote(name)}`
  return `GRANT ${privilege} ON ${what} TO USER '${user}'`
}

/** For sentences: `ALTER on shop.orders`. */
export const needText = ({ privilege, on, database, name }: Need) =>
  `${privilege} on ${on === 'SYSTEM' ? 'SYSTEM' : name === undefined && database === undefined ? `all ${on.toLowerCase()}s` : `${on.toLowerCase()} ${[database, name].filter((part) => part !== undefined).join('.')}`}`

/** What a restore by its chosen routes needs besides REPOSITORY, and INSERT on existing tables. */
export function restoreNeeds(outline: RestoreOutline): Need[] {
  const { basis, database, objects, spec } = outline
  const needs = new Map<string, Need>()
  const need = (one: Need) => needs.set(needText(one), one)
  const inTarget = (privilege: string, certain: boolean) =>
    basis.databaseExisted && need({ privilege, on: 'DATABASE', name: database, certain })
  for (const step of restoreSteps(outline)) {
    switch (step.kind) {
      case 'create-database':
        need({ privilege: 'CREATE DATABASE', on: 'CATALOG', name: 'default_catalog', certain: true })
        if (step.scratch) need({ privilege: 'DROP', on: 'DATABASE', certain: false })
        break
      case 'restore':
        if (step.database === database && database !== '') inTarget('CREATE TABLE', true)
        break
      case 'restore-again':
      case 'create-tables':
        inTarget('CREATE TABLE', true)
        break
      case 'backup':
        // Of the scratch database, which does not exist yet.
        need({ privilege: 'EXPORT', on: 'TABLE', certain: true })
        break
      case 'swap':
        for (const { target } of step.tables)
          need({ privilege: 'ALTER', on: 'TABLE', database, name: target, certain: false })
        break
      case 'rename-database':
        need({ privilege: 'ALTER', on: 'DATABASE', name: database, certain: false })
        need({ privilege: 'ALTER', on: 'DATABASE', certain: false })
        break
      case 'overwrite':
        need({ privilege: 'SELECT', on: 'TABLE', certain: false })
        break
      case 'replaced':
        if (spec.replaced === 'drop' && !outline.renames)
          for (const { target } of step.tables)
            need({ privilege: 'DROP', on: 'TABLE', database, name: target, certain: false })
        break
      case 'views':
        inTarget('CREATE VIEW', false)
        break
      case 'materialized-views':
        inTarget('CREATE MATERIALIZED VIEW', false)
        break
    }
  }
  if (objects.some(({ kind }) => kind === 'catalog'))
    need({ privilege: 'CREATE EXTERNAL CATALOG', on: 'SYSTEM', certain: true })
  return [...needs.values()]
}
