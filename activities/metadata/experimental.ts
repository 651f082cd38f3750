import type { FrontendSetting } from '../../starrocks/index.ts'

/** Of what CREATE TABLE takes: full-text and vector indexes, row store. */
export const EXPERIMENTAL_SETTINGS = [
  'enable_experimental_gin',
  'enable_experimental_vector',
  'enable_experimental_rowstore',
] as const

export const isOn = (setting: FrontendSetting | undefined): boolean => /^true$/i.test(setting?.value ?? '')
