import { buildWithGo, type GoBuildOptions } from '../go-build.ts'

/** The version that everything here is tested with; 1.8 is the first whose conditional writes cannot race. */
export const S3_SERVER_VERSION = '1.8.0'

/** Builds the S3 server versitygw with Go and puts it at `target`; returns `target`. About a minute, once. */
export function buildS3Server(target: string, options: Pick<GoBuildOptions, 'env' | 'say'>): Promise<string> {
  const module = `github.com/versity/versitygw/cmd/versitygw@v${S3_SERVER_VERSION}`
  return buildWithGo(target, { ...options, module, what: 'the S3 server versitygw' })
}
