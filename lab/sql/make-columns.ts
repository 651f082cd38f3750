import type { LabColumn, LabIndexMeta } from '../model.ts'
import type { LabProfile } from '../profiles/profile.ts'
import { typeName } from './data-type.ts'
import { analysisFailure } from './errors.ts'
import { printExpression } from './print-expression.ts'
import type { ColumnDefinition, CreateTable } from './statements.ts'

/** Generated columns and partition expressions print columns bare; 3.3 puts backticks around those of generated columns. */
export const columnPrinter = (quoted: boolean) => ({
  column: (path: string[]) => (quoted ? `\`${path.at(-1) ?? ''}\`` : (path.at(-1) ?? '')),
})

const metricOnly = /^(json|hll|bitmap|percentile|array|map|struct|float|double|varbinary)/

/** A column as the catalog keeps it. */
export const makeColumn = (profile: LabProfile, definition: ColumnDefinition, key: boolean): LabColumn => {
  const { name, type } = definition
  if (/^__(op|row)$/i.test(name)) {
    throw analysisFailure(
      profile.atLeast('3.5')
        ? `Column name [${name}] is a system reserved name. Please choose a different one.`
        : `Column name [${name}] is a system reserved name. If you are sure you want to use it, please set FE configuration allow_system_reserved_names`,
    )
  }
  const column: LabColumn = {
    name,
    type,
    key,
    nullable: definition.nullable ?? !definition.autoIncrement,
    autoIncrement: definition.autoIncrement,
    comment: definition.comment,
  }
  if (definition.aggregation) column.aggregation = definition.aggregation
  if (definition.generated) {
    column.generated = printExpression(definition.generated, columnPrinter(profile.version === '3.3'))
  }
  if (definition.default) column.default = checkDefault(profile, name, type, definition.default)
  return column
}

const checkDefault = (
  profile: LabProfile,
  name: string,
  type: string,
  given: NonNullable<LabColumn['default']>,
): LabColumn['default'] => {
  if (given.kind !== 'literal') return given
  const kind = typeName(type)
  const refuse = (why: string): never => {
    throw analysisFailure(`Invalid default value for '${name}': ${why}`)
  }
  if (
    /^(ARRAY|MAP|STRUCT|HLL|BITMAP|PERCENTILE|VARBINARY)$/.test(kind) ||
    (kind === 'JSON' && !profile.atLeast('4.1'))
  ) {
    if (!(given.value === '' && /^(HLL|BITMAP)$/.test(kind))) refuse(`Cannot add default value for type '${kind}'`)
  }
  if (kind === 'BOOLEAN') {
    if (!/^(true|false|0|1)$/i.test(given.value)) refuse(`Invalid BOOLEAN literal: ${given.value}`)
    if (profile.atLeast('3.5')) return { kind: 'literal', value: /^(true|1)$/i.test(given.value) ? '1' : '0' }
  }
  if (/INT$/.test(kind) && !/^[+-]?\d+$/.test(given.value)) refuse(`Invalid number format: ${given.value}`)
  return given
}

/** Keys of the table: those given, or the leading columns that can be keys, at most three. */
export const keysOf = (statement: CreateTable): { type: LabIndexMeta['keysType']; columns: string[] } => {
  if (statement.keys) {
    const names = statement.keys.columns.map((key) => {
      const found = statement.columns.find((c) => c.name.toLowerCase() === key.toLowerCase())
      if (!found) throw analysisFailure(`Key column ${key} doesn't exist`)
      return found.name
    })
    names.forEach((name, i) => {
      if (statement.columns[i]?.name.toLowerCase() !== name.toLowerCase()) {
        const type = statement.keys?.type ?? 'DUP_KEYS'
        if (type !== 'PRIMARY_KEYS' || names.length > 0)
          throw analysisFailure(
            `Key columns must be the first few columns of the schema and the order  of the key columns must be consistent with the order of the schema`,
          )
      }
    })
    return { type: statement.keys.type, columns: names }
  }
  if (statement.columns.some((c) => c.aggregation)) {
    return { type: 'AGG_KEYS', columns: statement.columns.filter((c) => !c.aggregation).map((c) => c.name) }
  }
  const keys: string[] = []
  let bytes = 0
  for (const column of statement.columns) {
    if (metricOnly.test(column.type) || keys.length === 3 || bytes >= 36) break
    keys.push(column.name)
    bytes += column.type.startsWith('varchar') ? 20 : 8
    if (column.type.startsWith('varchar')) break
  }
  const first = statement.columns[0]
  return { type: 'DUP_KEYS', columns: keys.length > 0 ? keys : first ? [first.name] : [] }
}
