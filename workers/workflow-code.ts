import { existsSync } from 'node:fs'
import path from 'node:path'

/** Where the workflows' code is: the bundle made at build time, else their entry file, which the SDK then bundles at start (slower). */
export function workflowCode(): { workflowBundle: { codePath: string } } | { workflowsPath: string } {
  const here = import.meta.dirname
  for (const bundle of ['../workflow-bundle.js', '../dist/workflow-bundle.js']) {
    const codePath = path.resolve(here, bundle)
    if (existsSync(codePath)) return { workflowBundle: { codePath } }
  }
  const entry = ['../workflows/index.js', '../workflows/index.ts']
    .map((file) => path.resolve(here, file))
    .find(existsSync)
  if (!entry) throw new Error('The workflows are missing; run `npm run build`')
  return { workflowsPath: entry }
}
