import { describe, expect, it } from 'vitest'
import { asInPack, markedImage, packMissing, readPack } from '../../../test/support/hordelib-pack.js'
import { toDict } from '../python.js'
import { clampPayload } from './clamp.js'
import { graphSettings } from './graph.js'
import { normalisePayload } from './normalise.js'
import { SAMPLERS } from './samplers.js'

type Node = [string, Record<string, unknown>]

const { models, cases } = packMissing === '' ? readPack('graph-params.json') : { models: {}, cases: [] }

/** The graphs that a later version of the engine draws; their numbers are not read from payloads yet. */
const LATER = [
  'qr_code',
  'creative_upscale',
  'stable_cascade_remix',
  'stable_cascade_2pass',
  'stable_cascade',
  'flux',
  'qwen',
  'z_image',
]

function settingsOf(c: Record<string, unknown>) {
  const raw = c.in as { model: string }
  const traits = (models as Record<string, { baseline: string; inpainting: boolean }>)[raw.model]
  if (traits === undefined) throw new Error(`no model ${raw.model} in the pack`)
  const makePicture = ({ width, height }: { width: number; height: number }) =>
    markedImage(`<PIL ${width}x${height} RGB>`)
  const normal = normalisePayload(toDict(raw), { model: { name: raw.model, ...traits }, makePicture }).payload
  const { payload } = clampPayload(normal, { randomSeed: () => 4711n })
  return { payload, settings: graphSettings(payload, traits.baseline) }
}

/** What our settings say about each node of hordelib's graph. */
function expectedNodes(c: Record<string, unknown>) {
  const { payload, settings } = settingsOf(c)
  const { width, height, hires, source, control } = settings
  const sampler = {
    cfg: payload.cfg_scale,
    sampler_name: SAMPLERS[payload.sampler_name],
    ...(c.id === 'txt2img_seed_missing' ? {} : { seed: asInPack(payload.seed) }),
  }
  const image = (size: { width: number; height: number }) => `${size.width}x${size.height}`
  return {
    sampler: {
      ...sampler,
      steps: payload.ddim_steps,
      scheduler: payload.scheduler,
      denoise: payload.denoising_strength,
    },
    upscale_sampler: hires && { ...sampler, steps: hires.steps, scheduler: 'simple', denoise: hires.denoise },
    latent_upscale: hires && { width, height, upscale_method: 'nearest-exact' },
    empty_latent_image: !source && {
      width: hires?.firstWidth ?? width,
      height: hires?.firstHeight ?? height,
      batch_size: payload.n_iter,
    },
    repeat_image_batch: source && { amount: payload.n_iter },
    clip_skip: !control && { stop_at_clip_layer: -settings.clipSkip },
    image_loader: (source ?? control) && {
      image: (source ?? control)?.image ? image((source ?? control)?.resize ?? settings) : null,
    },
    set_latent_noise_mask: source?.processing === 'img2img' && (source.mask !== null || source.maskFromAlpha) && {},
    controlnet_apply: control && { strength: payload.control_strength },
    controlnet_model_loader: control && { control_net_name: control.file },
    preprocessor: control && { preprocessor: control.annotator ?? 'none', resolution: control.resolution },
    layer_diffuse_apply: settings.transparent && {},
  }
}

describe.skipIf(packMissing !== '')(`what reaches hordelib's graph${packMissing}`, () => {
  const drawn = cases.filter(c => 'pipeline' in c && !LATER.includes(c.pipeline as string))

  it('has the graphs of Stable Diffusion', () => expect(drawn).toHaveLength(363))

  it.each(drawn.map(c => [c.id, c] as const))('%s', (_, c) => {
    const nodes = c.nodes as Record<string, Node>
    const annotated = c.pipeline === 'controlnet_annotator'
    for (const [title, expected] of Object.entries(expectedNodes(c))) {
      if (annotated && !['image_loader', 'preprocessor'].includes(title)) continue
      const node = nodes[title]
      if (!expected) {
        expect(node, title).toBeUndefined()
        continue
      }
      const actual = { ...node?.[1] }
      const size = asInPack(actual.image)
      if (title === 'image_loader')
        actual.image = size === null ? null : String(size).replace(/^<PIL (\d+x\d+) .*/, '$1')
      expect(asInPack(actual), title).toMatchObject(expected)
    }
    // LoRAs: the UNet's half reaches the sampler, the text encoders' half the prompts.
    const { settings } = settingsOf(c)
    const chain = Object.keys(nodes).filter(title => title.startsWith('lora_'))
    const reaches = (title: string, input: string) => String(nodes[title]?.[1][input]).startsWith('@lora_')
    if (chain.length > 0 && !annotated) {
      expect(settings.loras.some(({ model }) => model !== 0)).toBe(
        reaches('sampler', 'model') && !String(c.id).includes('zero'),
      )
      expect(settings.loras.some(({ clip }) => clip !== 0)).toBe(
        reaches('clip_skip', 'clip') && !String(c.id).includes('zero'),
      )
    }
  })
})
