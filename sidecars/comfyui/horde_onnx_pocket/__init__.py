"""Lets ComfyUI draw horde-onnx's pocket model: copy or link this folder into ComfyUI's `custom_nodes`.

ComfyUI reads most sizes from a checkpoint, but knows the families by their official widths. The pocket model is Stable Diffusion 1.5,
only narrower: UNet 64 channels wide with levels of 64, 96, 128 and 128 and a context of 128, VAE 64 channels times 1, 1, 2, 2, and CLIP
128 wide with 4 layers of 2 heads and an MLP of 512. This registers those sizes; official checkpoints are read as before.
"""

import comfy.model_detection
import comfy.sd
import comfy.sd1_clip
import comfy.supported_models
import comfy.supported_models_base

NODE_CLASS_MAPPINGS = {}


class Times(float):
    """A multiple of channels that is no whole number: ComfyUI multiplies, and torch wants whole numbers of channels."""

    def __mul__(self, other):
        return int(round(float(self) * other))

    __rmul__ = __mul__


TEXT_CONFIG = {
    "hidden_act": "quick_gelu",
    "hidden_size": 128,
    "intermediate_size": 512,
    "num_attention_heads": 2,
    "num_hidden_layers": 4,
    "max_position_embeddings": 77,
    "layer_norm_eps": 1e-5,
    "eos_token_id": 49407,
    "projection_dim": 128,
    "vocab_size": 49408,
}

VAE_CONFIG = {
    "params": {
        "embed_dim": 4,
        "ddconfig": {
            "double_z": True,
            "z_channels": 4,
            "resolution": 256,
            "in_channels": 3,
            "out_ch": 3,
            "ch": 64,
            "ch_mult": [1, 1, 2, 2],
            "num_res_blocks": 2,
            "attn_resolutions": [],
            "dropout": 0.0,
        },
    }
}


class PocketClip(comfy.sd1_clip.SDClipModel):
    def __init__(self, device="cpu", dtype=None, model_options={}):
        super().__init__(
            device=device,
            dtype=dtype,
            textmodel_json_config=dict(TEXT_CONFIG),
            return_projected_pooled=False,
            model_options={**model_options, "model_name": "pocket"},
        )


class PocketClipModel(comfy.sd1_clip.SD1ClipModel):
    def __init__(self, device="cpu", dtype=None, model_options={}):
        super().__init__(device=device, dtype=dtype, clip_model=PocketClip, model_options=model_options)


class PocketClipTokens(comfy.sd1_clip.SDTokenizer):
    def __init__(self, embedding_directory=None, tokenizer_data={}):
        super().__init__(
            embedding_directory=embedding_directory, embedding_size=128, embedding_key="clip_l", tokenizer_data=tokenizer_data
        )


class PocketTokenizer(comfy.sd1_clip.SD1Tokenizer):
    def __init__(self, embedding_directory=None, tokenizer_data={}):
        super().__init__(embedding_directory=embedding_directory, tokenizer_data=tokenizer_data, tokenizer=PocketClipTokens)


class PocketSD15(comfy.supported_models.SD15):
    unet_config = {**comfy.supported_models.SD15.unet_config, "context_dim": 128, "model_channels": 64}

    def clip_target(self, state_dict={}):
        return comfy.supported_models_base.ClipTarget(PocketTokenizer, PocketClipModel)


def is_pocket(state_dict, prefix):
    def width(key):
        weight = state_dict.get(prefix + key)
        return None if weight is None else weight.shape[0]

    return width("input_blocks.0.0.weight") == 64 and width("input_blocks.4.0.out_layers.3.weight") == 96


detect_unet_config = comfy.model_detection.detect_unet_config


def detect_with_pocket(state_dict, key_prefix, metadata=None):
    config = detect_unet_config(state_dict, key_prefix, metadata=metadata)
    if config is not None and is_pocket(state_dict, key_prefix):
        config["channel_mult"] = [1, Times(1.5), 2, 2]
    return config


create_vae = comfy.sd.VAE.__init__


def create_vae_with_pocket(self, sd=None, device=None, config=None, **more):
    weight = None if sd is None else sd.get("encoder.conv_in.weight")
    if config is None and weight is not None and tuple(weight.shape) == (64, 3, 3, 3):
        config = VAE_CONFIG
    create_vae(self, sd=sd, device=device, config=config, **more)


comfy.model_detection.detect_unet_config = detect_with_pocket
comfy.sd.VAE.__init__ = create_vae_with_pocket
comfy.supported_models.models.insert(0, PocketSD15)
