/** An annotator that needs a network's weights. */
export interface NetworkAnnotator {
  /** Class of the node in comfyui_controlnet_aux. */
  node: string
  /** The weights, as `repository/file` on Hugging Face. */
  files: readonly string[]
}

const from = (node: string, ...files: readonly string[]): NetworkAnnotator => ({ node, files })
const annotators = (file: string) => `lllyasviel/Annotators/${file}`
const hough = from('M-LSDPreprocessor', annotators('mlsd_large_512_fp32.pth'))

/** The Horde's control types whose annotators are networks, with the files they need. None of them runs here yet. */
export const NETWORK_ANNOTATORS: Readonly<Record<string, NetworkAnnotator>> = {
  hed: from('HEDPreprocessor', annotators('ControlNetHED.pth')),
  fakescribbles: from('FakeScribblePreprocessor', annotators('ControlNetHED.pth')),
  depth: from('LeReS-DepthMapPreprocessor', annotators('res101.pth'), annotators('latest_net_G.pth')),
  midas_depth: from('MiDaS-DepthMapPreprocessor', 'Intel/dpt-hybrid-midas/pytorch_model.bin'),
  normal: from('MiDaS-NormalMapPreprocessor', 'Intel/dpt-hybrid-midas/pytorch_model.bin'),
  openpose: from(
    'OpenposePreprocessor',
    annotators('body_pose_model.pth'),
    annotators('hand_pose_model.pth'),
    annotators('facenet.pth'),
  ),
  seg: from('SemSegPreprocessor', annotators('upernet_global_small.pth')),
  hough,
  mlsd: hough,
  lineart: from('LineArtPreprocessor', annotators('sk_model.pth'), annotators('sk_model2.pth')),
  lineart_anime: from('AnimeLineArtPreprocessor', annotators('netG.pth')),
  lineart_anime_denoise: from('Manga2Anime_LineArt_Preprocessor', annotators('erika.pth')),
  pidinet: from('PiDiNetPreprocessor', annotators('table5_pidinet.pth')),
  scribble_pidinet: from('Scribble_PiDiNet_Preprocessor', annotators('table5_pidinet.pth')),
  teed: from('TEEDPreprocessor', 'bdsqlsz/qinglong_controlnet-lllite/Annotators/7_model.pth'),
  zoe_depth: from('Zoe-DepthMapPreprocessor', 'Intel/zoedepth-nyu-kitti/model.safetensors'),
  depth_anything: from('DepthAnythingPreprocessor', 'LiheYoung/depth-anything-large-hf/model.safetensors'),
  depth_anything_v2: from(
    'DepthAnythingV2Preprocessor',
    'depth-anything/Depth-Anything-V2-Large/depth_anything_v2_vitl.pth',
  ),
  normal_bae: from('BAE-NormalMapPreprocessor', annotators('scannet.pt')),
  oneformer_ade20k: from(
    'OneFormer-ADE20K-SemSegPreprocessor',
    'shi-labs/oneformer_ade20k_swin_large/pytorch_model.bin',
  ),
  oneformer_coco: from('OneFormer-COCO-SemSegPreprocessor', 'shi-labs/oneformer_coco_swin_large/pytorch_model.bin'),
}
