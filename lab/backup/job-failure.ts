/** Ends a job: code and text as the column Status shows them. */
export class JobFailure extends Error {
  override readonly name = 'JobFailure'
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

export const commonError = (message: string): JobFailure => new JobFailure('COMMON_ERROR', message)

export const notFound = (message: string): JobFailure => new JobFailure('NOT_FOUND', message)
