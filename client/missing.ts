import { nearest } from '../contract/check.ts'
import { RequestError } from './errors.ts'
import { type ListedRun, stateOf } from './list-runs.ts'

/** What is said of a run that cannot be asked: it has ended, or there is none of that name. */
export async function missing(what: string, name: string, list: () => Promise<ListedRun[]>): Promise<RequestError> {
  const listed = await list().catch(() => [])
  const ended = listed.find((each) => each.name === name)
  if (ended) return new RequestError(`The ${what} '${name}' has ended (${stateOf(ended)}).`)
  const known = [...new Set(listed.map((each) => each.name))]
  const near = nearest(name, known)
  const hint =
    known.length === 0 ? 'there are none' : near ? `did you mean '${near}'?` : `there are ${known.join(', ')}`
  return new RequestError(`There is no ${what} called '${name}' (${hint}).`)
}
