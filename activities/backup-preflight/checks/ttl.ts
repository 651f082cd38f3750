import { fatal } from '../../../planning/backup-preflight/make-finding.ts'
import type { BackupCheck } from '../backup-context.ts'

/** Whether the cluster can delete snapshots by itself when they have their age. */
export const checkTtl: BackupCheck = ({ side, features, spec }) =>
  spec.ttl === undefined || features.snapshotTtl
    ? []
    : [
        fatal(
          'ttl-unsupported',
          spec.cluster,
          `The spec asks for snapshots that expire after ${spec.ttl}, and StarRocks ${side.version.text} knows no ttl; it came with 4.2`,
          'Leave ttl out, and give the policy a retention instead',
        ),
      ]
