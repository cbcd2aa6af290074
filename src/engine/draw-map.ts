/** `return_control_map`: the annotator's map is the picture, and no model draws. */
import { encodeImage } from '../imaging/encode.js'
import { sha256 } from '../lane/stages.js'
import type { Job, JobControl } from '../payload/job.js'
import { refuseUnsupported } from '../plan/make-plan.js'
import { controlMap } from './prepare-pictures.js'
import type { Generation } from './types.js'

/** @throws ImageError where the picture is damaged, UnsupportedError where the annotator is a network */
export async function drawMap(
  job: Job,
  control: JobControl,
  format: 'png' | 'webp',
): Promise<Pick<Generation, 'images' | 'fingerprints' | 'timings'>> {
  refuseUnsupported(job)
  const start = performance.now()
  const map = await controlMap(control)
  const drawn = performance.now()
  const hash = sha256(map.pixels)
  const file = await encodeImage({ ...map, format })
  const now = performance.now()
  return {
    images: [{ ...map, format, sha256: hash, file }],
    fingerprints: { control_map: hash },
    timings: { load: 0, encode: drawn - start, steps: [], decode: 0, output: now - drawn, total: now - start },
  }
}
