import type { LabVersion } from '../model.ts'
import { Cursor } from './cursor.ts'
import type { Query } from './expression.ts'
import { parseQuery } from './parse-query.ts'

/** The query behind a view, read back from its text. */
export const parseViewQuery = (text: string, version: LabVersion): Query => parseQuery(new Cursor(text), version)
