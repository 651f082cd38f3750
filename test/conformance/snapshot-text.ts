import { isNeutral, neutralText } from './neutral.ts'

/** Day on which the statements were recorded; dynamic partitions are named after it. */
const recordedDay = Date.parse('2026-11-20T00:00:00Z')

/** What the recorded clusters had and this one has instead. */
export interface Surroundings {
  endpoint: string
  accessKey: string
  secretKey: string
  /** Where the store keeps its objects. */
  storage: string
  /** In place of `<dir>`. */
  directory: string
}

const daysSince = (): number => Math.floor((Date.now() - recordedDay) / 86_400_000)

const moved = (text: string, days: number): string => {
  const shift = (time: number): string => new Date(time + days * 86_400_000).toISOString().slice(0, 10)
  return text
    .replace(
      /\bp(2026)(1[0-2])(\d\d)\b/g,
      (_all, y, m, d) => `p${shift(Date.parse(`${y}-${m}-${d}`)).replaceAll('-', '')}`,
    )
    .replace(/\b(2026-1[0-2]-\d\d)(?!-\d\d-\d\d)\b/g, (_all, day) => shift(Date.parse(day)))
}

/** A recorded statement for this cluster: its storage, and days counted from today. */
export const statementHere = (sql: string, here: Surroundings): string => {
  const today = moved(sql, daysSince()).replaceAll('<dir>', here.directory)
  if (!/^CREATE (READ ONLY )?REPOSITORY/.test(sql)) return today
  return today
    .replaceAll('http://127.0.0.1:5555', here.endpoint)
    .replace(/('(?:aws\.s3\.access_key|fs\.s3a\.access\.key)' = )'(?:AK\w*|minio)'/g, `$1'${here.accessKey}'`)
    .replace(/('(?:aws\.s3\.secret_key|fs\.s3a\.secret\.key)' = )'(?:SK\w*|minio123)'/g, `$1'${here.secretKey}'`)
}

/** An answer of this cluster as the recorded one would have given it. */
export const textAsRecorded = (text: string, here: Surroundings): string =>
  moved(text, -daysSince()).replaceAll(here.endpoint, 'http://127.0.0.1:5555').replaceAll(here.directory, '<dir>')

const withoutNumbers = (text: string): string =>
  text
    .replace(/\b20\d\d-\d\d-\d\d-\d\d-\d\d-\d\d-\d{3}\b/g, 'TIMESTAMP')
    .replace(/\b20\d\d-\d\d-\d\d \d\d:\d\d:\d\d\b/g, 'TIME')
    .replace(/(?<=[[( =:])\d{5,}\b/g, 'ID')
    .replace(/(?<=replicas: ID):\d+\/-1\/\d+\//g, ':*/-1/*/')
    .replace(/Request ID: [^),]*/g, 'Request ID: *')

/** A list whose order is that of a hash map: items between top-level commas, and those in brackets, sorted. */
const sortedList = (text: string): string => {
  const items: string[] = []
  let depth = 0
  let item = ''
  for (const c of text) {
    if (c === '[' || c === '(') depth++
    if (c === ']' || c === ')') depth--
    if (c === ',' && depth === 0) {
      items.push(item.trim())
      item = ''
    } else item += c
  }
  items.push(item.trim())
  const inner = (all: string, open: string, list: string, close: string): string =>
    all === '' ? all : `${open}${list.split(', ').sort().join(', ')}${close}`
  return items
    .map((one) => one.replace(/(PARTITIONS [[(])([^\])]*)([\])])/, inner))
    .sort()
    .join(', ')
}

const sortedKeys = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sortedKeys)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort()
      .map(([key, one]) => [key, sortedKeys(one)]),
  )
}

/** The column's value without what no two clusters have in common. */
export const neutralCell = (
  statement: string,
  column: string,
  cell: string | null,
  withVersions: boolean,
): string | null => {
  // Versions are what a restore is about.
  const versions = withVersions && (column === 'VisibleVersion' || column === 'DataVersion')
  if (cell === null) return /MATERIALIZED VIEWS/.test(statement) ? '*' : null
  if (column === 'Label') return cell
  if (column === 'GroupName') return cell.replace(/^\d+_/, 'ID_')
  if (column === 'TableIds') return cell.replace(/\d+/g, 'ID')
  if (!versions && isNeutral(column)) return column === 'Status' ? withoutNumbers(cell) : '*'
  switch (column) {
    case 'BackupObjs':
    case 'RestoreObjs':
      return sortedList(cell)
    case 'UnfinishedTasks':
    case 'Progress':
      // They come and go within a state.
      return '*'
    case 'TaskErrMsg':
      return sortedList(withoutNumbers(cell))
    case 'Details':
      return cell === ''
        ? ''
        : JSON.stringify(sortedKeys(JSON.parse(cell.replace(/"backup_time": \d+/, '"backup_time": 0'))))
    case 'Timestamp':
      return withoutNumbers(cell)
    default:
      return neutralText(statement, withoutNumbers(cell))
  }
}

export const neutralMessage = (text: string): string => withoutNumbers(text)
