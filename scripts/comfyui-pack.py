"""Computes a reference pack with ComfyUI: fills in tensors.safetensors and the pictures of cases that have a case.json.

    python comfyui-pack.py --comfyui ~/ComfyUI my-pack [--only "text-*"] [--sensitivity]

docs/parity.md describes a pack. ComfyUI is run as it is, on the CPU in fp32; what it cannot read by itself (checkpoints that are
narrower than the published ones, like the pocket model) is registered by the sizes of their tensors. Needs ComfyUI's own requirements.
"""
import argparse
import fnmatch
import json
import logging
import math
import os
import sys
from pathlib import Path

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--comfyui", required=True, help="folder of ComfyUI")
parser.add_argument("pack", type=Path)
parser.add_argument("--only", default="*", help="globs of cases, separated by commas")
parser.add_argument("--threads", type=int, default=2, help="threads of torch; group norms of the encoder depend on it")
parser.add_argument("--sensitivity", action="store_true", help="draw each case twice, to say how chaotic it is")
ARGS = parser.parse_args()

sys.argv = [sys.argv[0], "--cpu"]
sys.path.insert(0, ARGS.comfyui)
import comfy.options  # noqa: E402

comfy.options.enable_args_parsing()
import comfy.controlnet  # noqa: E402
import comfy.k_diffusion.sampling  # noqa: E402
import comfy.model_detection  # noqa: E402
import comfy.sample  # noqa: E402
import comfy.samplers  # noqa: E402
import comfy.sd  # noqa: E402
import comfy.supported_models as families  # noqa: E402
import comfy.utils  # noqa: E402
import nodes  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402
from comfy_extras.nodes_ip2p import InstructPixToPixConditioning  # noqa: E402
from PIL import Image  # noqa: E402
from safetensors.torch import save_file  # noqa: E402

torch.set_num_threads(ARGS.threads)
logging.getLogger().setLevel(logging.ERROR)
UNET = "model.diffusion_model."
VAE = "first_stage_model."


# --- checkpoints narrower than the published ones ------------------------------------------------------------------------


class Times(float):
    """A factor of the model's channels that need not be whole: ComfyUI multiplies channels by it."""

    def __mul__(self, channels):
        return round(float(self) * channels)

    __rmul__ = __mul__


def exact_multiples(detect):
    """Detection with the channels of each level as they are, instead of rounded down to multiples of the first."""

    def detected(sd, prefix, *more, **others):
        config = detect(sd, prefix, *more, **others)
        if not config or "channel_mult" not in config:
            return config
        levels, block = [0], 1
        while f"{prefix}input_blocks.{block}.0.op.weight" in sd or f"{prefix}input_blocks.{block}.0.out_layers.3.weight" in sd:
            conv = sd.get(f"{prefix}input_blocks.{block}.0.out_layers.3.weight")
            if conv is None:
                levels.append(0)
            else:
                levels[-1] = conv.shape[0]
            block += 1
        config["channel_mult"] = [Times(channels / config["model_channels"]) for channels in levels]
        return config

    return detected


comfy.model_detection.detect_unet_config = exact_multiples(comfy.model_detection.detect_unet_config)


def register(sd):
    """Adds a family with the sizes of this checkpoint, so that ComfyUI's own detection finds it."""
    found = comfy.model_detection.detect_unet_config(sd, UNET)
    keys = ["context_dim", "model_channels", "use_linear_in_transformer", "adm_in_channels", "use_temporal_attention"]
    sizes = {key: found.get(key) for key in keys}
    sizes["in_channels"] = found["in_channels"]
    clip_l = any(k.startswith("conditioner.embedders.0.transformer.") for k in sd)
    if found.get("adm_in_channels") is not None:
        base = families.SDXL if clip_l else families.SDXLRefiner
    elif found["in_channels"] == 8:
        base = families.SD15_instructpix2pix
    else:
        base = families.SD20 if found["use_linear_in_transformer"] else families.SD15
    families.models.insert(0, type("Sized" + base.__name__, (base,), {"unet_config": sizes}))


def text_configs(sd):
    """ComfyUI's `…_model_config` options: the sizes of each text encoder."""
    places = {
        "clip_l": ["cond_stage_model.transformer.text_model.", "conditioner.embedders.0.transformer.text_model."],
        "clip_h": ["cond_stage_model.model."],
        "clip_g": ["conditioner.embedders.0.model.", "conditioner.embedders.1.model."],
    }
    options = {}
    for name, prefixes in places.items():
        for prefix in prefixes:
            table = next((sd[prefix + k] for k in ("embeddings.token_embedding.weight", "token_embedding.weight") if prefix + k in sd), None)
            if table is None:
                continue
            layers = {k[len(prefix):].split("layers." if name == "clip_l" else "resblocks.")[1].split(".")[0] for k in sd if k.startswith(prefix) and (".layers." in k or ".resblocks." in k)}
            mlp = sd[prefix + ("encoder.layers.0.mlp.fc1.weight" if name == "clip_l" else "transformer.resblocks.0.mlp.c_fc.weight")]
            width = table.shape[1]
            options[f"{name}_model_config"] = {
                "hidden_size": width,
                "num_hidden_layers": len(layers),
                "num_attention_heads": math.ceil(width / 64),
                "intermediate_size": mlp.shape[0],
                "projection_dim": width,
            }
    return options


class SizedVAE(comfy.sd.VAE):
    """ComfyUI's VAE with the channels that the file has."""

    def __init__(self, sd=None, **more):
        convs = [k for k in sd if k.startswith("encoder.down.") and k.endswith("block.0.conv1.weight")]
        levels = sorted(convs, key=lambda k: int(k.split(".")[2]))
        channels = sd["encoder.conv_in.weight"].shape[0]
        dd = {
            "double_z": True, "z_channels": 4, "resolution": 256, "in_channels": 3, "out_ch": 3, "ch": channels,
            "ch_mult": [sd[k].shape[0] // channels for k in levels], "num_res_blocks": 2, "attn_resolutions": [], "dropout": 0.0,
        }
        super().__init__(sd=sd, config={"params": {"ddconfig": dd, "embed_dim": 4}}, **more)


comfy.sd.VAE = SizedVAE


def load_checkpoint(path, extra_keys, embeddings):
    sd = comfy.utils.load_torch_file(path)
    for key in extra_keys:
        sd[key] = torch.zeros(0)
    register(sd)
    widths = text_configs(sd)
    model, clip, vae, _ = comfy.sd.load_state_dict_guess_config(
        sd, embedding_directory=embeddings, model_options={"dtype": torch.float32}, te_model_options=widths
    )
    for name, config in widths.items():
        tokenizer = getattr(clip.tokenizer, name, None)
        if tokenizer is not None:
            tokenizer.embedding_size = config["hidden_size"]
    return model, clip, vae


# --- noise as a GPU draws it ---------------------------------------------------------------------------------------------


def philox_normal(seed, offset, count):
    """torch.randn on a CUDA device: Philox 4x32-10, one number for each thread (Salmon et al. 2011)."""
    counter = np.zeros((4, count), np.uint32)
    counter[0] = offset & 0xFFFFFFFF
    counter[2] = np.arange(count, dtype=np.uint32)
    key = [np.uint32(seed & 0xFFFFFFFF), np.uint32((seed >> 32) & 0xFFFFFFFF)]
    with np.errstate(over="ignore"):
        for _ in range(10):
            a = counter[0].astype(np.uint64) * np.uint64(0xD2511F53)
            b = counter[2].astype(np.uint64) * np.uint64(0xCD9E8D57)
            hi_a, lo_a = (a >> np.uint64(32)).astype(np.uint32), a.astype(np.uint32)
            hi_b, lo_b = (b >> np.uint64(32)).astype(np.uint32), b.astype(np.uint32)
            counter = np.stack([hi_b ^ counter[1] ^ key[0], lo_b, hi_a ^ counter[3] ^ key[1], lo_a])
            key = [np.uint32(key[0] + np.uint32(0x9E3779B9)), np.uint32(key[1] + np.uint32(0xBB67AE85))]
    u = counter[0].astype(np.float32) * np.float32(2**-32) + np.float32(2**-33)
    v = counter[1].astype(np.float32) * np.float32(2**-32 * 2 * math.pi) + np.float32(2**-33 * 2 * math.pi)
    return np.sqrt(np.float32(-2) * np.log(u)) * np.sin(v)


CPU_NOISE = comfy.k_diffusion.sampling.default_noise_sampler


def cuda_noise(x, seed=None):
    draws = iter(range(1 << 30))

    def draw(sigma, sigma_next):
        return torch.from_numpy(philox_normal(seed or 0, next(draws), x.numel()).astype(np.float32)).reshape(x.shape)

    return draw


# --- a case --------------------------------------------------------------------------------------------------------------


def picture(pack, name):
    return torch.from_numpy(np.array(Image.open(pack["images"] / name).convert("RGB")).astype(np.float32) / 255.0)[None]


def mask_of(pack, name):
    return torch.from_numpy(np.array(Image.open(pack["images"] / name).convert("RGB")).astype(np.float32)[:, :, 0] / 255.0)[None]


def find(pack, name):
    return str(next(folder / name for folder in pack["models"] if (folder / name).exists()))


def tile(model, vae, on):
    for network in (model.model.diffusion_model, vae.first_stage_model):
        for layer in network.modules():
            if isinstance(layer, torch.nn.Conv2d):
                layer.padding_mode = "circular" if on else "zeros"
                layer._reversed_padding_repeated_twice = torch.nn.modules.utils._reverse_repeat_tuple(layer.padding, 2)


def draw(pack, case, loaded, disturbed=False):
    payload = case["payload"]
    keep = {}
    model, clip, vae = loaded
    tile(model, vae, payload.get("tiling", False))
    for lora in payload.get("loras", []):
        file = comfy.utils.load_torch_file(find(pack, lora["name"] if "." in lora["name"] else lora["name"] + ".safetensors"), safe_load=True)
        model, clip = comfy.sd.load_lora_for_models(model, clip, file, lora["model"], lora["clip"])
    clip = clip.clone()
    clip_skip = payload.get("clip_skip", 1)
    clip.clip_layer(-clip_skip)
    prompt, _, negative = payload["prompt"].partition("###")
    conds = {}
    for name, text in (("cond", prompt), ("uncond", negative)):
        conds[name] = nodes.CLIPTextEncode().encode(clip, text)[0]
        keep[name] = conds[name][0][0]
        if conds[name][0][1].get("pooled_output") is not None:
            keep[name + "_pooled"] = conds[name][0][1]["pooled_output"]
    positive, negative = conds["cond"], conds["uncond"]

    comfy.k_diffusion.sampling.default_noise_sampler = CPU_NOISE if case.get("noise") == "cpu" else cuda_noise
    width, height = payload["width"], payload["height"]
    batch = payload.get("n_iter", 1)
    latent = {"samples": torch.zeros([batch, 4, height // 8, width // 8])}
    processing = payload.get("source_processing")
    inputs = model.model.model_config.unet_config["in_channels"]
    if case.get("controlnet"):
        control = comfy.controlnet.load_controlnet(find(pack, case["controlnet"]), model)
        strength = payload.get("control_strength", 1.0)
        positive, negative = nodes.ControlNetApplyAdvanced().apply_controlnet(
            positive, negative, control, picture(pack, payload["source_image"]), strength, 0.0, 1.0
        )
    elif processing is not None:
        pixels = picture(pack, payload["source_image"])
        mask = mask_of(pack, payload["source_mask"]) if "source_mask" in payload else None
        if inputs == 8:
            positive, negative, latent = InstructPixToPixConditioning.execute(positive=positive, negative=negative, vae=vae, pixels=pixels).result
        elif processing == "img2img":
            latent = nodes.VAEEncode().encode(vae, pixels)[0]
            keep["encoded"] = latent["samples"]
            if mask is not None:
                latent = nodes.SetLatentNoiseMask().set_mask(latent, mask)[0]
        else:
            latent = nodes.VAEEncodeForInpaint().encode(vae, pixels, mask, 6)[0]
            keep["encoded"] = latent["samples"]
            keep["noise_mask"] = latent["noise_mask"]
        if batch > 1:
            latent = nodes.RepeatLatentBatch().repeat(latent, batch)[0]

    def sample(latent, steps, scheduler, denoise, kept_steps):
        noise = comfy.sample.prepare_noise(latent["samples"], payload["seed"])
        if disturbed:
            noise = noise * (1 + 1e-6 * torch.sign(torch.randn(noise.shape, generator=torch.Generator().manual_seed(1))))

        def callback(step, denoised, x, total):
            if step in kept_steps:
                keep[f"step{step}.x"] = x.clone()
                keep[f"step{step}.denoised"] = denoised.clone()

        sampler = comfy.samplers.KSampler(model, steps, torch.device("cpu"), case["sampler"], scheduler, denoise)
        if kept_steps is not None and "sigmas" not in keep:
            keep["noise"], keep["sigmas"] = noise, sampler.sigmas.clone()
        samples = sampler.sample(
            noise, positive, negative, payload["cfg_scale"], latent_image=comfy.sample.fix_empty_latent_channels(model, latent["samples"]),
            denoise_mask=latent.get("noise_mask"), callback=callback, disable_pbar=True, seed=payload["seed"],
        )
        return {**latent, "samples": samples}

    with torch.no_grad():
        latent = sample(latent, payload["ddim_steps"], case["scheduler"], payload.get("denoising_strength", 1.0), case.get("keep_steps", []))
        if case.get("hires"):
            second = case["hires"]
            keep["first_pass"] = latent["samples"]
            latent = nodes.LatentUpscale().upscale(latent, "nearest-exact", second["width"], second["height"], "disabled")[0]
            positive, negative = conds["cond"], conds["uncond"]
            latent = sample(latent, second["steps"], "simple", second["denoise"], [])
        keep["latent"] = latent["samples"]
        images = torch.cat([nodes.VAEDecode().decode(vae, {"samples": latent["samples"][i : i + 1]})[0] for i in range(latent["samples"].shape[0])])
    return keep, images


def main():
    pack = json.loads((ARGS.pack / "pack.json").read_text())
    pack["models"] = [ARGS.pack / folder for folder in pack.get("models", ["models"])]
    pack["images"] = ARGS.pack / pack.get("images", "images")
    loaded = {}
    for folder in sorted((ARGS.pack / "cases").iterdir()):
        if not any(fnmatch.fnmatch(folder.name, glob) for glob in ARGS.only.split(",")):
            continue
        case = json.loads((folder / "case.json").read_text())
        name = case.get("checkpoint", "pocket-sd15.safetensors")
        key = (name, tuple(case.get("extra_keys", [])))
        if key not in loaded:
            loaded[key] = load_checkpoint(find(pack, name), key[1], [str(place) for place in pack["models"]])
        keep, images = draw(pack, case, loaded[key])
        if ARGS.sensitivity:
            other, _ = draw(pack, case, loaded[key], disturbed=True)
            case["sensitivity"] = float((other["latent"] - keep["latent"]).norm() / keep["latent"].norm())
            (folder / "case.json").write_text(json.dumps(case, indent=1) + "\n")
        save_file({k: v.detach().float().contiguous().cpu() for k, v in keep.items()}, str(folder / "tensors.safetensors"))
        for i, image in enumerate(images):
            Image.fromarray(np.clip(255.0 * image.cpu().numpy(), 0, 255).astype(np.uint8)).save(folder / f"{i}.png")
        print(folder.name, flush=True)


main()
