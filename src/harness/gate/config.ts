/** What `gate` does, as a file: everything has a default, and paths are meant from the file's own folder. */
import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { z } from 'zod'
import { FixtureError } from '../../errors.js'
import { parseYaml } from '../yaml-file.js'

export const GATE_CONFIG_FILE = 'horde-onnx.yaml'

/** In the order in which they run. */
export const GATE_STAGES = ['plan', 'replay', 'check', 'stress'] as const

export type GateStageName = (typeof GATE_STAGES)[number]

const path = z.string().min(1)

export const gateConfigSchema = z.strictObject({
  version: z.literal(1),
  /** Folder of fixtures. @default the shipped ones */
  fixtures: path.optional(),
  /** Folder of goldens. @default the shipped ones */
  golden: path.optional(),
  /** Globs of cases. @default all */
  only: z.array(z.string().min(1)).optional(),
  /** Catalogue of models. @default the embedded one */
  catalogue: path.optional(),
  /** Folder in which the catalogue's files are looked up. */
  models: path.optional(),
  /** Threads of ONNX Runtime. @default one a core */
  threads: z.number().int().min(1).max(1024).optional(),
  /** Jobs the engine is given at once. */
  concurrency: z.number().int().min(1).max(1000).default(2),
  stages: z
    .array(z.enum(GATE_STAGES))
    .min(1)
    .default([...GATE_STAGES]),
  /** Glob of the environment classes that this gate is for; another machine is told so instead of being judged. */
  class: z.string().min(1).optional(),
  /** Drift ends with an exit code of its own. */
  strict_drift: z.boolean().default(false),
  /** A case that fails is drawn once more, to tell a regression from a case that is not stable. */
  redraw: z.boolean().default(true),
  /** Files beside the run. */
  junit: path.optional(),
  markdown: path.optional(),
})

export type GateConfig = z.infer<typeof gateConfigSchema>

/** Fields that are paths. */
const PATHS = ['fixtures', 'golden', 'catalogue', 'models', 'junit', 'markdown'] as const

/**
 * Reads a configuration.
 *
 * @param file absent: the one in the current folder where there is one, else the defaults
 * @throws FixtureError that names file, line and field; where a named file is missing
 */
export async function loadGateConfig(file?: string): Promise<GateConfig> {
  const from = file ?? GATE_CONFIG_FILE
  const text = await readFile(from, 'utf8').catch((cause: unknown) => {
    if (file === undefined && cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined
    throw new FixtureError(`cannot read ${from}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
      hint: 'docs/ci.md shows a configuration',
    })
  })
  if (text === undefined) return gateConfigSchema.parse({ version: 1 })
  const what = 'the configuration of a gate'
  const hint = 'docs/ci.md#configuration lists the fields'
  const config = parseYaml({ file: from, text, schema: gateConfigSchema, what, hint })
  const absolute = PATHS.flatMap(name => {
    const value = config[name]
    return value === undefined ? [] : [[name, resolve(dirname(from), value)] as const]
  })
  return { ...config, ...Object.fromEntries(absolute) }
}
