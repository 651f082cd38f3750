/** What Temporal puts behind the workflow id of a Schedule's action. No name of a policy can end so: it holds no colon. */
const SCHEDULED_TIME = /-\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/

/** The name, or workflow id, of what a Schedule starts, without the time of this run; one that was started by hand has none. */
export const withoutTime = (name: string): string => name.replace(SCHEDULED_TIME, '')
