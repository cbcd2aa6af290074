import { UnsupportedError, UsageError } from '../../errors.js'
import { type Picture, toRgb } from '../picture.js'
import { ANNOTATORS, type Annotator, type AnnotatorValues } from './annotators.js'
import { DEFAULT_RESOLUTION, frame, LEAST_RESOLUTION, overWhite } from './frame.js'
import { NETWORK_ANNOTATORS } from './networks.js'

export interface AnnotateOptions {
  /**
   * Length of the map's shorter side in pixels: the Horde gives the shorter side of the request. What is no whole number of at
   * least 64 becomes 512. The tile annotators keep the picture's own size.
   * @default 512
   */
  resolution?: number
  /** The annotator's own parameters by their names, see {@link ANNOTATORS}. */
  parameters?: Readonly<Record<string, number>>
}

/**
 * The control map of a picture, in RGB, as comfyui_controlnet_aux 1.1.5 on OpenCV 4 draws it for the Horde's control type.
 *
 * @throws UnsupportedError for the types whose annotator is a network
 * @throws UsageError for unknown types and parameters and for values beyond their limits
 */
export function annotate(type: string, image: Picture, options: AnnotateOptions = {}): Picture {
  const { resolution = DEFAULT_RESOLUTION, parameters = {} } = options
  const annotator = find(type)
  const values = checked(type, annotator, parameters)
  const side = Number.isInteger(resolution) && resolution >= LEAST_RESOLUTION ? resolution : DEFAULT_RESOLUTION
  const picture = overWhite(image)
  if (annotator.frame === undefined) return toRgb(annotator.run(picture, values, side))
  const framed = frame(picture, { resolution: side, enlarge: annotator.frame })
  return toRgb(framed.cut(annotator.run(framed.picture, values, side)))
}

function find(type: string): Annotator {
  const annotator = own(ANNOTATORS, type)
  if (annotator !== undefined) return annotator
  const network = own(NETWORK_ANNOTATORS, type)
  if (network !== undefined) {
    throw new UnsupportedError(
      `the annotator of control type "${type}" is a network (${network.node}, ${network.files.join(', ')}), which cannot run here yet`,
      { hint: 'make the control map elsewhere and send it with image_is_control: true' },
    )
  }
  throw new UsageError(`unknown control type "${type}"`, { hint: `known are ${Object.keys(ANNOTATORS).join(', ')}` })
}

function checked(type: string, { parameters }: Annotator, given: Readonly<Record<string, number>>): AnnotatorValues {
  for (const [name, value] of Object.entries(given)) {
    const parameter = own(parameters, name)
    if (parameter === undefined) {
      const known = Object.keys(parameters).join(', ')
      throw new UsageError(`the annotator "${type}" has no parameter "${name}"`, { hint: `it has ${known || 'none'}` })
    }
    const { min, max, whole } = parameter
    if (!(value >= min && value <= max) || (whole && !Number.isInteger(value))) {
      const kind = whole ? 'a whole number' : 'a number'
      throw new UsageError(
        `expected ${kind} between ${min} and ${max} for "${name}" of the annotator "${type}", got ${value}`,
      )
    }
  }
  const defaults = Object.entries(parameters).map(([name, parameter]) => [name, parameter.default] as const)
  return { ...Object.fromEntries(defaults), ...given }
}

/** Names come from payloads: nothing that every object inherits is a control type. */
function own<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined
}
