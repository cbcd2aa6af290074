/** What gates compare beside the pictures, on disk. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Stages, StageTensor } from '../engine/types.js'
import { RunError } from '../errors.js'
import { openCheckpoint, readManyFloats } from '../models/checkpoint.js'
import { safetensorsBytes } from '../models/files/safetensors.js'
import { sha256Hex } from './canonical.js'
import { assertInside } from './inside.js'
import { writeWhole } from './output.js'
import type { TensorFile } from './run-schema.js'

/** Tensors by the names of their stages. */
export type Tensors = ReadonlyMap<string, StageTensor>

/** @throws OutputError */
export async function writeTensors(folder: string, file: string, stages: Stages): Promise<TensorFile> {
  const bytes = safetensorsBytes(
    Object.fromEntries(Object.entries(stages).map(([name, tensor]) => [name, { dtype: 'F32' as const, ...tensor }])),
  )
  await writeWhole(join(folder, file), bytes)
  return { file, sha256: sha256Hex(bytes) }
}

/** @throws RunError where the file is missing, damaged, outside `folder`, or not the one that was written */
export async function readTensors(folder: string, { file, sha256 }: TensorFile): Promise<Tensors> {
  assertInside(folder, file)
  const path = join(folder, file)
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw new RunError(`the tensors ${path} are missing: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
      hint: 'replay again, or take the folder from where it was whole',
    })
  })
  if (sha256Hex(bytes) !== sha256) {
    throw new RunError(`the tensors ${path} are not the ones that were computed: the file has another hash`, {
      hint: 'it was damaged, edited or replaced; replay again',
    })
  }
  return readTensorFile(path)
}

/** Every tensor of a safetensors file, as floats. @throws ModelFileError */
export async function readTensorFile(path: string): Promise<Tensors> {
  const { tensors } = await openCheckpoint(path)
  const entries = [...tensors.values()]
  const values = await readManyFloats(entries)
  return new Map(entries.map(({ name, shape }, index) => [name, { shape, data: values[index] ?? new Float32Array() }]))
}
