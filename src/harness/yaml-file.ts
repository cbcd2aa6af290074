/** YAML files of settings: read, checked by their schema, and wrong with the line at which they are. */
import { LineCounter, parseDocument } from 'yaml'
import type { z } from 'zod'
import { FixtureError } from '../errors.js'
import { problem } from './fixture/problem.js'

interface YamlFile<T> {
  /** For messages. */
  file: string
  text: string
  schema: z.ZodType<T>
  /** E.g. `a waiver`: what a field that nobody knows is no field of. */
  what: string
  hint: string
}

/** @throws FixtureError that names file, line and field, what was expected and what is there */
export function parseYaml<T>({ file, text, schema, what, hint }: YamlFile<T>): T {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines })
  const [error] = document.errors
  if (error !== undefined) {
    const line = error.linePos?.[0].line ?? 1
    throw new FixtureError(`${file}:${line}: ${error.message.split('\n')[0]}`, { cause: error, hint })
  }
  // An empty file is an empty mapping: every field that has to be there is missed by name.
  const value: unknown = document.toJS() ?? {}
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const place = { file, value, contents: document.contents, lines, what }
  throw new FixtureError(parsed.error.issues.map(issue => problem(issue, place)).join('\n'), { hint })
}
