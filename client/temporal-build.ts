import { buildWithGo, type GoBuildOptions } from './go-build.ts'

/** Later versions cannot be installed with `go install`: their go.mod has replace directives. */
export const TEMPORAL_CLI_VERSION = '1.5.1'

/** Builds the Temporal command line with Go and puts it at `target`; returns `target`. */
export function buildTemporal(target: string, options: Pick<GoBuildOptions, 'env' | 'say'>): Promise<string> {
  const module = `github.com/temporalio/cli/cmd/temporal@v${TEMPORAL_CLI_VERSION}`
  return buildWithGo(target, { ...options, module, what: 'the Temporal development server' })
}
