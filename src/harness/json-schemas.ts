/** The formats of this package as JSON Schema (2020-12), for programs that are not written in TypeScript. */
import { z } from 'zod'
import { comparisonSchema } from './compare/schema.js'
import { fixtureSchema } from './fixture/fixture.js'
import { gateConfigSchema } from './gate/config.js'
import { waiversSchema } from './golden/waivers.js'
import { goldenSchema } from './golden-schema.js'
import { runSchema } from './run-schema.js'

const SCHEMAS = {
  run: { schema: runSchema, title: 'run.json of a run' },
  comparison: { schema: comparisonSchema, title: 'comparison.json of compare' },
  golden: { schema: goldenSchema, title: 'A golden, beside its pictures' },
  waivers: { schema: waiversSchema, title: 'waivers.yaml, in the folder of the goldens' },
  gate: { schema: gateConfigSchema, title: 'horde-onnx.yaml, the configuration of gate' },
  fixture: { schema: fixtureSchema, title: 'A fixture' },
} as const satisfies Record<string, { schema: z.ZodType; title: string }>

export type SchemaName = keyof typeof SCHEMAS

export const SCHEMA_NAMES = Object.keys(SCHEMAS).sort()

export function isSchemaName(name: string): name is SchemaName {
  return Object.hasOwn(SCHEMAS, name)
}

/** As it is read: fields with a default may be left out, and fields of a later release are no error in what is stored. */
export function jsonSchema(name: SchemaName): Record<string, unknown> {
  const { schema, title } = SCHEMAS[name]
  return { $id: `urn:horde-onnx:${name}`, title, ...z.toJSONSchema(schema, { io: 'input', target: 'draft-2020-12' }) }
}
