/** A checkpoint whose weights are changed by LoRAs. What is changed lies in a file of its own; the rest stays where it is. */
import { mkdtemp, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { OutputError } from '../../errors.js'
import type { Checkpoint, TensorEntry } from '../../models/checkpoint.js'
import { type AppliedLora, patchedWeights } from '../../models/lora/patch.js'
import { temporaryFolder } from '../temporary.js'

export interface MergedCheckpoint extends Checkpoint {
  /** Removes the file of the changed weights. Systems other than Windows let a session go on reading it. */
  remove(): Promise<void>
}

/** Weights begin at multiples of it: ONNX Runtime maps them into memory instead of reading them. */
const ALIGNMENT = 4096

const hint = 'Make room in the folder for temporary files, or name another one in TMPDIR.'

/**
 * Merges LoRAs into the UNet or the text encoders. The file has 4 bytes for each value that is changed and lies in the
 * system's folder for temporary files.
 *
 * @throws ModelFileError where a LoRA changes a tensor that the checkpoint does not have
 */
export async function mergeLoras(
  checkpoint: Checkpoint,
  loras: readonly AppliedLora[],
  part: 'unet' | 'text',
): Promise<MergedCheckpoint> {
  const folder = await mkdtemp(join(temporaryFolder(), 'merged-'))
  const remove = () => rm(folder, { recursive: true, force: true })
  try {
    const changed = await writeChanged(join(folder, `${part}.bin`), patchedWeights(checkpoint, loras, part))
    return { ...checkpoint, tensors: new Map([...checkpoint.tensors, ...changed]), remove }
  } catch (error) {
    await remove()
    throw error
  }
}

async function writeChanged(
  file: string,
  weights: ReturnType<typeof patchedWeights>,
): Promise<ReadonlyMap<string, TensorEntry>> {
  const changed = new Map<string, TensorEntry>()
  const handle = await open(file, 'wx')
  try {
    let offset = 0
    for await (const { key, shape, values } of weights) {
      const length = values.byteLength
      const { bytesWritten } = await handle.write(values, 0, length, offset).catch((cause: unknown) => {
        const reason = cause instanceof Error ? cause.message : String(cause)
        throw new OutputError(`${file}: merged weights cannot be written (${reason})`, { hint, cause })
      })
      if (bytesWritten !== length)
        throw new OutputError(`${file}: ${length} bytes of merged weights do not fit`, { hint })
      changed.set(key, { name: key, dtype: 'F32', shape, file, offset, length })
      offset = Math.ceil((offset + length) / ALIGNMENT) * ALIGNMENT
    }
  } finally {
    await handle.close()
  }
  return changed
}
