import { z } from 'zod'

const integer = z.union([z.number().int(), z.bigint()]).transform(BigInt)

/** Horde names, after all rules of the Horde: nothing in it is clamped. Fields that are not known here are kept, to be refused. */
const packPayloadSchema = z.looseObject({
  prompt: z.string(),
  seed: integer,
  ddim_steps: z.number().int().min(1),
  cfg_scale: z.number(),
  width: z.number().int().min(8),
  height: z.number().int().min(8),
  clip_skip: z.number().int().min(1).default(1),
  n_iter: z.number().int().min(1).default(1),
  tiling: z.boolean().default(false),
  denoising_strength: z.number().default(1),
  source_processing: z.string().optional(),
  source_image: z.string().optional(),
  source_mask: z.string().optional(),
  loras: z.array(z.object({ name: z.string(), model: z.number(), clip: z.number() })).default([]),
  control_type: z.string().optional(),
  control_strength: z.number().default(1),
})

/** `cases/<id>/case.json`. */
export const packCaseSchema = z.looseObject({
  checkpoint: z.string().optional(),
  /** Empty tensors to be added to the checkpoint before it is read. */
  extra_keys: z.array(z.string()).optional(),
  /** ComfyUI's names. */
  sampler: z.string(),
  scheduler: z.string(),
  noise: z.enum(['cuda', 'cpu']).default('cuda'),
  controlnet: z.string().optional(),
  /** Second pass; the payload's size is that of the first. */
  hires: z
    .object({ width: z.number().int(), height: z.number().int(), steps: z.number().int(), denoise: z.number() })
    .optional(),
  keep_steps: z.array(z.number().int()).default([]),
  /** Relative change of the final latent when the noise is moved by 1e-6, relatively. */
  sensitivity: z.number().default(0),
  payload: packPayloadSchema,
})

export type PackCase = z.infer<typeof packCaseSchema> & { id: string }

/** Fields of the payload that the case's own fields overrule. */
const OVERRULED = ['sampler_name', 'karras', 'scheduler', 'hires_fix', 'model']

/** Fields of the case that say how it was computed, not what. */
const INFORMATIVE = ['id', 'model_calls', 'about']

/** Fields that nothing here honours: such a case must not be drawn as if they were not there. */
export function unknownFields({ payload, ...rest }: PackCase): string[] {
  const beyond = (value: object, schema: { shape: object }, fine: readonly string[]) =>
    Object.keys(value).filter(key => !(key in schema.shape) && !fine.includes(key))
  return [...beyond(rest, packCaseSchema, INFORMATIVE), ...beyond(payload, packPayloadSchema, OVERRULED)]
}
