import type { LabVersion } from '../model.ts'
import { done, type LabResult, type LabSession, type LabSqlContext, table } from './context.ts'
import type { Cursor } from './cursor.ts'
import { LabSqlError } from './errors.ts'
import { evaluateExpression } from './evaluate.ts'
import { likePattern } from './like.ts'
import { parseExpression } from './parse-expression.ts'
import { parseQuery } from './parse-query.ts'
import { demand } from './privileges.ts'

/** Variables that the lab knows, with their first values, which no cluster changes: clients ask for some with each new connection. */
const variableDefaults = (context: LabSqlContext): Readonly<Record<string, string>> => {
  let known = defaults.get(context)
  if (!known) {
    known = makeDefaults(context)
    defaults.set(context, known)
  }
  return known
}

const defaults = new WeakMap<LabSqlContext, Readonly<Record<string, string>>>()

const makeDefaults = (context: LabSqlContext): Record<string, string> => ({
  autocommit: 'true',
  auto_increment_increment: '1',
  catalog: 'default_catalog',
  character_set_client: 'utf8',
  character_set_connection: 'utf8',
  character_set_database: 'utf8',
  character_set_results: 'utf8',
  character_set_server: 'utf8',
  collation_connection: 'utf8_general_ci',
  collation_database: 'utf8_general_ci',
  collation_server: 'utf8_general_ci',
  enable_constant_execute_in_fe: '1',
  enable_filter_unused_columns_in_scan_stage: 'true',
  foreign_key_checks: 'true',
  forward_to_leader: 'false',
  init_connect: '',
  // Before it, INSERTs were queries like others.
  ...(context.profile.atLeast('3.5') ? { insert_timeout: '14400' } : {}),
  interactive_timeout: '3600',
  license: 'Apache License 2.0',
  lower_case_table_names: '0',
  max_allowed_packet: '33554432',
  net_buffer_length: '16384',
  net_read_timeout: '60',
  net_write_timeout: '60',
  parallel_fragment_exec_instance_num: '1',
  performance_schema: 'false',
  ...(context.state.runMode === 'shared_data' ? { run_mode: 'shared_data' } : {}),
  query_cache_size: '1048576',
  query_cache_type: '0',
  query_timeout: '300',
  sql_mode: 'ONLY_FULL_GROUP_BY',
  sql_safe_updates: '0',
  sql_select_limit: '9223372036854775807',
  system_time_zone: 'UTC',
  time_zone: 'UTC',
  transaction_isolation: 'REPEATABLE-READ',
  tx_isolation: 'REPEATABLE-READ',
  version: context.profile.mysqlVersion,
  version_comment: context.profile.versionText,
  wait_timeout: '28800',
})

/** Value of `@@name`, or undefined when there is no such variable. */
export const variableValue = (
  context: LabSqlContext,
  session: LabSession,
  scope: string,
  name: string,
): string | undefined => {
  const key = name.toLowerCase()
  if (scope !== 'GLOBAL' && session.variables.has(key)) return session.variables.get(key)
  return context.globals.get(key) ?? variableDefaults(context)[key]
}

/** SHOW VARIABLES [LIKE …|WHERE …], the word VARIABLES read. */
export const showVariables = (context: LabSqlContext, session: LabSession, cursor: Cursor): LabResult => {
  const pattern = cursor.accept('LIKE') ? likePattern(cursor.string()) : undefined
  const where = cursor.accept('WHERE') ? parseExpression(cursor, context.profile.version, parseQuery) : undefined
  cursor.end()
  const rows = Object.keys(variableDefaults(context))
    .sort()
    .map((name) => [name, variableValue(context, session, '', name) ?? ''])
    .filter(([name]) => pattern?.test(name ?? '') ?? true)
    .filter(([name, value]) => {
      if (!where) return true
      const column = (path: string[]) => (path.at(-1)?.toLowerCase() === 'value' ? (value ?? '') : (name ?? ''))
      return evaluateExpression(where, { column }) === true
    })
  return table(['Variable_name', 'Value'], rows)
}

/** Session variables that clients set and the lab need not know. */
const anyName =
  /^(net_|sql_|character_set|collation|names|tx_|transaction|autocommit|query_|insert_|profil|enable_|new_|cbo_|exec_|pipeline|load_|parallel_|time_zone|interactive|wait_|foreign_key|unique_|innodb|group_concat|max_|big_query|resource_group|warehouse|workgroup|disable_|is_report|broadcast|spill|use_|runtime_|streaming|optimizer|statistic|default_|div_|range_|hash_|low_|count_|materialized|log_|full_|force|allow|performance|version_comment|catalog|init_connect|chunk_|skip_|batch|prefer|storage|codegen|event_|license|system_|sql)/

/** SET …; the word SET read. */
export const runSet = (context: LabSqlContext, session: LabSession, cursor: Cursor): LabResult => {
  if (
    cursor.accept('ROLE') ||
    cursor.at('DEFAULT', 'ROLE') ||
    cursor.at('PASSWORD') ||
    cursor.at('CATALOG') ||
    cursor.at('PROPERTY')
  ) {
    cursor.index = cursor.tokens.length - 1
    return done()
  }
  if (cursor.accept('NAMES') || cursor.accept('CHARACTER', 'SET') || cursor.accept('CHARSET')) {
    cursor.index = cursor.tokens.length - 1
    return done()
  }
  const version: LabVersion = context.profile.version
  cursor.separated(() => {
    let scope = 'SESSION'
    if (cursor.accept('GLOBAL')) scope = 'GLOBAL'
    else if (!cursor.accept('SESSION')) cursor.accept('LOCAL')
    if (cursor.accept('@@')) {
      if (['GLOBAL', 'SESSION', 'LOCAL'].includes(cursor.token.upper)) {
        scope = cursor.next().upper === 'GLOBAL' ? 'GLOBAL' : 'SESSION'
        cursor.expect('.')
      }
    }
    const user = cursor.accept('@')
    const name = cursor.next().value.toLowerCase()
    if (!cursor.accept(':=')) cursor.expect('=')
    const bare =
      cursor.token.kind === 'word' &&
      !cursor.at('TRUE') &&
      !cursor.at('FALSE') &&
      !cursor.at('NULL') &&
      cursor.peek(1).upper !== '('
    const value = bare
      ? cursor.next().value
      : String(
          evaluateExpression(parseExpression(cursor, version, parseQuery), { column: (p) => p.at(-1) ?? '' }) ?? '',
        )
    if (user) return
    if (scope === 'GLOBAL') demand(session, ['OPERATE'], 'SYSTEM')
    if (
      variableDefaults(context)[name] === undefined &&
      (name.startsWith('no_such') || name === 'insert_timeout' || !anyName.test(name))
    )
      throw unknownVariable(name, 'execution')
    if (scope === 'GLOBAL') context.globals.set(name, value)
    else session.variables.set(name, value)
  })
  cursor.end()
  return done()
}

export const unknownVariable = (name: string, phase: 'analysis' | 'execution'): LabSqlError => {
  const text = `Unknown system variable '${name}'`
  return new LabSqlError(
    1193,
    'HY000',
    phase === 'analysis' ? `Getting analyzing error. Detail message: ${text}.` : text,
    phase,
  )
}
