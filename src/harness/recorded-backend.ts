/** A stored run as a backend: it draws nothing, it answers with what was drawn. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Backend, CAPABILITIES } from '../backends/backend.js'
import { faultedGeneration } from '../backends/faulted.js'
import { isPlan } from '../backends/is-plan.js'
import { generationHandle } from '../engine/generation-handle.js'
import type { GeneratedImage, Generation } from '../engine/types.js'
import { RunError, UnsupportedError } from '../errors.js'
import { sha256Hex } from './canonical.js'
import type { CaseResult, RunImage } from './run-schema.js'
import { readPicture, readRun } from './run-store.js'

/**
 * Opens a run. A payload is answered with the case that was drawn from the same payload, whatever that case is called; its
 * timings are those of the recording.
 *
 * @throws RunError where the folder holds no whole run
 */
export async function recordedBackend(folder: string): Promise<Backend> {
  const run = await readRun(folder)
  const cases = new Map(run.cases.map(result => [result.fixture.payloadSha256, result]))
  const { environment } = run
  return {
    describe: async () => ({
      name: run.backend,
      version: run.version,
      ...(run.commit === undefined ? {} : { commit: run.commit }),
      can: CAPABILITIES,
      timings: 'phases',
    }),
    environment: async () => ({ ...environment, providers: [environment.provider], elsewhere: environment }),
    generate: (payload, { id }) =>
      generationHandle(
        id,
        () => {},
        async () => {
          try {
            const found = cases.get(sha256Hex(payload))
            if (found !== undefined) return await stored(folder, found, id)
            throw new UnsupportedError(`the run ${folder} has no case with this payload`, {
              hint: 'a recorded run answers only the payloads that it was made of, letter for letter',
            })
          } catch (error) {
            return faultedGeneration(id, error)
          }
        },
      ),
    close: async () => {},
  }
}

async function stored(folder: string, result: CaseResult, id: string): Promise<Generation> {
  const { state, faults, notes, fingerprints, timings, retries, images, plan } = result
  const drawn = await Promise.all(images.map(image => storedImage(folder, image)))
  return {
    id,
    state,
    images: drawn,
    faults: faults.map(({ code, message, hint }) => ({ code, message, ...(hint !== undefined && { hint }) })),
    notes: notes.map(({ field, message, quirk, missing }) => ({
      field,
      message,
      ...(quirk !== undefined && { quirk }),
      ...(missing !== undefined && { missing }),
    })),
    ...(isPlan(plan) && { plan }),
    fingerprints,
    timings,
    retries,
  }
}

async function storedImage(folder: string, image: RunImage): Promise<GeneratedImage> {
  const { width, height, channels, pixels } = await readPicture(folder, image)
  const file = await readFile(join(folder, image.file)).catch((cause: unknown) => {
    throw new RunError(`the picture ${image.file} of ${folder} cannot be read`, { cause })
  })
  return { width, height, channels, pixels, sha256: image.sha256, format: 'png', file }
}
