import type { LabColumn, LabState, LabTable, LabValue } from '../model.ts'
import { LabDataError } from './errors.ts'
import { type EvaluationContext, evaluate, parseExpression } from './expression.ts'
import { baseIndex, columnPositions } from './route.ts'
import { normalizeValue } from './values.ts'

/** Makes full rows of the values that a statement gives. AUTO_INCREMENT values are taken only when the load succeeds. */
export class RowBuilder {
  private readonly state: LabState
  private readonly table: LabTable
  private readonly columns: readonly LabColumn[]
  private readonly positions: Map<string, number>
  private readonly given: number[]
  private nextAutoIncrement: bigint

  constructor(state: LabState, table: LabTable, names: readonly string[] | undefined) {
    this.state = state
    this.table = table
    this.columns = baseIndex(table).columns
    this.positions = columnPositions(this.columns)
    this.given = names ? names.map((name) => this.position(name)) : this.writable()
    this.nextAutoIncrement = table.nextAutoIncrement
  }

  private writable(): number[] {
    return this.columns.flatMap((column, i) => (column.generated || column.hidden ? [] : [i]))
  }

  private position(name: string): number {
    const at = this.positions.get(name.toLowerCase())
    if (at === undefined) throw new LabDataError(`Unknown column '${name}' in '${this.table.name}'`)
    if (this.columns[at]?.generated) throw new LabDataError(`generated column '${name}' can not be specified.`)
    return at
  }

  build(values: readonly (LabValue | undefined)[]): LabValue[] {
    if (values.length !== this.given.length) throw new LabDataError("Column count doesn't match value count")
    const row = new Map<number, LabValue | undefined>()
    this.given.forEach((at, i) => {
      row.set(at, values[i])
    })
    const built: LabValue[] = this.columns.map((column, at) => this.value(column, row.get(at)))
    const context = this.context(built)
    this.columns.forEach((column, at) => {
      if (column.generated)
        built[at] = normalizeValue(column.type, evaluate(parseExpression(column.generated), context))
    })
    return built
  }

  private context(built: readonly LabValue[]): EvaluationContext {
    return { column: (name) => built[this.positions.get(name.toLowerCase()) ?? -1] ?? null, nowMs: this.state.now() }
  }

  private value(column: LabColumn, given: LabValue | undefined): LabValue {
    if (column.generated) return null
    if (given !== undefined && !(given === null && column.autoIncrement)) {
      if (given === null && !column.nullable) throw new LabDataError('Insert has filtered data')
      return normalizeValue(column.type, given)
    }
    if (column.autoIncrement) return (this.nextAutoIncrement++).toString()
    return defaultValue(column, this.state.now())
  }

  commit(): void {
    this.table.nextAutoIncrement = this.nextAutoIncrement
  }
}

/**
 * What a column holds where nothing was given: in a load, in rows older than the column, in a copy whose source lacks it.
 * @throws LabDataError when the column needs a value
 */
export function defaultValue(column: LabColumn, nowMs: number): LabValue {
  if (column.default?.kind === 'literal') return normalizeValue(column.type, column.default.value)
  if (column.default?.kind === 'expression') {
    return normalizeValue(column.type, evaluate(parseExpression(column.default.value), { column: () => null, nowMs }))
  }
  if (column.nullable || column.hidden) return null
  throw new LabDataError(`'${column.name}' must be explicitly mentioned in column permutation`)
}
