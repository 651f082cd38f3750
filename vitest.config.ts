import path from 'node:path'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'
import { compiled } from './test/support/compiled.ts'
import { FORKS } from './test/support/forks.ts'

/** Files that take minutes though they are short; begun late they would run on alone at the end. */
const LONG =
  /bench\/figures|client\/(demo|workflow-calls)|review\/|backup\/(history|continue)|conformance\/backup|readme\/readme|reliability\/(right-data|backup-secrets|backup-jobs|backup-killed|replaced-columns|killing)|restore\/(lives|kinds|counting)|workflows\/(left-over|no-schedules|settings)/

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const isLong = ({ moduleId }: TestSpecification) => LONG.test(moduleId)
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))]
  }
}

export default defineConfig({
  plugins: [compiled],
  test: {
    server: { deps: { external: [/\/dist\//] } },
    globalSetup: ['test/global-setup.ts'],
    setupFiles: ['test/support/own-ports.ts'],
    // Temporal's development servers, many and short-lived: small ones that collect no garbage before they must, and need no second core.
    env: { GOGC: 'off', GOMEMLIMIT: '800MiB', GOMAXPROCS: '1', GODEBUG: 'adaptivestackstart=1' },
    // Real servers on shared, slow machines: what waits for a condition has its own limit, and tells what it saw. This one ends what hangs.
    testTimeout: 600_000,
    hookTimeout: 300_000,
    pool: 'forks',
    execArgv: [
      // What lives shortly is most of it.
      '--max-semi-space-size=128',
      '--require',
      path.join(import.meta.dirname, 'test/support/cheap-workflows.cjs'),
    ],
    maxWorkers: FORKS,
    // Files leave nothing behind, and a process of its own for each would load and compile everything anew: a quarter of all that is computed.
    isolate: false,
    sequence: { sequencer: LongestFirst },
  },
})
