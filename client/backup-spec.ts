import {
  type BackupSpec,
  type BackupSpecInput,
  backupSpecSchema,
  type PolicySpecInput,
  policySchema,
} from '../contract/backup/policy.ts'
import { check, InputError } from '../contract/check.ts'
import { readYaml } from '../workers/yaml-file.ts'

/** What `backup run` takes as flags; repeatable ones as lists. */
export interface BackupFlags {
  name?: string
  cluster?: string
  repository?: string
  database?: string[]
  table?: string[]
  exclude?: string[]
  partition?: string[]
  newestPartitions?: number
  closedPartitions?: boolean
  partitionOfDay?: number
  materializedViews?: 'data' | 'definition' | 'none'
  views?: boolean
  functions?: boolean
  function?: string[]
  only?: string[]
  catalog?: string[]
  incremental?: boolean | string
  parallel?: number
  timeout?: number
  ignore?: string[]
}

/** A backup as it was asked for: by flags, or by a file that flags amend. Errors: InputError. */
export function backupSpecOf(file: string | undefined, flags: BackupFlags): BackupSpecInput | PolicySpecInput {
  const raw = file === undefined ? {} : mapping(file)
  const amended = amend(raw, flags)
  const what = file ?? 'backup run'
  if ('schedule' in raw) {
    check(policySchema, amended, what)
    return amended as PolicySpecInput
  }
  checkSomething(check(backupSpecSchema, amended, what), what)
  return amended as BackupSpecInput
}

/** The mapping that a YAML file holds. */
export function mapping(file: string): Record<string, unknown> {
  const raw = readYaml(file)
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw))
    throw new InputError(file, ['is no mapping of keys to values'])
  return raw as Record<string, unknown>
}

function amend(raw: Record<string, unknown>, flags: BackupFlags): Record<string, unknown> {
  const given = (raw.objects ?? {}) as Record<string, unknown>
  const objects = defined({
    ...given,
    databases: flags.database ?? given.databases,
    tables: flags.table ?? given.tables,
    exclude: flags.exclude ?? given.exclude,
    catalogs: flags.catalog ?? given.catalogs,
    materializedViews: flags.materializedViews ?? given.materializedViews,
    views: flags.views === false ? false : given.views,
    functions: flags.functions === false ? false : (flags.function ?? given.functions),
    only: flags.only ?? given.only,
    partitions: partitionsOf(flags) ?? given.partitions,
  })
  return defined({
    ...raw,
    name: flags.name ?? raw.name ?? (flags.cluster === undefined ? undefined : `manual-${flags.cluster}`),
    cluster: flags.cluster ?? raw.cluster,
    repository: flags.repository ?? raw.repository,
    objects,
    incremental: typeof flags.incremental === 'string' ? flags.incremental : raw.incremental,
    parallelDatabases: flags.parallel ?? raw.parallelDatabases,
    timeout: flags.timeout ?? raw.timeout,
    ignore: flags.ignore ?? raw.ignore,
  })
}

function partitionsOf(flags: BackupFlags): object | undefined {
  const filter = defined({
    names: flags.partition,
    newest: flags.newestPartitions,
    closed: flags.closedPartitions,
    ofDay: flags.partitionOfDay,
  })
  return Object.keys(filter).length > 0 ? filter : undefined
}

function checkSomething({ objects }: BackupSpec, what: string): void {
  const { databases, tables, catalogs, functions } = objects
  if ([databases, tables, catalogs, Array.isArray(functions) ? functions : []].some(({ length }) => length > 0)) return
  throw new InputError(what, [
    'says not what to back up: give --database, --table, --function or --catalog (globs are fine)',
  ])
}

export const defined = (values: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))
