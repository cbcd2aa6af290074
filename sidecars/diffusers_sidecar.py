"""Draws the Horde's payloads with diffusers on PyTorch.

    pip install torch diffusers transformers accelerate
    horde-onnx replay --backend "sidecar:python sidecars/diffusers_sidecar.py --model Deliberate=deliberate.safetensors"

Text to image with Stable Diffusion 1, 2 and XL checkpoints. The first noise is torch's CPU generator over the whole batch, as
ComfyUI draws it; the per-step noise of ancestral samplers is diffusers' own. What it does not know is `unsupported`.
"""

import argparse
import io
import platform

import diffusers
import torch

from horde_onnx_sidecar import Unsupported, serve

#: Samplers of the Horde by diffusers' schedulers, with what makes them the same algorithm.
SAMPLERS = {
    "k_euler": ("EulerDiscreteScheduler", {}),
    "k_euler_a": ("EulerAncestralDiscreteScheduler", {}),
    "k_heun": ("HeunDiscreteScheduler", {}),
    "k_dpm_2": ("KDPM2DiscreteScheduler", {}),
    "k_dpm_2_a": ("KDPM2AncestralDiscreteScheduler", {}),
    "k_lms": ("LMSDiscreteScheduler", {}),
    "k_dpmpp_2m": ("DPMSolverMultistepScheduler", {"algorithm_type": "dpmsolver++", "solver_order": 2}),
    "ddim": ("DDIMScheduler", {}),
}

#: Those whose scheduler can follow Karras' sigmas.
KARRAS = {"k_euler", "k_heun", "k_dpm_2", "k_dpm_2_a", "k_lms", "k_dpmpp_2m"}

BETAS = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "num_train_timesteps": 1000}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", action="append", default=[], metavar="NAME=FILE", help="checkpoint by the Horde's name")
    parser.add_argument("--config", metavar="DIR", help="folder with the configuration of the pipeline, where there is no network")
    parser.add_argument("--xl", action="store_true", help="the checkpoints are SDXL")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--dtype", default=None, choices=["fp32", "fp16"], help="default: fp16 on a GPU, else fp32")
    parser.add_argument("--threads", type=int, default=None)
    return parser.parse_args()


ARGS = arguments()
DTYPE = ARGS.dtype or ("fp16" if ARGS.device.startswith("cuda") else "fp32")
if ARGS.threads:
    torch.set_num_threads(ARGS.threads)
FILES = dict(entry.split("=", 1) for entry in ARGS.model)
PIPELINES = {}


def pipeline(name):
    if name not in PIPELINES:
        if name not in FILES:
            raise Unsupported(f"no checkpoint is named {name}: add --model {name}=FILE")
        kind = diffusers.StableDiffusionXLPipeline if ARGS.xl else diffusers.StableDiffusionPipeline
        loaded = kind.from_single_file(
            FILES[name],
            torch_dtype=torch.float16 if DTYPE == "fp16" else torch.float32,
            **({"config": ARGS.config, "local_files_only": True} if ARGS.config else {}),
            **({} if ARGS.xl else {"safety_checker": None, "requires_safety_checker": False}),
        )
        loaded.set_progress_bar_config(disable=True)
        PIPELINES[name] = loaded.to(ARGS.device)
    return PIPELINES[name]


def refuse(payload):
    for field in ("source_image", "control_type", "hires_fix", "tiling", "transparent"):
        if payload.get(field):
            raise Unsupported(f"this sidecar does not do {field}")
    for field in ("loras", "tis", "post_processing"):
        if payload.get(field):
            raise Unsupported(f"this sidecar does not do {field}")
    if payload.get("workflow") not in (None, "", "auto_detect"):
        raise Unsupported("this sidecar does not do workflows")


def generate(payload, step, phases):
    refuse(payload)
    sampler = payload.get("sampler_name", "k_euler").lower()
    if sampler not in SAMPLERS:
        raise Unsupported(f"this sidecar does not know the sampler {sampler}")
    karras = bool(payload.get("karras"))
    if karras and sampler not in KARRAS:
        raise Unsupported(f"this sidecar has no Karras schedule for {sampler}")

    pipe = pipeline(payload["model"])
    name, settings = SAMPLERS[sampler]
    if sampler in KARRAS:
        settings = {**settings, "use_karras_sigmas": karras}
    if sampler == "ddim":
        settings = {**settings, "clip_sample": False, "set_alpha_to_one": False, "steps_offset": 1}
    else:
        settings = {**settings, "timestep_spacing": "linspace"}
    pipe.scheduler = getattr(diffusers, name)(**BETAS, **settings)
    phases.mark("load")

    prompt, _, negative = payload.get("prompt", "").partition("###")
    steps = int(payload.get("ddim_steps", 30))
    batch = int(payload.get("n_iter", 1))
    width, height = int(payload.get("width", 512)), int(payload.get("height", 512))
    # ComfyUI's noise: one draw of the whole batch on the CPU.
    noise = torch.randn(
        (batch, 4, height // 8, width // 8),
        generator=torch.manual_seed(int(payload.get("seed", 0)) & (2**64 - 1)),
    )

    # The first step's time holds the encoding of the prompts: diffusers does not tell them apart.
    def on_step(_pipe, index, _timestep, tensors):
        phases.step()
        step(index + 1, steps)
        return tensors

    latents = pipe(
        prompt=[prompt] * batch,
        negative_prompt=[negative] * batch,
        num_inference_steps=steps,
        guidance_scale=float(payload.get("cfg_scale", 8)),
        width=width,
        height=height,
        latents=noise.to(ARGS.device, pipe.unet.dtype),
        clip_skip=max(0, int(payload.get("clip_skip", 1)) - 1) or None,
        generator=torch.Generator(ARGS.device).manual_seed(int(payload.get("seed", 0)) & (2**64 - 1)),
        callback_on_step_end=on_step,
        output_type="latent",
    ).images
    phases.lap()
    with torch.no_grad():
        decoded = pipe.vae.decode(latents / pipe.vae.config.scaling_factor, return_dict=False)[0]
    images = pipe.image_processor.postprocess(decoded, output_type="pil")
    phases.mark("decode")
    files = []
    for image in images:
        buffer = io.BytesIO()
        image.save(buffer, format="PNG")
        files.append(buffer.getvalue())
    phases.mark("output")
    return files


serve(
    {
        "name": "diffusers",
        "version": diffusers.__version__,
        "can": ["txt2img", "batch"],
        "samplers": sorted(SAMPLERS),
        "environment": {
            "provider": ARGS.device,
            "device": torch.cuda.get_device_name() if ARGS.device.startswith("cuda") else platform.processor() or "cpu",
            "dtype": DTYPE,
            "runtime": f"torch{torch.__version__}",
            "threads": torch.get_num_threads(),
        },
    },
    generate,
)
