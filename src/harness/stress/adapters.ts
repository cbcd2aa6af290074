/** Adapters, and a second model, for the jobs of a stress run, made up for whatever model is given: they need not look good, only differ. */
import { copyFile, open } from 'node:fs/promises'
import { join } from 'node:path'
import { type Checkpoint, openCheckpoint } from '../../models/checkpoint.js'
import { DTYPE_BYTES } from '../../models/files/dtype.js'
import { type TensorToWrite, writeSafetensors } from '../../models/files/safetensors.js'
import { mt19937 } from '../../sampling/noise/mt19937.js'

/** Names of the files, without their ending. */
export const ADAPTERS = {
  /** Low rank: its factors are inputs of the graph. */
  lora: 'stress-lora',
  /** A product of products: weights are merged, the network has a session of its own. */
  loha: 'stress-loha',
  /** Made for another model. */
  misfit: 'stress-misfit',
  embedding: 'stressword',
} as const

/** Writes them into a folder. Only layers of the first blocks are changed: that is enough to change every picture. */
export async function writeAdapters(folder: string, model: string): Promise<void> {
  const checkpoint = await openCheckpoint(model)
  const layers = queries(checkpoint)
  const tensors = (make: (layer: Layer, seed: number) => Record<string, TensorToWrite>) =>
    Object.assign({}, ...layers.map((layer, i) => make(layer, 10 * i + 1)))
  await writeSafetensors(
    join(folder, `${ADAPTERS.lora}.safetensors`),
    tensors(({ name, out, inner }, seed) => ({
      [`${name}.lora_up.weight`]: filled([out, 4], seed),
      [`${name}.lora_down.weight`]: filled([4, inner], seed + 1),
    })),
  )
  await writeSafetensors(
    join(folder, `${ADAPTERS.loha}.safetensors`),
    tensors(({ name, out, inner }, seed) => ({
      [`${name}.hada_w1_a`]: filled([out, 2], seed),
      [`${name}.hada_w1_b`]: filled([2, inner], seed + 1),
      [`${name}.hada_w2_a`]: filled([out, 2], seed + 2),
      [`${name}.hada_w2_b`]: filled([2, inner], seed + 3),
    })),
  )
  await writeSafetensors(
    join(folder, `${ADAPTERS.misfit}.safetensors`),
    tensors(({ name, out, inner }, seed) => ({
      [`${name}.lora_up.weight`]: filled([out, 4], seed),
      [`${name}.lora_down.weight`]: filled([4, 2 * inner], seed + 1),
    })),
  )
  const width = layers[0]?.inner ?? 768
  await writeSafetensors(join(folder, `${ADAPTERS.embedding}.safetensors`), { emb_params: filled([2, width], 77) })
}

/** Bytes up to which a checkpoint is copied to have a second one. */
const SMALL = 2 ** 28

/**
 * A model like another that draws something else: a copy whose last convolution has its values in reverse order. Undefined
 * where the checkpoint is too large to be copied, or has no UNet that is named as usual.
 */
export async function writeOtherModel(folder: string, model: string): Promise<string | undefined> {
  const { tensors } = await openCheckpoint(model)
  const last = tensors.get('model.diffusion_model.out.2.weight')
  const bytes = [...tensors.values()].reduce((sum, { length }) => sum + length, 0)
  if (last === undefined || last.file !== model || bytes > SMALL) return undefined
  const file = join(folder, 'other-model.safetensors')
  await copyFile(model, file)
  const handle = await open(file, 'r+')
  try {
    const values = Buffer.alloc(last.length)
    await handle.read(values, 0, last.length, last.offset)
    const size = DTYPE_BYTES[last.dtype]
    const reversed = Buffer.concat(
      Array.from({ length: last.length / size }, (_, i) => values.subarray(i * size, (i + 1) * size)).reverse(),
    )
    await handle.write(reversed, 0, reversed.length, last.offset)
  } finally {
    await handle.close()
  }
  return file
}

interface Layer {
  /** As kohya names it. */
  name: string
  out: number
  inner: number
}

/** The projections of the text in the UNet's first transformers. */
function queries({ tensors }: Checkpoint): Layer[] {
  const found = [...tensors.values()].filter(({ name }) =>
    /^model\.diffusion_model\.input_blocks\.\d+\.1\..*attn2\.to_[kv]\.weight$/.test(name),
  )
  return found.slice(0, 6).map(({ name, shape: [out = 0, inner = 0] }) => ({
    name: name
      .replace('model.diffusion_model.', 'lora_unet_')
      .replace(/\.weight$/, '')
      .replaceAll('.', '_'),
    out,
    inner,
  }))
}

function filled(shape: readonly number[], seed: number): TensorToWrite {
  const generator = mt19937(BigInt(seed))
  const data = Float32Array.from(
    { length: shape.reduce((all, size) => all * size, 1) },
    () => (generator.next() / 2 ** 31 - 1) * 0.4,
  )
  return { dtype: 'F32', shape, data }
}
