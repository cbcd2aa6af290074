import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
import { writeSchemas } from '../scripts/write-schemas.mjs'
import { isSchemaName, jsonSchema, SCHEMA_NAMES } from '../src/harness/json-schemas.js'
import { writeSyntheticRun } from './report/synthetic-run.js'
import { cli, ROOT, temporaryFolder } from './support/cli.js'

// Formats (dates) are checked by the readers themselves.
const ajv = new Ajv2020({ strict: false, validateFormats: false })

describe('the published schemas', () => {
  it('are written by the build as they are read', async () => {
    const folder = temporaryFolder('schemas')
    await writeSchemas(folder)
    for (const name of SCHEMA_NAMES) {
      if (!isSchemaName(name)) throw new Error(name)
      expect(JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8'))).toEqual(jsonSchema(name))
    }
  })

  it('accept a run, and what a later release would add to it', async () => {
    const run = await writeSyntheticRun(temporaryFolder('schema'))
    const validate = ajv.compile(jsonSchema('run'))
    validate({ ...run, later: 1 })
    expect(validate.errors).toBeNull()
  })

  it.each([
    ['another schema', { schema: 'horde-onnx/run@9' }, /schema/],
    ['a case without an id', { cases: [{}] }, /cases\/0/],
    ['pending that is no list', { pending: 'none' }, /pending/],
  ])('refuse %s', async (_, change, where) => {
    const run = await writeSyntheticRun(temporaryFolder('schema'))
    const validate = ajv.compile({ ...jsonSchema('run'), $id: `urn:test:${Object.keys(change).join()}` })
    expect(validate({ ...run, ...change })).toBe(false)
    expect(ajv.errorsText(validate.errors)).toMatch(where)
  })

  it('accept a golden that comes with the package', async () => {
    const validate = ajv.compile(jsonSchema('golden'))
    const folder = join(ROOT, 'golden/cpu-x64-avx2-fp32-ort1.30.0')
    validate(JSON.parse(readFileSync(join(folder, 'steps-1.json'), 'utf8')))
    expect(validate.errors).toBeNull()
  })

  it('are printed by a command', async () => {
    const { stdout, exitCode } = await cli(['schema', 'gate'])
    expect(JSON.parse(stdout)).toMatchObject({ $id: 'urn:horde-onnx:gate', required: ['version'] })
    expect(exitCode).toBe(0)
    expect(await cli(['schema', 'nothing'])).toMatchObject({ exitCode: 4, stderr: expect.stringContaining('formats:') })
  })
})
