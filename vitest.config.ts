import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Files that take minutes though they are short; begun late they would run on alone at the end. */
const LONG = /restore\/lives|conformance\/backup|readme\/readme|client\/demo|reliability\/right-data/

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const isLong = ({ moduleId }: TestSpecification) => LONG.test(moduleId)
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))]
  }
}

export default defineConfig({
  test: {
    // Temporal's development server collects garbage less often: the tests' many short-lived ones need not be small.
    env: { GOGC: '400' },
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/global-setup.ts'],
    // Real servers on shared, slow machines: generous limits, and tests wait for conditions, never for time.
    testTimeout: 600_000,
    hookTimeout: 300_000,
    pool: 'forks',
    // Most tests wait for servers more than they compute.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
  },
})
