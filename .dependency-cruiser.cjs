// The import rules of the house: data flows one way, and a workflow never sees Node.
const ours = '^(activities|bench|client|contract|lab|planning|repository|starrocks|workers|workflows)/'

/** `from` may import, of our own folders and files, only itself, `values`, and types of `types`. */
const layer = (from, values, types = []) => [
  {
    name: `${from}-imports`,
    severity: 'error',
    comment: `${from}/ may import ${[...values, ...types.map((t) => `types of ${t}`)].join(', ') || 'nothing of ours'}`,
    from: { path: `^${from}/` },
    to: { path: ours, pathNot: `^(${[from, ...values, ...types].join('|')})(/|$)` },
  },
  ...types.map((type) => ({
    name: `${from}-types-of-${type}`,
    severity: 'error',
    comment: `${from}/ may import only types of ${type}/`,
    from: { path: `^${from}/` },
    to: {
      path: `^${type}/`,
      ...(values.length > 0 ? { pathNot: `^(${values.join('|')})(/|$)` } : {}),
      dependencyTypesNot: ['type-only'],
    },
  })),
]

module.exports = {
  forbidden: [
    ...layer('contract', []),
    ...layer('planning', ['contract'], ['starrocks']),
    ...layer('workflows', ['contract', 'planning'], ['activities']),
    ...layer('activities', ['contract', 'planning', 'starrocks', 'repository']),
    ...layer('starrocks', []),
    ...layer('repository', []),
    ...layer('workers', ['activities', 'contract', 'planning', 'repository', 'starrocks', 'workflows']),
    ...layer('client', ['contract', 'planning', 'starrocks', 'lab', 'workers']),
    // Built from the recordings alone: what it shares with the product says nothing of StarRocks.
    ...layer('lab', ['workers/free-port.ts', 'repository/s3/plain-s3.ts'], ['starrocks', 'repository']),
    {
      name: 'workflows-no-node',
      severity: 'error',
      comment: 'workflow code, and all that it pulls in, runs in the sandbox without Node built-ins',
      from: { path: '^(workflows|planning|contract)/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'workflows-no-index',
      severity: 'error',
      comment: 'every workflow evaluates its modules anew: by an index it would build the schemas of everything',
      from: { path: '^(workflows|planning)/' },
      to: { path: '^contract/(backup/)?index\\.ts$', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-circular',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default'],
      extensions: ['.ts', '.js'],
    },
  },
}
