import { StarRocksError } from '../../starrocks/index.ts'
import { isUnreachable } from '../metadata/failure.ts'

/** For `catch`: what a cluster does not know, does not allow or cannot answer now is undefined; a cluster that cannot be talked to is an error. */
export function unlessRefused(error: unknown): undefined {
  if (error instanceof StarRocksError && !isUnreachable(error)) return undefined
  throw error
}
