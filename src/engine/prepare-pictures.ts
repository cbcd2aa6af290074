/** The pictures of a job as the lane gets them: decoded, brought to their size, annotated, their masks apart. */
import { annotate } from '../imaging/annotators/annotate.js'
import { decodeImage } from '../imaging/decode.js'
import { type Mask, maskFromPicture } from '../imaging/mask.js'
import { type Picture, toRgb } from '../imaging/picture.js'
import { fitSource, loadSource } from '../imaging/source.js'
import type { LaneTask } from '../lane/protocol.js'
import { sha256 } from '../lane/stages.js'
import type { ModelFacts } from '../models/facts.js'
import { sha256File } from '../models/hash.js'
import type { Job, JobControl, JobSource, SourceImage } from '../payload/job.js'
import type { PlanPictures } from '../plan/make-plan.js'
import type { PlannedPicture } from '../plan/types.js'
import type { AdapterLibrary } from './adapter-library.js'
import { resolveControl } from './resolve-control.js'

type SourcePair = NonNullable<LaneTask['source']>

export interface PreparedPictures {
  planned: PlanPictures
  sent: Pick<LaneTask, 'source' | 'control'>
}

/**
 * @throws ImageError where a picture is damaged, ModelFileError where the ControlNet is missing or does not fit,
 * UnsupportedError where the annotator is a network
 */
export async function preparePictures(
  job: Job,
  { facts, library }: { facts: ModelFacts; library: () => Promise<AdapterLibrary> },
): Promise<PreparedPictures> {
  const planned: PlanPictures = {}
  const sent: PreparedPictures['sent'] = {}
  if (job.source !== undefined) {
    const source = await sourcePictures(job, job.source)
    const { image, mask } = source
    planned.source = { image: plannedPicture(image), ...(mask && { mask: plannedMask(mask) }) }
    sent.source = source
  }
  if (job.control !== undefined) {
    const { type, strength } = job.control
    const file = await resolveControl(job.control, facts, (await library()).paths)
    const map = await controlMap(job.control)
    planned.control = { type, strength, sha256: await sha256File(file), map: plannedPicture(map) }
    sent.control = { file, map }
  }
  return { planned, sent }
}

async function sourcePictures({ width, height }: Job, source: JobSource): Promise<SourcePair> {
  const decoded = await decode(source.image)
  const ownMask = source.mask && (await decode(source.mask))
  if (source.resize === undefined && ownMask) return { image: toRgb(decoded), mask: maskFromPicture(ownMask) }
  const fitted =
    source.resize === undefined
      ? decoded
      : fitSource({
          image: decoded,
          ...(ownMask && { mask: ownMask }),
          request: { width, height },
          source: source.resize,
        })
  const { image, mask } = loadSource(fitted)
  const masked = source.mask !== undefined || source.maskFromAlpha === true || paints(source.processing)
  return { image, ...(masked && { mask }) }
}

const paints = (processing: string) => processing === 'inpainting' || processing === 'outpainting'

/**
 * The control map: the picture as it is where it is one already, otherwise what the annotator draws of it.
 *
 * @throws ImageError where the picture is damaged, UnsupportedError where the annotator is a network
 */
export async function controlMap({ type, image, resize, resolution, imageIsControl }: JobControl): Promise<Picture> {
  const decoded = await decode(image)
  const fitted = resize === undefined ? decoded : fitSource({ image: decoded, request: resize, source: resize })
  const { image: picture } = loadSource(fitted)
  if (imageIsControl || type === null) return picture
  return annotate(type, picture, resolution === undefined ? {} : { resolution })
}

function plannedPicture({ width, height, pixels }: Picture): PlannedPicture {
  return { width, height, sha256: sha256(pixels) }
}

function plannedMask({ width, height, data }: Mask): PlannedPicture {
  return { width, height, sha256: sha256(data) }
}

function decode({ origin, bytes }: SourceImage): Promise<Picture> {
  return decodeImage(bytes, { origin })
}
