/** What was asked for cannot be done, in words for the person who asked. */
export class RequestError extends Error {
  override name = 'RequestError'
}

/** Temporal cannot be reached; says where it was looked for and how to name another place. */
export class NotConnectedError extends Error {
  override name = 'NotConnectedError'
}

/** The work or the check came to a bad end that has been told already: only the exit code is left to say it. */
export class FailedCheck extends Error {
  override name = 'FailedCheck'
}
