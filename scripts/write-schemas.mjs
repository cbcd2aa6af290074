// What programs in other languages read our files by, from the schemas that we read them by.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export async function writeSchemas(folder) {
  const { SCHEMA_NAMES, jsonSchema } = await import('../dist/harness/json-schemas.js')
  mkdirSync(folder, { recursive: true })
  for (const name of SCHEMA_NAMES) {
    writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(jsonSchema(name), undefined, 2)}\n`)
  }
}
