import { type ClusterKind, checkPair } from '../../../planning/preflight-pairs.ts'
import { checkPatches } from '../../../planning/preflight-patches.ts'
import type { Side } from '../../metadata/pair.ts'
import type { Check } from '../context.ts'

export const kindOf = ({ name, version, runMode }: Side): ClusterKind => ({ name, version, runMode })

/** Whether this pair of versions and run modes can replicate at all, and which known errors of StarRocks concern it. */
export const checkVersions: Check = ({ source, target }) => {
  const pair = checkPair(kindOf(source.side), kindOf(target.side))
  const fatal = pair.some((finding) => finding.level === 'fatal')
  return fatal ? pair : [...pair, ...checkPatches(kindOf(source.side), kindOf(target.side))]
}
