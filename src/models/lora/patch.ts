/** A checkpoint's weights with LoRAs merged in. */
import { f16round } from '@petamoriken/float16'
import { ModelFileError } from '../../errors.js'
import { type Checkpoint, readFloats } from '../checkpoint.js'
import { applyModule } from './delta.js'
import type { Lora, LoraModule } from './open-lora.js'

export interface AppliedLora {
  lora: Lora
  /** Strength on the UNet. */
  model: number
  /** Strength on the text encoders. */
  clip: number
}

export interface PatchedWeight {
  /** Name in the checkpoint. */
  key: string
  shape: readonly number[]
  values: Float32Array
}

/**
 * The tensors that LoRAs change, one after the other, so that a large model never lies in memory twice. The order of the
 * LoRAs is that of the job.
 *
 * ComfyUI computes a merged weight in 32 bits and stores it in the precision of its model: text encoders always have 16,
 * so theirs are rounded to half floats here, too. That is worth 1e-4 in the embeddings. UNets have 32 in a reference pack.
 *
 * @throws ModelFileError when a LoRA changes a tensor that the checkpoint lacks (a bias of a layer without one)
 */
export async function* patchedWeights(
  checkpoint: Checkpoint,
  loras: readonly AppliedLora[],
  part: 'unet' | 'text',
): AsyncGenerator<PatchedWeight> {
  for (const [key, changes] of changesByKey(loras, part)) {
    const entry = checkpoint.tensors.get(key)
    if (entry === undefined) {
      throw new ModelFileError(`${changes[0]?.file}: changes "${key}", which ${checkpoint.file} does not have`, {
        hint: 'The LoRA was made for a model with more layers.',
      })
    }
    const values = await readFloats(entry)
    for (const { module, strength } of changes) await applyModule(values, module, strength)
    if (part === 'text') for (let i = 0; i < values.length; i++) values[i] = f16round(values[i] as number)
    yield { key, shape: entry.shape, values }
  }
}

interface Change {
  file: string
  module: LoraModule
  strength: number
}

function changesByKey(loras: readonly AppliedLora[], part: 'unet' | 'text'): ReadonlyMap<string, readonly Change[]> {
  const changes = new Map<string, Change[]>()
  for (const { lora, model, clip } of loras) {
    const strength = part === 'unet' ? model : clip
    if (strength === 0) continue
    for (const module of lora.modules) {
      const { key, part: place } = module.target
      if (place !== part) continue
      const list = changes.get(key) ?? []
      changes.set(key, list)
      list.push({ file: lora.file, module, strength })
    }
  }
  return changes
}
