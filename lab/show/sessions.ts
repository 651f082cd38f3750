import type { LabResult, LabSession, LabSqlContext } from '../sql/context.ts'
import { onSystem } from '../sql/has-privilege.ts'
import { byName, timeText } from './format.ts'

/** SHOW [FULL] PROCESSLIST: one's own connections, or all with OPERATE. */
export const showProcesslist = (context: LabSqlContext, session: LabSession, sql: string): LabResult => {
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
      Command: s.id === session.id ? 'Query' : 'Sleep',
      ConnectionStartTime: timeText(context, s.connectedMs),
      Time: '0',
      State: 'OK',
      Info: s.id === session.id ? sql.trim().slice(0, 100) : '',
      IsPending: 'false',
      Warehouse: 'default_warehouse',
    })),
  )
}
