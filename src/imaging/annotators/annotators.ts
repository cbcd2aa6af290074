import { canny } from '../opencv/canny.js'
import type { Interpolation } from '../opencv/resize.js'
import type { Picture } from '../picture.js'
import { binary } from './binary.js'
import { color } from './color.js'
import { pyraCanny } from './pyracanny.js'
import { recolorIntensity, recolorLuminance } from './recolor.js'
import { scribble } from './scribble.js'
import { scribbleXdog } from './scribble-xdog.js'
import { shuffle } from './shuffle.js'
import { standardLineart } from './standard-lineart.js'
import { tile } from './tile.js'
import { tileTtplanetGuided, tileTtplanetSimple } from './tile-ttplanet.js'

/** A number that an annotator can be given, by its node's name and limits. The Horde leaves all of them at their defaults. */
export interface AnnotatorParameter {
  default: number
  min: number
  max: number
  whole: boolean
}

/** Values by name: those that were given and defaults for the rest. */
export type AnnotatorValues<Name extends string = string> = Readonly<Record<Name, number>>

export interface Annotator {
  /** Class of the node in comfyui_controlnet_aux that it stands for. */
  node: string
  parameters: Readonly<Record<string, AnnotatorParameter>>
  /** The picture is scaled to the resolution (enlarged by this) and padded first. Absent: the annotator does its own. */
  frame?: Interpolation
  run(picture: Picture, values: AnnotatorValues, resolution: number): Picture
}

/** Ties the names that `run` reads to the parameters that are declared. */
function annotator<Name extends string>(definition: {
  node: string
  parameters: Readonly<Record<Name, AnnotatorParameter>>
  frame?: Interpolation
  run(picture: Picture, values: AnnotatorValues<Name>, resolution: number): Picture
}): Annotator {
  return definition
}

const whole = (value: number, min: number, max: number): AnnotatorParameter => ({
  default: value,
  min,
  max,
  whole: true,
})
const real = (value: number, min: number, max: number): AnnotatorParameter => ({
  default: value,
  min,
  max,
  whole: false,
})

/** The annotators that need no network, by the Horde's control types; `color` and `shuffle` are none, but nodes all the same. */
export const ANNOTATORS: Readonly<Record<string, Annotator>> = {
  canny: annotator({
    node: 'CannyEdgePreprocessor',
    parameters: { low_threshold: whole(100, 0, 255), high_threshold: whole(200, 0, 255) },
    frame: 'cubic',
    run: (picture, values) => canny(picture, { low: values.low_threshold, high: values.high_threshold }),
  }),
  pyracanny: annotator({
    node: 'PyraCannyPreprocessor',
    parameters: { low_threshold: whole(64, 0, 255), high_threshold: whole(128, 0, 255) },
    frame: 'cubic',
    run: (picture, values) => pyraCanny(picture, { low: values.low_threshold, high: values.high_threshold }),
  }),
  binary: annotator({
    node: 'BinaryPreprocessor',
    parameters: { bin_threshold: whole(100, 0, 255) },
    frame: 'cubic',
    run: (picture, values) => binary(picture, { threshold: values.bin_threshold }),
  }),
  scribble: annotator({ node: 'ScribblePreprocessor', parameters: {}, frame: 'area', run: scribble }),
  scribble_xdog: annotator({
    node: 'Scribble_XDoG_Preprocessor',
    parameters: { threshold: whole(32, 1, 64) },
    frame: 'cubic',
    run: scribbleXdog,
  }),
  standard_lineart: annotator({
    node: 'LineartStandardPreprocessor',
    parameters: { guassian_sigma: real(6, 0.1, 100), intensity_threshold: whole(8, 0, 16) },
    frame: 'cubic',
    run: (picture, values) =>
      standardLineart(picture, { sigma: values.guassian_sigma, intensityThreshold: values.intensity_threshold }),
  }),
  recolor_luminance: annotator({
    node: 'ImageLuminanceDetector',
    parameters: { gamma_correction: real(1, 0.1, 2) },
    frame: 'cubic',
    run: (picture, values) => recolorLuminance(picture, { gamma: values.gamma_correction }),
  }),
  recolor_intensity: annotator({
    node: 'ImageIntensityDetector',
    parameters: { gamma_correction: real(1, 0.1, 2) },
    frame: 'cubic',
    run: (picture, values) => recolorIntensity(picture, { gamma: values.gamma_correction }),
  }),
  tile: annotator({
    node: 'TilePreprocessor',
    parameters: { pyrUp_iters: whole(3, 1, 10) },
    run: (picture, values) => tile(picture, { iterations: values.pyrUp_iters }),
  }),
  tile_ttplanet_guided: annotator({
    node: 'TTPlanet_TileGF_Preprocessor',
    parameters: {
      scale_factor: real(1, 1, 8),
      blur_strength: real(2, 1, 10),
      radius: whole(7, 1, 20),
      eps: real(0.01, 0.001, 0.1),
    },
    run: (picture, { scale_factor, blur_strength, radius, eps }) =>
      tileTtplanetGuided(picture, { scale: scale_factor, blur: blur_strength, radius, eps }),
  }),
  tile_ttplanet_simple: annotator({
    node: 'TTPlanet_TileSimple_Preprocessor',
    parameters: { scale_factor: real(1, 1, 8), blur_strength: real(2, 1, 10) },
    run: (picture, { scale_factor, blur_strength }) =>
      tileTtplanetSimple(picture, { scale: scale_factor, blur: blur_strength }),
  }),
  color: annotator({
    node: 'ColorPreprocessor',
    parameters: {},
    run: (picture, _, resolution) => color(picture, { resolution }),
  }),
  shuffle: annotator({
    node: 'ShufflePreprocessor',
    // The node's default, 0, means "another one every time": no answer that a second run could give again.
    parameters: { seed: whole(1, 1, Number.MAX_SAFE_INTEGER) },
    frame: 'cubic',
    run: shuffle,
  }),
}
