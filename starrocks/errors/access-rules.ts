import type { Rule } from './rule.ts'

/** Login, privileges, and who may answer at all. */
export const accessRules: readonly Rule[] = [
  {
    text: /Access denied; you need \(at least one of\) the (.+?) privilege\(s\)(?: on (.+?))? for this operation/,
    kind: 'Denied',
    privilege: (match) => (match[2] ? `${match[1]} on ${match[2]}` : (match[1] ?? '')),
    remedy: 'Grant this privilege to the user, or activate a role that has it',
  },
  {
    text: /^Access denied for (user )?'?([^'@\s]+)'?(@\S+)?( \(using password: (YES|NO)\))?/,
    kind: 'Denied',
    remedy: 'Check the user and the password of this cluster',
  },
  { text: /^Access denied/, kind: 'Denied' },
  { text: /Need auth information/, kind: 'Denied', remedy: 'Check the user and the password of this cluster' },
  {
    text: /Authorization not enough|(has no|without|no) privilege|permission denied/i,
    kind: 'Denied',
  },
  { text: /Your password has expired|account .* is locked/i, kind: 'Denied' },
  {
    text: /(current|this) (node|fe|frontend) is not (the )?(master|leader)|not leader|no leader|leader (is )?not (ready|found)|node is not ready/i,
    kind: 'NotLeader',
    retryAfterMs: 2_000,
    remedy: 'An election may be going on',
  },
  {
    text: /forward .*(to )?(leader|master).*(fail|error|timeout)|Failed to get leader|forwarding to leader/i,
    kind: 'NotLeader',
    retryAfterMs: 2_000,
  },
  {
    text: /frontend is (not ready|shutting down)|Current FE is not ready|catalog is not ready/i,
    kind: 'NotLeader',
    retryAfterMs: 5_000,
  },
  {
    text: /Reach limit of connections|Too many connections/i,
    kind: 'Busy',
    retryAfterMs: 5_000,
    remedy: 'Raise the user’s max_user_connections',
  },
  {
    text: /no (queryable|available|alive|enough) (backend|compute node|BE|CN|worker)|Backend not found|Compute node not found|(Backend|Compute) node not found|No alive backend|there is no alive/i,
    kind: 'BackendCannotAnswer',
  },
  {
    text: /rpc failed|Failed to (send|execute) .*(fragment|rpc)|brpc|channel inactive|Connection refused.*(be|backend)/i,
    kind: 'BackendCannotAnswer',
  },
  { text: /lock timeout|Failed to (?:acquire|get) .*lock\b|Failed to lock/i, kind: 'Busy', retryAfterMs: 2_000 },
]
