import type { LabResult, LabSession, LabSqlContext } from '../sql/context.ts'
import { onSystem } from '../sql/has-privilege.ts'
import { byName, timeText } from './format.ts'

/** SHOW [FULL] PROCESSLIST: one's own connections, or all with OPERATE. */
export const showProcesslist = (context: LabSqlContext, session: LabSession, sql: string): LabResult => {
  const full = /^\s*SHOW\s+FULL\b/i.test(sql)
  const statementOf = (s: LabSession) => (s.id === session.id ? sql : s.running?.sql)
  const all = session.has('OPERATE', onSystem)
  const sessions = [...context.sessions.values()].filter((s) => all || s.user.name === session.user.name)
  return byName(
    context,
    context.profile.columns.processlist ? 'processlist' : 'grants',
    sessions.map((s) => ({
      ServerName: context.state.frontends.find((f) => f.id === s.frontendId)?.name ?? '',
      Id: String(s.id),
      User: s.user.name,
      Host: s.host,
      Db: s.database ?? '',
      Command: statementOf(s) === undefined ? 'Sleep' : 'Query',
      ConnectionStartTime: timeText(context, s.connectedMs),
      Time: String(s.running ? Math.floor((context.state.now() - s.running.sinceMs) / 1000) : 0),
      State: 'OK',
      Info: (statementOf(s) ?? '').trim().slice(0, full ? undefined : 100),
      IsPending: 'false',
      Warehouse: 'default_warehouse',
    })),
  )
}
