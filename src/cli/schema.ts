import { ExitCode, UsageError } from '../errors.js'
import { isSchemaName, jsonSchema, SCHEMA_NAMES } from '../harness/json-schemas.js'
import { command } from './command.js'

export const schema = command({
  name: 'schema',
  description: `Print the JSON Schema of a format: ${SCHEMA_NAMES.join(', ')}`,
  args: { format: { type: 'positional', required: true, description: `One of ${SCHEMA_NAMES.join(', ')}` } },
  examples: [['horde-onnx schema run > run.schema.json', 'the same as horde-onnx/schema/run.json in the package']],
  async run({ args }) {
    if (!isSchemaName(args.format)) {
      throw new UsageError(`there is no format "${args.format}"`, { hint: `formats: ${SCHEMA_NAMES.join(', ')}` })
    }
    process.stdout.write(`${JSON.stringify(jsonSchema(args.format), undefined, 2)}\n`)
    return ExitCode.ok
  },
})
