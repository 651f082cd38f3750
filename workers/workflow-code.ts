import { existsSync } from 'node:fs'
import path from 'node:path'

/** The workflows as they were bundled at build time, interceptors included. */
export function workflowCode(): { workflowBundle: { codePath: string } } {
  for (const bundle of ['../workflow-bundle.js', '../dist/workflow-bundle.js']) {
    const codePath = path.resolve(import.meta.dirname, bundle)
    if (existsSync(codePath)) return { workflowBundle: { codePath } }
  }
  throw new Error('The bundle of the workflows is missing; run `npm run build`')
}
