import type {
  Column,
  Distribution,
  Doubt,
  Index,
  KeyType,
  Partitioning,
  PrintedPartition,
  Properties,
  Table,
} from './model.ts'
import { readPrintedComment } from './printed-default.ts'
import { readDistribution, readKeys } from './read-clauses.ts'
import { type ReadColumnOptions, readColumn, readIndex } from './read-column.ts'
import { foldHiddenColumns, readPartitioning } from './read-partitioning.ts'
import { readListPartitions, readRangePartitions } from './read-printed-partitions.ts'
import { readProperties } from './read-properties.ts'
import { Scanner } from './scanner.ts'
import { atLeast, type DdlVersion } from './version.ts'

export interface ReadOptions {
  /** The version that printed the text; without it defaults that can be read in two ways are doubts. */
  readonly version?: DdlVersion
  /** Exact defaults by column name: the Default column of DESC. */
  readonly defaults?: ReadonlyMap<string, string | null>
}

interface Draft {
  keys?: { type: KeyType; columns: string[] }
  comment: string
  partitioning: Partitioning
  partitions: PrintedPartition[]
  distribution?: Distribution
  orderBy: string[]
  properties: Properties
}

/** Reads the text of SHOW CREATE TABLE of 2.5 to 4.1. Throws DdlReadError when the text is not what these versions print. */
export function readTable(text: string, options: ReadOptions = {}): Table {
  const scanner = new Scanner(text)
  scanner.expectWord('CREATE')
  const external = scanner.takeWord('EXTERNAL')
  const temporary = scanner.takeWord('TEMPORARY')
  scanner.expectWord('TABLE')
  scanner.takeWord('IF', 'NOT', 'EXISTS')
  const name = scanner.qualifiedName()
  const doubts: Doubt[] = []
  const { columns: printed, indexes } = readColumns(scanner, options, doubts)
  const engine = scanner.takeWord('ENGINE') ? readEngine(scanner) : 'OLAP'
  const draft: Draft = { comment: '', partitioning: { kind: 'none' }, partitions: [], orderBy: [], properties: {} }
  while (!scanner.atEnd() && !scanner.take(';')) readClause(scanner, draft)
  const { columns, partitioning } = foldHiddenColumns(printed, draft.partitioning)
  doubts.push(...unquotedColumns(columns))
  return { kind: 'table', name, external, temporary, engine, columns, indexes, doubts, ...draft, partitioning }
}

function readEngine(scanner: Scanner): string {
  scanner.expect('=')
  return scanner.word().toUpperCase()
}

function readColumns(scanner: Scanner, options: ReadOptions, doubts: Doubt[]): { columns: Column[]; indexes: Index[] } {
  const escapesDefaults = options.version !== undefined && atLeast(options.version, 3, 5)
  const columnOptions: ReadColumnOptions = { defaults: options.defaults, escapesDefaults }
  const columns: Column[] = []
  const indexes: Index[] = []
  scanner.expect('(')
  do {
    if (scanner.takeWord('INDEX')) indexes.push(readIndex(scanner))
    else columns.push(readColumn(scanner, columnOptions, doubts))
  } while (scanner.take(','))
  scanner.expect(')')
  return { columns, indexes }
}

function readClause(scanner: Scanner, draft: Draft): void {
  const keys = readKeys(scanner)
  if (keys) draft.keys = keys
  else if (scanner.takeWord('COMMENT')) draft.comment = readPrintedComment(scanner, /\n|;?\s*$/)
  else if (scanner.takeWord('PARTITION', 'BY')) {
    draft.partitioning = readPartitioning(scanner)
    const { kind } = draft.partitioning
    if (scanner.sees('(')) {
      if (kind === 'list') draft.partitions = readListPartitions(scanner, draft.partitioning.columns.length)
      else if (kind === 'range' || kind === 'range-function') draft.partitions = readRangePartitions(scanner)
    }
  } else if (scanner.takeWord('DISTRIBUTED', 'BY')) draft.distribution = readDistribution(scanner)
  else if (scanner.takeWord('ORDER', 'BY')) draft.orderBy = scanner.names()
  else if (scanner.takeWord('ROLLUP')) scanner.balanced()
  else if (scanner.takeWord('PROPERTIES')) draft.properties = readProperties(scanner)
  else scanner.fail('unknown clause of CREATE TABLE')
}

// 3.5 prints column names in generated expressions without quotes, so that one like `a-b` becomes another expression.
function unquotedColumns(columns: readonly Column[]): Doubt[] {
  const odd = columns
    .map((column) => column.name)
    .filter((name) => !/^[A-Za-z_\u0080-\uffff][A-Za-z0-9_\u0080-\uffff]*$/.test(name))
  const doubts: Doubt[] = []
  for (const column of columns) {
    const bare = column.generated?.replace(/'(?:\\.|[^'])*'|"(?:\\.|[^"])*"|`[^`]*`/g, ' ')
    const words = new Set(bare?.match(/[\w\u0080-\uffff]+/g))
    const found = odd.find((name) => (/^[\w\u0080-\uffff]+$/.test(name) ? words.has(name) : bare?.includes(name)))
    if (found === undefined) continue
    const message = `the expression of generated column ${column.name} shows column ${found} without quotes`
    doubts.push({ kind: 'unquoted-generated-column', column: column.name, message })
  }
  return doubts
}
