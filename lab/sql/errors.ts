/** Where a statement was refused. 3.1 prefixes what the execution refuses and knows no error numbers of its own. */
export type LabErrorPhase = 'syntax' | 'analysis' | 'execution' | 'show'

/** An error as a frontend sends it: MySQL error number, SQL state and StarRocks' own text. */
export class LabSqlError extends Error {
  override readonly name = 'LabSqlError'
  readonly errno: number
  readonly sqlState: string
  readonly phase: LabErrorPhase

  constructor(errno: number, sqlState: string, message: string, phase: LabErrorPhase) {
    super(message)
    this.errno = errno
    this.sqlState = sqlState
    this.phase = phase
  }
}

/** Refused by the grammar. */
export const syntaxFailure = (message: string): LabSqlError => new LabSqlError(1064, 'HY000', message, 'syntax')

/** Refused while the statement ran: a text without a number of its own is 1064. */
export const failure = (message: string, errno = 1064, sqlState = 'HY000'): LabSqlError =>
  new LabSqlError(errno, sqlState, message, 'execution')

/** Refused by a SHOW while it collected its rows. */
export const showFailure = (message: string, errno = 1064, sqlState = 'HY000'): LabSqlError =>
  new LabSqlError(errno, sqlState, message, 'show')

/** Refused while the statement was analyzed. StarRocks adds the full stop even where the detail already ends in one. */
export const analysisFailure = (message: string, errno = 1064, sqlState = 'HY000'): LabSqlError =>
  new LabSqlError(errno, sqlState, `Getting analyzing error. Detail message: ${message}.`, 'analysis')

/** Refused while analyzing, where StarRocks tells the place: line from 1, column from 0. */
export const analysisFailureAt = (place: string, message: string): LabSqlError =>
  new LabSqlError(1064, 'HY000', `Getting analyzing error ${place}. Detail message: ${message}.`, 'analysis')

export const unknownDatabase = (name: string): LabSqlError =>
  analysisFailure(`Unknown database '${name}'`, 5501, '3F000')

export const noDatabaseSelected = (): LabSqlError => analysisFailure('No database selected', 1046, '3D000')

export const unknownTable = (name: string): LabSqlError => analysisFailure(`Unknown table '${name}'`, 5502, '42602')

export const tableNotFound = (name: string): LabSqlError => analysisFailure(`Table ${name} is not found`)

/** Refused by a SHOW: from 3.3 on while it is analyzed, before that while it collects its rows. */
export const oldShowFailure = (
  context: { profile: { version: string } },
  message: string,
  errno = 1064,
  sqlState = 'HY000',
): LabSqlError => (context.profile.version === '3.1' ? showFailure(message) : analysisFailure(message, errno, sqlState))

/** What 3.1 makes of an error: every number is 1064, what the execution refuses is an unexpected exception, texts are shorter. */
export const asOldError = (error: LabSqlError): LabSqlError => {
  const text = error.message
    .replace(/^(Access denied; .* for this operation)\. Please ask .*$/, '$1')
    .replace('the OPERATE OR NODE privilege', 'the NODE privilege')
    .replace(/(Unknown proc node path: \S+)\. msg: .*$/, '$1.')
  return new LabSqlError(
    1064,
    'HY000',
    error.phase === 'execution' ? `Unexpected exception: ${text}` : text,
    error.phase,
  )
}
