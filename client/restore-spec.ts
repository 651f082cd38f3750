import { randomUUID } from 'node:crypto'
import {
  notATime,
  type RestoreSpec,
  type RestoreSpecInput,
  restoreSpecSchema,
} from '../contract/backup/restore-spec.ts'
import { check, InputError } from '../contract/check.ts'
import { amended, defined, mapping, requireFlags } from './mapping.ts'

/** What `restore run` and `restore plan` take as flags. */
export interface RestoreFlags {
  name?: string
  cluster?: string
  repository?: string
  label?: string
  asOf?: string
  fromCluster?: string
  policy?: string
  database?: string
  table?: string[]
  partition?: string[]
  materializedView?: string[]
  view?: string[]
  function?: string[]
  catalog?: string[]
  as?: string
  renameTable?: string[]
  renameCatalog?: string[]
  aside?: boolean
  inPlace?: boolean
  publish?: 'ask' | 'auto' | 'never'
  dropReplaced?: boolean
  replicationNumber?: number
  verify?: boolean
  ignore?: string[]
  timeout?: number
}

/** A restore as it was asked for, checked. Errors: InputError. */
export function restoreSpecOf(
  file: string | undefined,
  flags: RestoreFlags,
): { input: RestoreSpecInput; spec: RestoreSpec } {
  const raw = file === undefined ? {} : mapping(file)
  const what = file ?? 'restore'
  if (flags.aside && flags.inPlace) throw new InputError(what, ['give --aside or --in-place, not both'])
  if (file === undefined) requireFlags(what, { '--cluster': flags.cluster, '--repository': flags.repository })
  const input = defined({
    ...raw,
    name: flags.name ?? raw.name ?? defaultName(flags),
    cluster: flags.cluster ?? raw.cluster,
    repository: flags.repository ?? raw.repository,
    from: amended(raw.from, (given) => amendFrom(given, flags)),
    tables: flags.table ?? raw.tables,
    partitions: flags.partition === undefined ? raw.partitions : partitionsOf(flags.partition),
    materializedViews: flags.materializedView ?? raw.materializedViews,
    views: flags.view ?? raw.views,
    functions: flags.function ?? raw.functions,
    catalogs: flags.catalog ?? raw.catalogs,
    rename: amended(raw.rename, (given) => amendRename(given, flags)),
    mode: flags.inPlace ? 'in-place' : flags.aside ? 'aside' : raw.mode,
    publish: flags.publish ?? raw.publish,
    replaced: flags.dropReplaced ? 'drop' : raw.replaced,
    replicationNumber: flags.replicationNumber ?? raw.replicationNumber,
    verify: flags.verify === false ? 'off' : raw.verify,
    timeout: flags.timeout ?? raw.timeout,
    ignore: flags.ignore ?? raw.ignore,
  }) as RestoreSpecInput
  const spec = check(restoreSpecSchema, input, what)
  if (!spec.from.label && !spec.from.database && spec.catalogs.length === 0)
    throw new InputError(what, ['says not what to restore: give --database, --label or --catalog'])
  return { input, spec }
}

function amendFrom(given: Record<string, unknown>, flags: RestoreFlags): Record<string, unknown> {
  return defined({
    ...given,
    label: flags.label ?? given.label,
    asOf: flags.asOf === undefined ? (instant(given.asOf) ?? given.asOf) : asOfFlag(flags.asOf),
    cluster: flags.fromCluster ?? given.cluster,
    database: flags.database ?? given.database,
    policy: flags.policy ?? given.policy,
  })
}

function amendRename(given: Record<string, unknown>, flags: RestoreFlags): Record<string, unknown> {
  return defined({
    ...given,
    database: flags.as ?? given.database,
    tables: pairs('--rename-table', flags.renameTable) ?? given.tables,
    catalogs: pairs('--rename-catalog', flags.renameCatalog) ?? given.catalogs,
  })
}

function defaultName(flags: RestoreFlags): string {
  const what = (flags.database ?? flags.label ?? 'catalogs').replaceAll(/[^A-Za-z0-9_.-]/g, '-').slice(0, 40)
  return `${/^[A-Za-z0-9]/.test(what) ? what : `r${what}`}-${randomUUID().slice(0, 6)}`
}

function asOfFlag(text: string): string {
  const time = instant(text)
  if (time === undefined) throw new InputError('--as-of', [notATime(text)])
  return time
}

/** A time as people write it; without a zone it is UTC. Undefined for what is none. */
function instant(text: unknown): string | undefined {
  if (typeof text !== 'string') return undefined
  const iso = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?)?$/.test(text)
    ? `${text.replace(' ', 'T')}${text.length > 10 ? 'Z' : ''}`
    : text
  const date = new Date(iso)
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString()
}

/** `table=p1,p2` */
function partitionsOf(texts: readonly string[]): Record<string, string[]> {
  const found: Record<string, string[]> = {}
  for (const text of texts) {
    const [table, names] = split('--partition', text, 'table=partition,partition')
    found[table] = [...(found[table] ?? []), ...names.split(',').map((name) => name.trim())]
  }
  return found
}

/** `old=new` */
function pairs(flag: string, texts: readonly string[] | undefined): Record<string, string> | undefined {
  if (texts === undefined) return undefined
  return Object.fromEntries(texts.map((text) => split(flag, text, 'old=new')))
}

function split(flag: string, text: string, form: string): [string, string] {
  const at = text.indexOf('=')
  if (at < 1 || at === text.length - 1) throw new InputError(flag, [`'${text}' is not of the form ${form}`])
  return [text.slice(0, at), text.slice(at + 1)]
}
