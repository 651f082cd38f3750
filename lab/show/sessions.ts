import { type LabResult, type LabSession, type LabSqlContext, table } from '../sql/context.ts'
import { demand } from '../sql/privileges.ts'
import { byName, timeText } from './format.ts'

/** SHOW [FULL] PROCESSLIST: one's own connections, or all with OPERATE. */
export const showProcesslist = (context: LabSqlContext, session: LabSession, sql: string): LabResult => {
  const all = session.user.privileges.has('ALL') || session.user.privileges.has('OPERATE')
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

/** SHOW GRANTS [FOR user]. */
export const showGrants = (context: LabSqlContext, session: LabSession, user: string | undefined): LabResult => {
  if (user !== undefined && user !== session.user.name) demand(session, ['GRANT'], 'SYSTEM')
  const name = user ?? session.user.name
  const found = context.state.users.get(name)
  const identity = `'${name}'@'%'`
  const rows = found?.privileges.has('ALL')
    ? [[identity, null, `GRANT 'root' TO ${identity}`]]
    : [...(found?.privileges ?? [])]
        .sort()
        .map((p) => [
          identity,
          'default',
          `GRANT ${p} ON ${/^(OPERATE|NODE)$/.test(p) ? 'SYSTEM' : 'ALL TABLES IN ALL DATABASES'} TO USER ${identity}`,
        ])
  return table(['UserIdentity', 'Catalog', 'Grants'], rows)
}
