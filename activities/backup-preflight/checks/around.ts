import { ApplicationFailure } from '@temporalio/common'
import type { Finding } from '../../../contract/findings.ts'
import { warning } from '../../../planning/backup-preflight/make-finding.ts'
import { probePrivileges } from '../../../starrocks/index.ts'
import { grant } from '../../preflight/connect.ts'
import type { BackupCheck } from '../backup-context.ts'

/** What a backup needs beside the backup: accounts for the companion file, the webhook that is told of it. */
export const checkAround: BackupCheck = async ({ deps, spec, side, signal }) => {
  const findings: Finding[] = []
  if (spec.companion) {
    const [probe] = await probePrivileges(
      side.cluster,
      [{ purpose: 'read users, roles and grants', sql: 'SHOW USERS' }],
      { signal },
    )
    if (probe?.allowed === false) {
      findings.push(
        warning(
          'accounts-unreadable',
          spec.cluster,
          `Users, roles and grants of ${spec.cluster} will not be in the companion file: ${side.cluster.options.user} lacks ${probe.missing ?? 'GRANT on SYSTEM'}`,
          `${grant(side.cluster.options.user, probe.missing ?? 'GRANT on SYSTEM')}; or the role user_admin; or set companion to false`,
        ),
      )
    }
  }
  const name = 'notify' in spec ? /^\$\{webhook:(.+)\}$/.exec(spec.notify?.webhook ?? '')?.[1] : undefined
  if (name !== undefined) {
    try {
      deps.webhook(name)
    } catch (error) {
      if (!(error instanceof ApplicationFailure)) throw error
      findings.push(
        warning('unknown-webhook', name, error.message, `Add ${name} to \`webhooks\` of the worker's starferry.yaml`),
      )
    }
  }
  return findings
}
