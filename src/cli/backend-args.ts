/** `--backend engine | recorded:DIR | sidecar:COMMAND | …` of every command that draws with any backend. */
import { stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseCommandString } from 'execa'
import type { Backend } from '../backends/backend.js'
import { comfyuiBackend } from '../backends/comfyui/comfyui-backend.js'
import { engineBackend } from '../backends/engine-backend.js'
import { hordeBackend } from '../backends/horde/horde-backend.js'
import { sidecarBackend } from '../backends/sidecar/sidecar-backend.js'
import { withPlans } from '../backends/with-plans.js'
import { createEngine } from '../engine/create-engine.js'
import { UsageError } from '../errors.js'
import { recordedBackend } from '../harness/recorded-backend.js'
import { loadCatalogue } from '../models/catalogue.js'
import { type EngineArgs, engineOptions } from './engine-args.js'

const KINDS = [
  'engine[:threads=N,…]',
  'build:CHECKOUT[,threads=N,…]',
  'sidecar:COMMAND',
  'comfyui:URL',
  'horde[:URL]',
  'recorded:DIR',
] as const

export const BACKEND_ARG = {
  type: 'string',
  valueHint: 'BACKEND',
  description: `Who draws: ${KINDS.join(', ')} [default: engine]`,
} as const

/** Options of the engine that a backend's text may set. */
const ENGINE_KEYS = ['threads', 'catalogue', 'models'] as const

export interface OpenBackendOptions {
  /** Run the engine in a process of its own, as every other backend: for times that are compared. @default false */
  apart?: boolean
}

/**
 * Opens the backend that a text names.
 *
 * @throws UsageError where there is no such backend, or its place is missing
 */
export async function openBackend(
  spec: string | undefined,
  args: EngineArgs,
  { apart = false }: OpenBackendOptions = {},
): Promise<Backend & { pid?(): number | undefined }> {
  const text = spec ?? 'engine'
  const colon = text.indexOf(':')
  const kind = colon < 0 ? text : text.slice(0, colon)
  const place = colon < 0 ? '' : text.slice(colon + 1)
  switch (kind) {
    case 'engine': {
      const settings = { ...args, ...settingsOf(text, place === '' ? [] : place.split(',')) }
      // What is drawn is compared with what was drawn before: it must not depend on who else was there.
      if (!apart) return engineBackend(await createEngine({ ...engineOptions(settings), deterministic: true }))
      return sidecarBackend({
        command: [
          process.execPath,
          fileURLToPath(new URL('./main.js', import.meta.url)),
          'sidecar',
          ...options(settings),
        ],
      })
    }
    case 'build': {
      const [checkout = '', ...settings] = required(text, place).split(',')
      const main = await mainOf(checkout)
      return sidecarBackend({
        command: [process.execPath, main, 'sidecar', ...options({ ...args, ...settingsOf(text, settings) })],
      })
    }
    case 'sidecar':
      return planned(sidecarBackend({ command: parseCommandString(required(text, place)) }), args)
    case 'comfyui': {
      const catalogue = await loadCatalogue(args.catalogue, { folders: args.models === undefined ? [] : [args.models] })
      const comfyui = comfyuiBackend({
        url: required(text, place),
        modelOf(name) {
          const { baseline, inpainting, file } = catalogue.find(name)
          return { baseline, inpainting, checkpoint: basename(file) }
        },
      })
      return planned(comfyui, args)
    }
    case 'horde': {
      const { HORDE_API_KEY: apiKey } = process.env
      const horde = hordeBackend({
        ...(place === '' ? {} : { url: place }),
        ...(apiKey === undefined ? {} : { apiKey }),
        nsfw: process.env.HORDE_NSFW === '1',
      })
      return planned(horde, args)
    }
    case 'recorded':
      return recordedBackend(required(text, place))
    default:
      throw new UsageError(`there is no backend "${text}"`, { hint: `backends: ${KINDS.join(', ')}` })
  }
}

/** Our plan of each payload, where we have its model, too. */
async function planned<B extends Backend>(backend: B, args: EngineArgs): Promise<B> {
  const engine = await createEngine(engineOptions(args))
  const close = async () => {
    await backend.close()
    await engine.close()
  }
  return { ...withPlans(backend, async payload => (await engine.plan(payload)).plan), close }
}

function required(spec: string, place: string): string {
  if (place !== '') return place
  throw new UsageError(`the backend "${spec}" needs a place behind the colon`, {
    hint: `backends: ${KINDS.join(', ')}`,
  })
}

/** `threads=1` … */
function settingsOf(spec: string, settings: readonly string[]): EngineArgs {
  const found: EngineArgs = {}
  for (const setting of settings) {
    const [name = '', ...value] = setting.split('=')
    const key = ENGINE_KEYS.find(known => known === name)
    if (key === undefined || value.length === 0) {
      throw new UsageError(`"${setting}" of the backend "${spec}" is no setting`, {
        hint: `settings: ${ENGINE_KEYS.map(known => `${known}=…`).join(', ')}`,
      })
    }
    found[key] = value.join('=')
  }
  return found
}

function options(args: EngineArgs): string[] {
  return ENGINE_KEYS.flatMap(key => (args[key] === undefined ? [] : [`--${key}`, args[key]]))
}

/** The command line of a checkout that was built, or that file itself. */
async function mainOf(checkout: string): Promise<string> {
  for (const file of [checkout, join(checkout, 'dist/cli/main.js')]) {
    const found = await stat(file).catch(() => undefined)
    if (found?.isFile()) return file
  }
  throw new UsageError(`${checkout} holds no built horde-onnx`, {
    hint: 'name a checkout in which npm install was run; dist/cli/main.js must be there',
  })
}
