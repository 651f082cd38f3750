/** A load that a cluster refuses: the message is what StarRocks says. */
export class LabDataError extends Error {
  override name = 'LabDataError'
}
