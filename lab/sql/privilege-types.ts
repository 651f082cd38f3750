/** Kinds of objects that privileges are granted on, in the order in which SHOW GRANTS walks them, with what ALL means for each. */
export const privilegesOf: ReadonlyMap<string, readonly string[]> = new Map([
  ['TABLE', ['DELETE', 'DROP', 'INSERT', 'SELECT', 'ALTER', 'EXPORT', 'UPDATE']],
  [
    'DATABASE',
    ['DROP', 'ALTER', 'CREATE TABLE', 'CREATE VIEW', 'CREATE FUNCTION', 'CREATE MATERIALIZED VIEW', 'CREATE PIPE'],
  ],
  [
    'SYSTEM',
    [
      ...['GRANT', 'NODE', 'OPERATE', 'PLUGIN', 'FILE', 'BLACKLIST', 'REPOSITORY', 'CREATE RESOURCE'],
      ...['CREATE RESOURCE GROUP', 'CREATE EXTERNAL CATALOG', 'CREATE GLOBAL FUNCTION', 'CREATE STORAGE VOLUME'],
      ...['CREATE WAREHOUSE', 'SECURITY'],
    ],
  ],
  ['USER', ['IMPERSONATE']],
  ['RESOURCE', ['ALTER', 'DROP', 'USAGE']],
  ['VIEW', ['DROP', 'SELECT', 'ALTER']],
  ['CATALOG', ['DROP', 'USAGE', 'ALTER', 'CREATE DATABASE']],
  ['MATERIALIZED VIEW', ['DROP', 'SELECT', 'ALTER', 'REFRESH']],
  ['FUNCTION', ['DROP', 'USAGE']],
  ['RESOURCE GROUP', ['DROP', 'ALTER']],
  ['GLOBAL FUNCTION', ['DROP', 'USAGE']],
  ['STORAGE VOLUME', ['DROP', 'USAGE', 'ALTER']],
])

/** Order in which SHOW GRANTS lists the privileges of one object. */
const shown = [
  ...['GRANT', 'NODE', 'OPERATE', 'DELETE', 'DROP', 'INSERT', 'SELECT', 'ALTER', 'EXPORT', 'UPDATE', 'USAGE', 'PLUGIN'],
  ...['FILE', 'BLACKLIST', 'REPOSITORY', 'REFRESH', 'IMPERSONATE', 'CREATE DATABASE', 'CREATE TABLE', 'CREATE VIEW'],
  ...['CREATE FUNCTION', 'CREATE GLOBAL FUNCTION', 'CREATE MATERIALIZED VIEW', 'CREATE RESOURCE'],
  ...['CREATE RESOURCE GROUP', 'CREATE EXTERNAL CATALOG', 'CREATE STORAGE VOLUME', 'CREATE WAREHOUSE', 'SECURITY'],
  'CREATE PIPE',
]

export const inShownOrder = (privileges: readonly string[]): string[] =>
  [...privileges].sort((a, b) => shown.indexOf(a) - shown.indexOf(b))
