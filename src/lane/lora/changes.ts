/** What the LoRAs of a job change in a network, in the order of the job. */
import type { Checkpoint } from '../../models/checkpoint.js'
import type { LoraModule } from '../../models/lora/open-lora.js'
import type { AppliedLora } from '../../models/lora/patch.js'
import type { LoraLayer } from '../../networks/index.js'

/** A module of a LoRA and its strength. */
export interface Change {
  module: LoraModule
  strength: number
}

/** The changes of the UNet, or of the text encoder whose tensors begin with `prefix`. A strength of 0 changes nothing. */
export function changesOf(loras: readonly AppliedLora[], part: 'unet' | 'text', prefix: string): Change[] {
  return loras.flatMap(({ lora, model, clip }) => {
    const strength = part === 'unet' ? model : clip
    const wanted = ({ target }: LoraModule) => target.part === part && target.key.startsWith(prefix)
    return strength === 0 ? [] : lora.modules.filter(wanted).map(module => ({ module, strength }))
  })
}

/**
 * The layer of each change, where all of them are low-rank sums for one of the layers; undefined where one is not (LoHa,
 * LoKr, DoRA, full differences, biases) and the weights have to be computed.
 */
export function layersOf(
  changes: readonly Change[],
  { tensors }: Pick<Checkpoint, 'tensors'>,
  layers: readonly LoraLayer[],
): ReadonlyMap<Change, LoraLayer> | undefined {
  // Layers of OpenCLIP share a tensor: where their rows begin tells them apart.
  const byPlace = new Map(layers.map(layer => [layer.weight.offset, layer]))
  const found = new Map<Change, LoraLayer>()
  for (const change of changes) {
    const { target, factors, doraScale } = change.module
    const weight = tensors.get(target.key)
    if (factors.kind !== 'lora' || doraScale !== undefined || weight === undefined) return undefined
    const [rows = 1] = weight.shape
    const layer = byPlace.get(weight.offset + ((target.firstRow ?? 0) * weight.length) / rows)
    if (layer === undefined || target.transposed) return undefined
    found.set(change, layer)
  }
  return found
}
