import { isPng, readPngText } from './png.js'
import { isWebp, readWebpComment } from './webp.js'

/** What a picture was drawn from, as plain values. */
export interface PictureParameters {
  prompt: string
  negativePrompt?: string
  steps?: number
  sampler?: string
  /** The sigma schedule, e.g. `karras`. */
  scheduler?: string
  cfgScale?: number
  /** As text or bigint where it may exceed 2^53. */
  seed?: string | number | bigint
  width?: number
  height?: number
  model?: string
  modelHash?: string
  clipSkip?: number
  denoise?: number
  /** Name and version of what drew it. */
  version?: string
}

/**
 * The parameters in the notation that the web UIs and picture sites read: the prompt, a line `Negative prompt: …` where there
 * is one, and a line of `Name: value` pairs (AUTOMATIC1111, `modules/processing.py: create_infotext`). A value that has a
 * comma, a colon or a line break is quoted as JSON.
 */
export function formatParameters(parameters: PictureParameters): string {
  const { prompt, negativePrompt, width, height } = parameters
  const pairs = Object.entries({
    Steps: parameters.steps,
    Sampler: parameters.sampler,
    'Schedule type': parameters.scheduler,
    'CFG scale': parameters.cfgScale,
    Seed: parameters.seed,
    Size: width !== undefined && height !== undefined ? `${width}x${height}` : undefined,
    'Model hash': parameters.modelHash,
    Model: parameters.model,
    'Denoising strength': parameters.denoise,
    'Clip skip': parameters.clipSkip,
    Version: parameters.version,
  }).filter(([, value]) => value !== undefined)
  return [
    prompt,
    ...(negativePrompt ? [`Negative prompt: ${negativePrompt}`] : []),
    ...(pairs.length > 0 ? [pairs.map(([name, value]) => `${name}: ${quoted(String(value))}`).join(', ')] : []),
  ].join('\n')
}

function quoted(value: string): string {
  return /[,:\n]/.test(value) ? JSON.stringify(value) : value
}

/** The parameters that a PNG (text chunk `parameters`) or WebP (EXIF UserComment) carries, or undefined. */
export function readParameters(file: Uint8Array): string | undefined {
  if (isPng(file)) return readPngText(file, 'parameters')
  if (isWebp(file)) return readWebpComment(file)
  return undefined
}
